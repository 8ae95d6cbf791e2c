"""Runs put together by what they share: mean, deviation and interval of each group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from experiments import explore_charts
from experiments.query import QueryError
from experiments.selectors.columns import Column
from experiments.selectors.groups import WORDS, Group, GroupBy, Grouping, GroupKind, grouped
from experiments.selectors.history import matching
from experiments.selectors.many_runs import Options, term_of
from experiments.views.exploring import Exploring, joined
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page

HEADLINES = ("metrics.rated.f1_at_10", "metrics.catalogue.ndcg_at_10", "metrics.pointwise.rmse")
MOST_METRICS = 6
MOST_SHOWN = 50
COUNT = "runs"
FILTERED_BY: dict[str, str] = {"dataset": "dataset", "architecture": "architecture", "model_type": "model_type"}
QUERIED_BY: dict[str, str] = {"tag": "tags", "configuration": "settings_hash"}


@dataclass(frozen=True)
class Row:
    group: Group
    href: str
    """The history with the runs of this group alone; empty where no query can say which they are."""


@requires(Action.VIEW)
@require_safe
def groups(request: WorkspaceRequest) -> HttpResponse:
    """All matching runs, summed up by PostgreSQL: six queries whatever their number."""
    page = Exploring.of(request)
    by = _group_by(page)
    columns = page.several("metrics", _can_be_summed, MOST_METRICS) or _usual(page)
    order = request.GET.get("order", "") or (COUNT if by.kind in ("configuration", "tag") else "")
    extras = [("group", by.key), ("metrics", joined(column.key for column in columns)), ("order", order)]
    found, error = _grouped(page, by, columns)
    listed = _ordered(found, columns, order) if found is not None else []
    shown = [Row(group, _address(page, by, group)) for group in listed[:MOST_SHOWN]]
    links = [row.href for row in shown]
    context = page.context("groups", extras, error) | {
        "by": by,
        "found": found,
        "rows": shown,
        "more_groups": len(listed) - len(shown),
        "columns": columns,
        "heads": [_head(page, extras, column, order) for column in columns],
        "count_head": _head(page, extras, None, order),
        "charts": [
            explore_charts.group_intervals([row.group for row in shown], by, column, place, links)
            for place, column in enumerate(columns)
        ],
        "group_options": _group_options(page),
        "metric_options": page.options(_can_be_summed),
        "chosen": [column.key for column in columns],
    }
    return render_page(request, "experiments/explore/groups.html", context)


def _group_by(page: Exploring) -> GroupBy:
    """What the address asks for; else the same configuration, which is what repeats over seeds are."""
    asked = page.request.GET.get("group", "").strip()
    kind = next((one for one in get_args(GroupKind) if one == asked and one != "parameter"), None)
    if kind is not None:
        return GroupBy(kind)
    if asked:
        column = page.column("group", lambda column: column.kind == "parameter")
        if column is not None:
            return GroupBy("parameter", column.name)
    return GroupBy("configuration")


def _group_options(page: Exploring) -> Options:
    parameters = [(column.key, column.label) for column in page.columns if column.kind == "parameter"]
    return [("Runs", list(WORDS.items())), *([("Parameters", parameters)] if parameters else [])]


def _can_be_summed(column: Column) -> bool:
    return column.numeric


def _usual(page: Exploring) -> list[Column]:
    by_key = {column.key: column for column in page.columns}
    headlines = [by_key[key] for key in HEADLINES if key in by_key]
    return headlines or [column for column in page.columns if column.kind == "metric"][:3] or [by_key["duration"]]


def _grouped(page: Exploring, by: GroupBy, columns: list[Column]) -> tuple[Grouping | None, QueryError | None]:
    try:
        return grouped(matching(page.request.workspace, page.state.query), by, columns), None
    except QueryError as error:
        return None, error


def _ordered(found: Grouping, columns: list[Column], order: str) -> list[Group]:
    """By number of runs or a column's mean, the better end first unless the order begins with "!"; no mean is last."""
    turned, key = order.startswith("!"), order.removeprefix("!")
    if key == COUNT:
        return sorted(found.groups, key=lambda group: group.runs, reverse=not turned)
    place = next((i for i, column in enumerate(columns) if column.key == key), 0)
    downwards = (columns[place].higher_is_better is not False) != turned
    with_mean = [group for group in found.groups if group.summaries[place].mean is not None]
    with_mean.sort(key=lambda group: group.summaries[place].mean or 0.0, reverse=downwards)
    return with_mean + [group for group in found.groups if group.summaries[place].mean is None]


def _head(page: Exploring, extras: list[tuple[str, str]], column: Column | None, order: str) -> dict[str, Any]:
    key = column.key if column is not None else COUNT
    following = f"!{key}" if order == key else key
    rest = [(name, value) for name, value in extras if name != "order"]
    falls = column is None or column.higher_is_better is not False
    down = falls != order.startswith("!")
    here = order.removeprefix("!") == key
    return {
        "label": column.label if column is not None else "Runs",
        "hint": column.protocol if column is not None else "",
        "title": column.hint if column is not None else "",
        "href": page.here_with("experiments:explore_groups", [*rest, ("order", following)]),
        "direction": ("descending" if down else "ascending") if here else "none",
        "icon": ("arrow-down" if down else "arrow-up") if here else "chevrons-up-down",
        "lower_is_better": column is not None and column.higher_is_better is False,
    }


def _address(page: Exploring, by: GroupBy, group: Group) -> str:
    state, history = page.state, reverse("experiments:experiments")
    if group.value is not None and by.kind in FILTERED_BY:
        return f"{history}?{state.querystring(**{FILTERED_BY[by.kind]: (group.value,)})}"
    if by.kind == "parameter":
        term = term_of(Column(by.key, by.name, "", "parameter", "", by.name, False, None))
    else:
        term = QUERIED_BY.get(by.kind, by.kind)
    quoted = (group.value or "").replace('"', '""')
    condition = f'{term} = "{quoted}"' if group.value is not None else f"{term} is null"
    text = state.query.text.strip()
    return f"{history}?{state.querystring(text=f'({text}) and {condition}' if text else condition)}"
