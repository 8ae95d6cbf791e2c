"""What a run that was logged elsewhere becomes here: pure, from the tracker's records to the values of our rows.

Nothing of it is trusted: texts are cut to their columns, times and steps to what they can be, numbers that are not
finite become None. What was left out is said in ``Content.remark``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args

from experiments.learning.recommenders.base import ModelType
from experiments.models import JobStatus
from experiments.tracking.reader import FoundRun, Source

STATUSES = {
    "RUNNING": JobStatus.RUNNING,
    "SCHEDULED": JobStatus.QUEUED,
    "FINISHED": JobStatus.COMPLETED,
    "FAILED": JobStatus.FAILED,
    "KILLED": JobStatus.CANCELLED,
}
FAILED = "Reported as failed by MLflow"
NAME_LENGTH, TAG_LENGTH, KEY_LENGTH = 200, 200, 250
MAX_TAGS, MAX_METRICS, MAX_PARAMETERS = 100, 1000, 1000
HEADLINE_METRICS = 20
"""How many figures stand in the run's own row, for lists that show no chosen columns."""
SEED_NAMES = ("seed", "random_seed", "random_state")
MAX_SEED = 2**31 - 1
NOTE_TAG = "mlflow.note.content"
NAME_TAG = "mlflow.runName"
_FLAGS = frozenset({"", "1", "true", "yes"})
_LOWER_IS_BETTER = re.compile(
    r"(^|[^a-z])(loss|error|err|rmse|mae|mse|mape|smape|logloss|perplexity|duration|seconds|time)($|[^a-z])"
)


@dataclass(frozen=True)
class Content:
    """Values of the run's own row and of the rows of its parameters and last figures."""

    name: str
    note: str
    labels: tuple[str, ...]
    status: JobStatus
    failure_reason: str
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    model_type: str
    seed: int
    person: str
    parameters: dict[str, str]
    figures: dict[str, float | None]
    tags: dict[str, str]
    """As the tracker has them, and its name of the run among them."""
    remarks: tuple[str, ...]

    @property
    def is_terminal(self) -> bool:
        return self.status.is_terminal

    @property
    def headline(self) -> dict[str, dict[str, float | None]]:
        return {"logged": dict(list(self.figures.items())[:HEADLINE_METRICS])} if self.figures else {}


def content_of(run: FoundRun) -> Content:
    """The values of one run."""
    status = STATUSES.get(run.status, JobStatus.RUNNING)
    name = (clean(run.name).strip() or run.external_id)[:NAME_LENGTH]
    tags = _texts(run.tags) | {NAME_TAG: name}
    started_at = moment(run.started_at)
    parameters = dict(sorted(_texts(run.params).items())[:MAX_PARAMETERS])
    figures, remarks = _figures(run)
    if len(run.params) > MAX_PARAMETERS:
        remarks.append(f"{MAX_PARAMETERS:,} of {len(run.params):,} parameters are read.")
    if run.status not in STATUSES:
        remarks.append(f"Its status in MLflow is {clean(run.status) or 'empty'!r}, which is not known here.")
    return Content(
        name=name,
        note=tags.get(NOTE_TAG, ""),
        labels=labels(tags),
        status=status,
        failure_reason=FAILED if status is JobStatus.FAILED else "",
        started_at=started_at if status is not JobStatus.QUEUED else None,
        finished_at=_end(run, started_at) if status.is_terminal else None,
        model_type=_model_type(tags),
        seed=_seed(parameters),
        person=clean(run.person)[:KEY_LENGTH],
        parameters=parameters,
        figures=figures,
        tags=tags,
        remarks=tuple(remarks),
    )


def fingerprint(run: FoundRun, source: Source) -> str:
    """Equal for what a search shows equally, 60 hexadecimal digits: a run with the same one need not be read again."""
    told = json.dumps([asdict(source), asdict(run)], sort_keys=True, default=str)
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:60]


def labels(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Tags as people see them here: "key=value", or the key alone where the value only says yes. MLflow's own are
    left out."""
    shown = (
        key if value.strip().lower() in _FLAGS else f"{key}={value}"
        for key, value in sorted(tags.items())
        if key and not key.startswith("mlflow.")
    )
    return tuple(dict.fromkeys(text.strip()[:TAG_LENGTH] for text in shown))[:MAX_TAGS]


def lower_is_better(name: str) -> bool:
    """Judged by its name alone, as nobody says: losses, errors and times are better when lower."""
    return bool(_LOWER_IS_BETTER.search(name.lower()))


def moment(milliseconds: int | None) -> dt.datetime | None:
    """A time in UTC; None where there is none, or none that a calendar has."""
    if milliseconds is None or milliseconds <= 0:
        return None
    try:
        return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return None


def clean(text: str) -> str:
    """Text that PostgreSQL can keep: no NUL, no half of a surrogate pair."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _texts(pairs: Mapping[str, str]) -> dict[str, str]:
    return {clean(key)[:KEY_LENGTH]: clean(value) for key, value in pairs.items()}


def _figures(run: FoundRun) -> tuple[dict[str, float | None], list[str]]:
    """The last value of each metric, None where it is not finite; and what there is to say about it."""
    remarks = []
    names = sorted(run.metrics, key=by_importance)[:MAX_METRICS]
    figures = {clean(name)[:KEY_LENGTH]: finite(run.metrics[name].value) for name in names}
    undefined = [name for name, value in figures.items() if value is None]
    if undefined:
        remarks.append(f"Not a finite number at the end: {_some(undefined)}.")
    if len(run.metrics) > MAX_METRICS:
        remarks.append(f"{MAX_METRICS:,} of {len(run.metrics):,} metrics are read.")
    return figures, remarks


def by_importance(name: str) -> tuple[bool, str]:
    """MLflow's own measurements of the machine come last."""
    return name.startswith("system/"), name


def finite(value: float) -> float | None:
    """The value, or None for NaN and infinity; MLflow keeps infinity as the largest float there is."""
    return value if math.isfinite(value) and abs(value) < sys.float_info.max else None


def _some(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return ", ".join(found[:5]) + more


def _end(run: FoundRun, started_at: dt.datetime | None) -> dt.datetime:
    """When it ended: as MLflow says, else with its newest point, else when it started; never before its start."""
    newest = max((value.at for value in run.metrics.values()), default=None)
    ended = moment(run.ended_at) or moment(newest) or started_at or dt.datetime.fromtimestamp(0, dt.UTC)
    return max(ended, started_at) if started_at else ended


def _model_type(tags: Mapping[str, str]) -> str:
    given = tags.get("model_type", "").strip().lower()
    return given if given in get_args(ModelType) else ""


def _seed(parameters: Mapping[str, Any]) -> int:
    """The seed among its parameters; 0 where there is none, which no page shows."""
    for name in SEED_NAMES:
        given = str(parameters.get(name, "")).strip()
        if given.isdecimal() and len(given) < 11 and int(given) <= MAX_SEED:
            return int(given)
    return 0
