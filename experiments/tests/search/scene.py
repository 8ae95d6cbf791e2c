"""A small history with every kind of run, and what a query means on it told by plain Python: the oracle."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from experiments.models import Experiment, MetricValue
from experiments.query import And, Comparison, Expression, Not, Nullness, Or, Words
from experiments.query.attributes import ATTRIBUTES
from experiments.query.nodes import Ago, Day, RecentDay
from experiments.services.searchable import write_parameters
from experiments.tests.factories import make_dataset, make_experiment
from mlopspro.accounts.models import User, Workspace

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
NAMES = (
    "Hybrid one",
    "hybrid_two",
    "100% popular",
    "a\\b 'quoted' \"name\"",
    "Ünïcode ∑ run",
    "ials",
    "zz",
    "Hybrid 3",
)
TAGS = (["nightly"], ["nightly", "team=x"], ["team=Blue", "100%"], [], ["a'b"], ["team=x", "zz"])
STATUSES = ("completed", "failed", "queued", "running", "cancelled")
HEADLINES = {"f1_score": ("rated", "f1_at_10"), "rmse": ("pointwise", "rmse"), "val loss": ("logged", "val loss")}


@dataclass
class Told:
    """What Python knows of a run."""

    pk: uuid.UUID
    attributes: dict[str, Any]
    tags: list[str]
    metrics: dict[tuple[str, str], float]
    parameters: dict[str, Any]
    people: tuple[str, str] = ("", "")
    row: Experiment | None = field(default=None, repr=False)


def fill(workspace: Workspace) -> list[Told]:
    """24 runs: with and without metrics, with numbers, text and nothing as parameters, ended or not."""
    datasets = [make_dataset(workspace, name=name) for name in ("MovieLens 100k", "Bücher", "100%")]
    people = [User.objects.create(email=f"{name}@example.org", name=name.title()) for name in ("ada", "bob")]
    return [_run(workspace, number, datasets, people) for number in range(24)]


def _run(workspace: Workspace, number: int, datasets: list[Any], people: list[User]) -> Told:
    status = STATUSES[number % len(STATUSES)]
    started = NOW - dt.timedelta(days=number, hours=number) if number % 3 else None
    ended = status in ("completed", "failed", "cancelled")
    finished = (started or NOW) + dt.timedelta(seconds=10 * (number % 7) + 0.5) if ended else None
    logged = number % 8 == 7
    person = people[number % 2] if number % 5 else None
    parameters = _parameters(number)
    run = make_experiment(
        workspace,
        name=NAMES[number % len(NAMES)],
        status=status,
        failure_reason="it broke" if status == "failed" else "",
        created_at=NOW - dt.timedelta(days=number // 2, minutes=number),
        started_at=started,
        finished_at=finished,
        tags=TAGS[number % len(TAGS)],
        dataset=datasets[number % 3],
        architecture=("als", "hybrid", "")[number % 3],
        model_type=("hybrid", "baseline")[number % 2],
        run_type="eval" if number == 4 else "train",
        origin="mlflow" if logged else "here",
        created_by=person,
        notes="a note" if number % 4 == 0 else "",
        seed=number % 3,
        best_epoch=number if number % 4 else None,
        parameters=parameters,
    )
    if logged and number == 7:
        Experiment.objects.filter(pk=run.pk).update(dataset=None)
        run.dataset = None
    write_parameters(run)
    metrics = _metrics(number)
    for (protocol, name), value in metrics.items():
        MetricValue.objects.create(workspace=workspace, experiment=run, protocol=protocol, name=name, value=value)
    MetricValue.objects.create(
        workspace=workspace, experiment=run, protocol="rated", name="f1_at_10", segment="new_users", value=0.99
    )
    apart = ("duration", "dataset", "created_by", "recipe")
    attributes = {name: getattr(run, name) for name in ATTRIBUTES if name not in apart}
    attributes |= {
        "id": str(run.pk),
        "duration": finished - started if finished and started else None,
        "dataset": run.dataset.name if run.dataset else None,
        "created_by": person.name if person else None,
        "recipe": None,  # test_recipes_and_families.py
    }
    attributes = {name: None if value == "" else value for name, value in attributes.items()}
    shown = {name: value for name, value in metrics.items() if value is not None and value == value}
    return Told(
        run.pk, attributes, list(run.tags), shown, parameters, (person.email, person.name) if person else (), run
    )


def _metrics(number: int) -> dict[tuple[str, str], float | None]:
    found: dict[tuple[str, str], float | None] = {}
    if number % 4 != 3:
        found["rated", "f1_at_10"] = round((number * 7 % 11) / 10, 1)
        found["catalogue", "f1_at_10"] = number / 100
    if number % 5 != 4:
        found["pointwise", "rmse"] = (None, 0.9, float("nan"), 1.1, 0.9, float("inf"))[number % 6]
    if number % 6 == 1:
        found["logged", "val loss"] = -number / 3
    return found


def _parameters(number: int) -> dict[str, Any]:
    rate = (0.001, 0.01, "auto", None)[number % 4]
    found: dict[str, Any] = {"epochs": number % 5, "optimizer": ("adam", "SGD")[number % 2], "odd name": "50% off"}
    return found if rate is None else {**found, "learning_rate": rate}


# --- What a query means ------------------------------------------------------------------------------------------
def holds(node: Expression, run: Told) -> bool:
    match node:
        case And(parts):
            return all(holds(part, run) for part in parts)
        case Or(parts):
            return any(holds(part, run) for part in parts)
        case Not(part):
            return not holds(part, run)
        case Words(text):
            return text.lower() in run.attributes["name"].lower()
        case Nullness(about, missing):
            return (not _values(about, run)) == missing
        case Comparison(about, operator, values):
            return _compared(about, operator, values, run)
    raise TypeError(node)


NEGATED = {"!=": "=", "!~": "~", "not like": "like", "not ilike": "ilike", "not in": "in"}


def _values(about: Any, run: Told) -> list[Any]:
    if about.kind == "metric":
        key = (about.protocol, about.name) if about.protocol else HEADLINES[about.name]
        found = run.metrics.get(key)
    elif about.kind == "parameter":
        found = run.parameters.get(about.name)
    elif about.kind == "tag":
        prefix = f"{about.name}=" if about.name else ""
        return [tag.removeprefix(prefix) for tag in run.tags if tag.startswith(prefix)]
    elif about.name == "created_by":
        return list(run.people)
    else:
        found = run.attributes[about.name]
    return [] if found is None else [found]


def _compared(about: Any, operator: str, values: tuple[Any, ...], run: Told) -> bool:
    has = _values(about, run)
    if operator in NEGATED:
        positive = _compared(about, NEGATED[operator], values, run)
        return not positive and (about.kind == "tag" or bool(has))
    return any(_one(about, operator, mine, value) for mine, value in itertools.product(has, values))


def _one(about: Any, operator: str, mine: Any, value: Any) -> bool:
    if isinstance(value, Day | RecentDay | Ago | dt.datetime):
        return _moment(operator, mine, value)
    if isinstance(value, dt.timedelta):
        return (
            value <= mine < value + dt.timedelta(seconds=1)
            if operator in ("=", "in")
            else _sized(operator, mine, value)
        )
    if isinstance(value, float):
        return isinstance(mine, int | float) and _sized(operator, mine, value)
    text = str(mine)
    if about.kind == "attribute" and about.name == "created_by" and operator in ("=", "in"):
        return text.lower() == value.lower()
    if operator in ("=", "in"):
        return text == value
    if operator == "~":
        return value.lower() in text.lower()
    pattern = "".join({"%": ".*", "_": "."}.get(one, re.escape(one)) for one in value)
    flags = re.DOTALL | (re.IGNORECASE if operator == "ilike" else 0)
    return re.fullmatch(pattern, text, flags) is not None


def _moment(operator: str, mine: dt.datetime, value: Any) -> bool:
    if isinstance(value, RecentDay):
        value = Day(NOW.date() - dt.timedelta(days=value.back))
    if isinstance(value, Day):
        mine_day = mine.date()
        return mine_day == value.day if operator in ("=", "in") else _sized(operator, mine_day, value.day)
    moment = NOW - value.back if isinstance(value, Ago) else value.replace(tzinfo=dt.UTC)
    return _sized(operator, mine, moment)


def _sized(operator: str, mine: Any, value: Any) -> bool:
    return {
        "=": mine == value,
        "in": mine == value,
        ">": mine > value,
        ">=": mine >= value,
        "<": mine < value,
        "<=": mine <= value,
    }[operator]
