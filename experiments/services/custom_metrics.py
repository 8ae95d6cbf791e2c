"""Defining, changing and archiving metrics of one's own. Their values are made by ``custom_values``."""

from __future__ import annotations

import re
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field, field_validator

from experiments.jobs import queue
from experiments.jobs.kinds import CUSTOM_METRICS
from experiments.learning.custom_metrics import STANDARD, ExpressionError, compile_expression
from experiments.learning.custom_metrics.aggregates import AGGREGATES
from experiments.learning.custom_metrics.functions import FUNCTIONS
from experiments.learning.custom_metrics.lexer import KEYWORDS, MAX_LENGTH
from experiments.metric_words import LABELS
from experiments.models import CustomMetric, MetricValue
from experiments.services.spec import Problem, Refused, TooMany
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.services import audit

PROTOCOL = "custom"
MOST_METRICS = 100
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
NAME_HELP = "1 to 60 small letters, digits and underscores, beginning with a letter"

_BUILT_IN = frozenset(
    {name for names in (*STANDARD.per_user.values(), *STANDARD.metrics.values()) for name in names}
    | {*STANDARD.per_user, *STANDARD.segments, *LABELS, *AGGREGATES, *FUNCTIONS, *KEYWORDS}
    | {"metrics", "params", "custom", "logged", "f1_score"}
)


class MetricChanges(BaseModel):
    """What may change of a metric; a field that is left out stays. The name stays: filters and views speak of it."""

    model_config = ConfigDict(extra="forbid")

    label: str | None = Field(None, min_length=1, max_length=100, description="How pages call it.")
    description: str | None = Field(None, max_length=2000, description="What it is for.")
    expression: str | None = Field(
        None, min_length=1, max_length=MAX_LENGTH, description="See docs/how-to/custom-metrics.md."
    )
    higher_is_better: bool | None = Field(None, description="Whether a larger value is the better one.")

    @field_validator("label", "description", "expression")
    @classmethod
    def plain_text(cls, value: str | None) -> str | None:
        if value is not None and any((ord(char) < 32 and char not in "\n\t\r") or ord(char) == 127 for char in value):
            raise ValueError("contains control characters; plain text is accepted")
        return value.strip() if value is not None else None


class MetricSpec(MetricChanges):
    """A new metric as asked for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "ndcg_of_active_users",
                    "label": "NDCG of active users",
                    "expression": "mean(catalogue.ndcg_at_10 where relevant >= 5)",
                }
            ]
        },
    )

    name: str = Field(max_length=60, description=f"As in filters, metrics.custom.NAME: {NAME_HELP}.")
    label: str = Field("", max_length=100, description="How pages call it; the name where empty.")
    description: str = Field("", max_length=2000, description="What it is for.")
    expression: str = Field(min_length=1, max_length=MAX_LENGTH, description="See docs/how-to/custom-metrics.md.")
    higher_is_better: bool = Field(True, description="Whether a larger value is the better one.")

    @field_validator("name")
    @classmethod
    def a_name_of_its_own(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not accepted; accepted: {NAME_HELP}")
        if name in _BUILT_IN:
            raise ValueError(f"{name} is the name of something built in; choose another one")
        return name


def create(*, workspace: Workspace, actor: User | None, spec: MetricSpec) -> CustomMetric:
    """Defines a metric and rings for a worker to compute it for the runs there are.

    Raises Refused: the expression is wrong, the name is taken, or there are MOST_METRICS already (TooMany).
    """
    check_expression(spec.expression)
    _check_room(workspace)
    try:
        with transaction.atomic():
            metric = CustomMetric.objects.create(
                workspace=workspace,
                created_by=actor,
                name=spec.name,
                label=spec.label or spec.name.replace("_", " ").capitalize(),
                description=spec.description,
                expression=spec.expression,
                higher_is_better=spec.higher_is_better,
            )
            audit.record(
                action="define_metric", actor=actor, workspace=workspace, obj=metric, after=spec.model_dump(mode="json")
            )
            queue.ring_on_commit(CUSTOM_METRICS)
    except IntegrityError as error:
        raise Refused([Problem("name", _taken(workspace, spec.name))]) from error
    return metric


def edit(metric: CustomMetric, actor: User | None, changes: MetricChanges) -> CustomMetric:
    """Changes what is given. A new expression is a new version: its old values go, new ones are computed.

    Raises Refused where the expression is wrong, or the metric is archived.
    """
    given = {name: value for name, value in changes.model_dump(exclude_unset=True).items() if value is not None}
    if "expression" in given:
        check_expression(given["expression"])
    with transaction.atomic():
        locked = _locked(metric)
        if locked.archived_at is not None:
            raise Refused([Problem("name", f"{locked.label} is archived; bring it back before changing it")])
        before, after = audit.changes({name: getattr(locked, name) for name in given}, given)
        if not after:
            return locked
        for name, value in after.items():
            setattr(locked, name, value)
        if "expression" in after:
            locked.version += 1
            _values(locked).delete()
            queue.ring_on_commit(CUSTOM_METRICS)
        elif "higher_is_better" in after:
            _values(locked).update(higher_is_better=locked.higher_is_better)
        locked.save()
        audit.record(
            action="edit_metric", actor=actor, workspace=locked.workspace, obj=locked, before=before, after=after
        )
    return locked


def archive(metric: CustomMetric, actor: User | None) -> CustomMetric:
    """It is computed no more and its values leave every list; bringing it back computes them again. Idempotent."""
    with transaction.atomic():
        locked = _locked(metric)
        if locked.archived_at is None:
            locked.archived_at = timezone.now()
            locked.save()
            _values(locked).delete()
            locked.outcomes.all().delete()
            audit.record(action="archive_metric", actor=actor, workspace=locked.workspace, obj=locked)
    return locked


def restore(metric: CustomMetric, actor: User | None) -> CustomMetric:
    """Idempotent. Raises TooMany where there are MOST_METRICS already."""
    with transaction.atomic():
        locked = _locked(metric)
        if locked.archived_at is not None:
            _check_room(locked.workspace)
            locked.archived_at = None
            locked.save()
            audit.record(action="restore_metric", actor=actor, workspace=locked.workspace, obj=locked)
            queue.ring_on_commit(CUSTOM_METRICS)
    return locked


def try_again(metric: CustomMetric, actor: User | None) -> int:
    """Has the runs without a value computed once more (files may be back); returns how many there are."""
    with transaction.atomic():
        count, _ = _locked(metric).outcomes.exclude(reason="").delete()
        if count:
            audit.record(action="recompute_metric", actor=actor, workspace=metric.workspace, obj=metric)
            queue.ring_on_commit(CUSTOM_METRICS)
    return count


def check_expression(text: str) -> None:
    """Raises Refused with the pointed error."""
    try:
        compile_expression(text)
    except ExpressionError as error:
        raise Refused([Problem("expression", str(error))]) from error


def _check_room(workspace: Workspace) -> None:
    if CustomMetric.objects.filter(workspace=workspace, archived_at__isnull=True).count() >= MOST_METRICS:
        raise TooMany([Problem("name", f"there are {MOST_METRICS} metrics already; archive one that is not needed")])


def _locked(metric: CustomMetric) -> CustomMetric:
    return CustomMetric.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=metric.pk)


def _values(metric: CustomMetric) -> Any:
    return MetricValue.objects.filter(
        workspace_id=metric.workspace_id, segment="all", protocol=PROTOCOL, name=metric.name
    )


def _taken(workspace: Workspace, name: str) -> str:
    archived = CustomMetric.objects.filter(workspace=workspace, name=name, archived_at__isnull=False).exists()
    hint = "it is archived: bring it back, or choose another name" if archived else "choose another name"
    return f"there is a metric {name} already; {hint}"
