"""Filters, columns and saved views of the history: panels of its page, pages of their own where scripts do not run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from experiments.selectors import columns as column_rows
from experiments.selectors.columns import Column
from experiments.selectors.history_choices import Choices, choices_for
from experiments.selectors.saved_views import visible_views
from experiments.selectors.search.resolve import Resolver
from experiments.views.history_context import FILTER_WORDS, columns_of
from experiments.views.history_state import HistoryState
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page

MOST_COLUMNS = 1500


@dataclass(frozen=True)
class FilterField:
    """One filter as a field. ``free`` takes any text and suggests; otherwise one of ``options`` is chosen."""

    name: str
    label: str
    value: str
    options: list[tuple[str, str]]
    free: bool = False


@requires(Action.VIEW)
@require_safe
def filters(request: WorkspaceRequest) -> HttpResponse:
    state = HistoryState.of(request.GET)
    context = {
        "state": state,
        "filters": _fields(state, choices_for(request.workspace)),
        "hidden": state.hidden(*(name for _, name, _ in state.filters())),
    }
    return render_page(request, "experiments/history_filters.html", context, partial="panel")


@requires(Action.VIEW)
@require_safe
def columns(request: WorkspaceRequest) -> HttpResponse:
    """Those that are shown first, in their order, then the others; ``find`` narrows a very long list."""
    state = HistoryState.of(request.GET)
    resolver = Resolver(request.workspace)
    shown, _ = columns_of(resolver, state)
    found = column_rows.available(request.workspace, resolver)
    wanted = request.GET.get("find", "").strip().lower()
    others = [one for one in found if one not in shown and one.key != "name" and _matches(one, wanted)]
    context = {
        "state": state,
        "shown": shown,
        "others": others[:MOST_COLUMNS],
        "left_out": max(0, len(others) - MOST_COLUMNS),
        "hidden": [*state.hidden("columns"), ("q", state.query.text), ("column", "name")],
        "default_columns": state.querystring(columns=()),
    }
    return render_page(request, "experiments/history_columns.html", context, partial="panel")


@requires(Action.VIEW)
@require_safe
def views(request: WorkspaceRequest) -> HttpResponse:
    """A person's own views and those that others share, with a form that keeps the present state as a new one."""
    state = HistoryState.of(request.GET)
    found = list(visible_views(request.workspace, request.user))
    context: dict[str, Any] = {
        "state": state,
        "own": [view for view in found if view.owner_id == request.user.pk],
        "shared": [view for view in found if view.owner_id != request.user.pk],
    }
    return render_page(request, "experiments/history_views.html", context, partial="panel")


def _matches(column: Column, wanted: str) -> bool:
    return wanted in f"{column.key} {column.label}".lower()


def _fields(state: HistoryState, choices: Choices) -> list[FilterField]:
    """Where an address gives several values of a filter, the field shows the first."""
    options: dict[str, tuple[list[tuple[str, str]], bool]] = {
        "status": (list(choices.statuses), False),
        "architecture": (list(choices.architectures), False),
        "dataset": (list(choices.datasets), False),
        "model_type": ([(one, one) for one in choices.model_types], False),
        "family": (list(choices.families), False),
        "run_type": (list(choices.run_types), False),
        "recipe": ([(one, one) for one in choices.recipes], True),
        "tag": ([(one, one) for one in choices.tags], True),
        "origin": (list(choices.origins), False),
        "created_by": (list(choices.people), False),
    }
    names = {"created_by": "by"}
    found = []
    for field, (offered, free) in options.items():
        given = getattr(state.query, field)
        value = given[0] if given else ""
        if value and not free and value not in dict(offered):
            offered = [*offered, (value, value)]
        found.append(FilterField(names.get(field, field), FILTER_WORDS[field], value, offered, free))
    return found
