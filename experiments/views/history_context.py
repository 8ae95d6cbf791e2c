"""What the history's template shows, gathered from the selectors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from experiments.models import Dataset, Experiment, SavedView
from experiments.query import QueryError
from experiments.selectors import columns as column_rows
from experiments.selectors import history
from experiments.selectors.columns import Column, UnknownColumn
from experiments.selectors.history_query import FILTERS
from experiments.selectors.history_table import rows_of
from experiments.selectors.marks import Marks, marks_of
from experiments.selectors.saved_views import visible_views
from experiments.selectors.search.resolve import Resolver
from experiments.views.allowed import allowed
from experiments.views.history_state import HistoryState, uuid_of
from mlopspro.accounts.models import User
from mlopspro.core.http import WorkspaceRequest

FILTER_WORDS = {
    "status": "Status",
    "architecture": "Architecture",
    "dataset": "Dataset",
    "model_type": "Model type",
    "tag": "Tag",
    "origin": "Origin",
    "run_type": "Run type",
    "family": "Family",
    "recipe": "Recipe",
    "created_by": "Person",
}
QUERY_EXAMPLES = (
    ("hybrid", "Names that contain the word."),
    ("metrics.f1_score > 0.5 and params.learning_rate = 0.001", "A metric and a parameter."),
    ('(name ~ "hybrid" or tags = "baseline") and not status = failed', "Alternatives in parentheses, and what is not."),
    ("metrics.catalogue.ndcg_at_10 >= 0.2", "A metric of the protocol that is named."),
    ('created_at > "7 days ago" and duration < "10 m"', "Times and lengths of time."),
)


@dataclass(frozen=True)
class Head:
    """A column's header: where a press on it leads, and where the column hides."""

    column: Column
    sort: str
    direction: str
    icon: str
    hide: str

    @property
    def hint(self) -> str:
        """What stands below the label: the protocol of a metric."""
        return self.column.protocol


@dataclass(frozen=True)
class Chip:
    name: str
    value: str
    label: str
    remove: str


@dataclass(frozen=True)
class Mistake:
    """A query that cannot be read, cut at the place of the mistake."""

    before: str
    wrong: str
    after: str
    message: str
    suggestion: str
    fixed: str

    @classmethod
    def of(cls, state: HistoryState, error: QueryError) -> Mistake:
        text, start, end = state.query.text, error.position, error.position + error.length
        fixed = f"{text[:start]}{error.suggestion}{text[end:]}" if error.suggestion and error.length else ""
        return cls(
            text[:start],
            text[start:end],
            text[end:],
            error.message,
            error.suggestion,
            state.querystring(text=fixed) if fixed else "",
        )


def list_context(request: WorkspaceRequest, state: HistoryState) -> dict[str, Any]:
    """Everything of the page: nine queries, one more for each kind of filter that names something."""
    found = history.page(request.workspace, state.query)
    mistake = Mistake.of(state, found.error) if found.error else None
    shown = state
    if mistake:
        shown = dataclasses.replace(state, query=dataclasses.replace(state.query, text=state.was))
        found = history.page(request.workspace, shown.query)
        if found.error:
            shown = dataclasses.replace(state, query=dataclasses.replace(state.query, text=""), was="")
            found = history.page(request.workspace, shown.query)
    return table_context(request, shown, found.runs) | {
        "typed": state.query.text,
        "mistake": mistake,
        "notes": found.notes,
        "carried": [*shown.hidden(*FILTERS.values()), ("was", shown.query.text)],
        "active_filters": shown.filters(),
        "chips": chips_of(request, shown),
        "reset": "deleted=1" if shown.query.deleted else "",
        "bare_state": shown.query.querystring(after="", before=""),
        "view": view_of(request, shown),
        "found": found,
        "last_number": found.first_number + len(found.runs) - 1,
        "next": shown.querystring(after=found.next_cursor, before="") if found.next_cursor else "",
        "previous": shown.querystring(before=found.previous_cursor, after="") if found.previous_cursor else "",
    }


def table_context(
    request: WorkspaceRequest, state: HistoryState, runs: Sequence[Experiment], *, only: bool = False
) -> dict[str, Any]:
    """The table's heads and rows: marked runs on top, then those of the page, none of them twice.

    With ``only`` the rows are those of ``runs`` alone, for a page that has the others already.
    """
    resolver = Resolver(request.workspace)
    columns, unknown = columns_of(resolver, state)
    marks = Marks() if state.query.deleted else marks_of(request.workspace, request.user)
    top = _on_top(request, marks)
    on_top = {run.pk for run in top}
    rest = [run for run in runs if run.pk not in on_top]
    rows = rows_of([*top, *rest], columns, history.cells([*top, *rest], columns), marks)
    if only:
        wanted = {run.pk for run in runs}
        rows = [row for row in rows if row.run.pk in wanted]
        top, rest = [], list(runs)
    return {
        "state": state,
        "heads": [head_of(column, state, columns) for column in columns],
        "name_head": head_of(column_rows.ATTRIBUTES["name"], state, columns),
        "columns": columns,
        "columns_total": len(column_rows.ATTRIBUTES) + len(resolver.metrics) + len(resolver.parameters),
        "unknown_columns": unknown,
        "top_rows": rows[: len(top)],
        "rows": rows[len(top) :],
        "baseline": next((row.run for row in rows[: len(top)] if row.is_baseline), None),
        "marks": marks,
        "active_ids": [run.pk for run in (*top, *rest) if run.is_active and not state.query.deleted],
        "deleted": state.query.deleted,
        "allowed": allowed(request),
        "query_examples": QUERY_EXAMPLES,
    }


def columns_of(resolver: Resolver, state: HistoryState) -> tuple[list[Column], list[UnknownColumn]]:
    """The columns beside the name, and what is wrong with those that are not known."""
    found: dict[str, Column] = {}
    unknown = []
    for key in state.query.columns or column_rows.DEFAULT:
        try:
            column = column_rows.column_of(resolver, key)
        except UnknownColumn as error:
            unknown.append(error)
        else:
            found[column.key] = column
    found.pop("name", None)
    return list(found.values()), unknown


def head_of(column: Column, state: HistoryState, columns: Sequence[Column]) -> Head:
    """A first press sorts figures from the highest and text from A; a further one turns the order round."""
    query = state.query
    direction = "none"
    if query.sort == column.key:
        direction = "descending" if query.descending else "ascending"
    first = f"-{column.key}" if column.numeric or column.name.endswith("_at") else column.key
    turned = column.key if query.descending else f"-{column.key}"
    rest = tuple(one.key for one in columns if one.key != column.key)
    return Head(
        column,
        sort=state.querystring(sort=turned if direction != "none" else first),
        direction=direction,
        icon={"ascending": "arrow-up", "descending": "arrow-down", "none": "chevrons-up-down"}[direction],
        hide=state.querystring(columns=("name", *rest), after=query.after, before=query.before),
    )


def chips_of(request: WorkspaceRequest, state: HistoryState) -> list[Chip]:
    """Active filters with the words for what they name, and the state without each of them."""
    words = _names_of(request, state)
    chips = []
    for field, name, value in state.filters():
        rest = tuple(one for one in getattr(state.query, field) if one != value)
        label = f"{FILTER_WORDS[field]}: {words.get((field, value), value)}"
        chips.append(Chip(name, value, label, state.querystring(**{field: rest})))
    return chips


def _names_of(request: WorkspaceRequest, state: HistoryState) -> dict[tuple[str, str], str]:
    """Names of datasets and people that filters give by their id."""
    found: dict[tuple[str, str], str] = {}
    datasets = [pk for value in state.query.dataset if (pk := uuid_of(value))]
    if datasets:
        rows = Dataset.objects.filter(workspace=request.workspace, pk__in=datasets)
        found |= {("dataset", str(pk)): name for pk, name in rows.values_list("pk", "name")}
    people = [pk for value in state.query.created_by if (pk := uuid_of(value))]
    if people:
        members = User.objects.filter(memberships__workspace=request.workspace, pk__in=people)
        found |= {("created_by", str(person.pk)): str(person) for person in members}
    return found


def view_of(request: WorkspaceRequest, state: HistoryState) -> dict[str, Any] | None:
    """The saved view that the page came from: whose it is, and whether the page still shows what it keeps."""
    if state.view is None:
        return None
    view: SavedView | None = visible_views(request.workspace, request.user).filter(pk=state.view).first()
    if view is None:
        return None
    kept = HistoryState.of_text(view.query).kept()
    return {"view": view, "is_own": view.owner_id == request.user.pk, "is_changed": kept != state.kept()}


def _on_top(request: WorkspaceRequest, marks: Marks) -> list[Experiment]:
    ids = marks.on_top
    if not ids:
        return []
    rows = Experiment.objects.filter(workspace=request.workspace, deleted_at__isnull=True)
    found = rows.select_related("dataset", "created_by").in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]
