"""Conditions on what a run has itself: its name, status, dates, dataset, who made it."""

from __future__ import annotations

import datetime as dt
import uuid
from contextlib import suppress

from django.db.models import DurationField, ExpressionWrapper, F, Q, TextField
from django.db.models import Value as Literal
from django.db.models.functions import Cast, Concat
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual
from django.utils import timezone

from experiments.models import Dataset, RecipeVersion, Search
from experiments.query import Comparison
from experiments.query.attributes import ATTRIBUTES
from experiments.query.nodes import Ago, Day, Operator, RecentDay, Value
from experiments.selectors.search.comparisons import NEGATIVES, integer_condition, text_condition
from mlopspro.accounts.models import User, Workspace

_OPTIONAL_TEXT = frozenset({"architecture", "model_type", "notes", "settings_hash"})
_NULLABLE = frozenset(
    {"started_at", "finished_at", "best_epoch", "total_parameters", "dataset", "created_by", "search", "trial"}
)
DURATION = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
"""Of ended runs; a run in progress has none yet."""


def attribute_present(name: str) -> Q:
    """That a run has a value for it: yes or no."""
    if name in _OPTIONAL_TEXT:
        return ~Q(**{name: ""})
    if name == "recipe":
        return Q(recipe_version__isnull=False)
    if name in _NULLABLE:
        return Q(**{f"{name}__isnull": False})
    if name == "duration":
        return Q(started_at__isnull=False, finished_at__isnull=False)
    return Q(pk__isnull=False)


def attribute_comparison(workspace: Workspace, node: Comparison, now: dt.datetime) -> Q:
    """A comparison of one of ``experiments.query.attributes``; datasets, recipes and people cost one query each."""
    name, kind = node.field.name, ATTRIBUTES[node.field.name].kind
    present = attribute_present(name)
    positive = NEGATIVES.get(node.operator)
    if positive is not None:
        return present & ~_positive(workspace, Comparison(node.field, positive, node.values), kind, now)
    return present & _positive(workspace, node, kind, now)


def _positive(workspace: Workspace, node: Comparison, kind: str, now: dt.datetime) -> Q:
    name, operator, values = node.field.name, node.operator, node.values
    if name == "dataset":
        wanted = text_condition("name", operator, values) | Q(pk__in=_ids(operator, values))
        datasets = Dataset.objects.filter(wanted, workspace=workspace)
        return Q(dataset__in=list(datasets.order_by().values_list("pk", flat=True)))
    if name == "search":
        wanted = text_condition("name", operator, values) | Q(pk__in=_ids(operator, values))
        searches = Search.objects.filter(wanted, workspace=workspace)
        return Q(search__in=list(searches.order_by().values_list("pk", flat=True)))
    if name == "recipe":
        return _recipes(workspace, operator, values)
    if name == "created_by":
        return _people(operator, values)
    if kind == "moment":
        return _any_of([_moment(name, operator, one, now) for one in values])
    if kind == "duration":
        return _any_of([_duration(operator, one) for one in values])
    if kind == "number":
        return integer_condition(name, operator, values)
    return text_condition("pk" if kind == "id" else name, operator, values)


def _any_of(conditions: list[Q]) -> Q:
    whole = conditions[0]
    for one in conditions[1:]:
        whole |= one
    return whole


def _recipes(workspace: Workspace, operator: Operator, values: tuple[Value, ...]) -> Q:
    """By the recipe's name, by name and number as pages write them ("Lists 1.2.0"), or by the version's id."""
    whole = Concat(
        "recipe__name",
        Literal(" "),
        Cast("major", TextField()),
        Literal("."),
        Cast("minor", TextField()),
        Literal("."),
        Cast("patch", TextField()),
        output_field=TextField(),
    )
    wanted = text_condition("recipe__name", operator, values) | text_condition("whole", operator, values)
    versions = RecipeVersion.objects.filter(recipe__workspace=workspace).annotate(whole=whole)
    found = versions.filter(wanted | Q(pk__in=_ids(operator, values)))
    return Q(recipe_version__in=list(found.order_by().values_list("pk", flat=True)))


def _people(operator: Operator, values: tuple[Value, ...]) -> Q:
    """By address or by name; whole values whatever their case, as people write both."""
    if operator in ("=", "in"):
        written = [Q(email__iexact=str(one)) | Q(name__iexact=str(one)) for one in values]
        wanted = _any_of([*written, Q(pk__in=_ids(operator, values))])
    else:
        wanted = text_condition("email", operator, values) | text_condition("name", operator, values)
    return Q(created_by__in=list(User.objects.filter(wanted).order_by().values_list("pk", flat=True)))


def _ids(operator: Operator, values: tuple[Value, ...]) -> list[uuid.UUID]:
    """Those of whole values that are ids, as forms and links give them."""
    found = []
    for value in values if operator in ("=", "in") else ():
        with suppress(ValueError):
            found.append(uuid.UUID(str(value)))
    return found


def _moment(column: str, operator: Operator, value: Value, now: dt.datetime) -> Q:
    """A day is all of it: = within it, > after its end, < before its start."""
    start, end = span(value, now)
    if operator in ("=", "in"):
        whole = Q(**{f"{column}__gte": start, f"{column}__lt": end})
        return whole if end > start else Q(**{column: start})
    if operator == ">":
        return Q(**{f"{column}__gte": end}) if end > start else Q(**{f"{column}__gt": start})
    if operator == "<=":
        return Q(**{f"{column}__lt": end}) if end > start else Q(**{f"{column}__lte": start})
    return Q(**{f"{column}__{'gte' if operator == '>=' else 'lt'}": start})


def span(value: Value, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Start and end of a day in the reader's time zone; a moment twice."""
    zone = timezone.get_current_timezone()
    if isinstance(value, RecentDay):
        value = Day(now.astimezone(zone).date() - dt.timedelta(days=value.back))
    if isinstance(value, Day):
        start = dt.datetime.combine(value.day, dt.time(), zone)
        return start, dt.datetime.combine(value.day + dt.timedelta(days=1), dt.time(), zone)
    if isinstance(value, Ago):
        return now - value.back, now - value.back
    if not isinstance(value, dt.datetime):
        raise TypeError(f"{value!r} is no moment")
    moment = value if value.tzinfo else value.replace(tzinfo=zone)
    return moment, moment


_SIZES = {">": GreaterThan, ">=": GreaterThanOrEqual, "<": LessThan, "<=": LessThanOrEqual}


def _duration(operator: Operator, value: Value) -> Q:
    if operator in ("=", "in"):  # to the second, as pages show it
        if not isinstance(value, dt.timedelta):
            raise TypeError(f"{value!r} is no length of time")
        return Q(GreaterThanOrEqual(DURATION, value)) & Q(LessThan(DURATION, value + dt.timedelta(seconds=1)))
    return Q(_SIZES[operator](DURATION, value))
