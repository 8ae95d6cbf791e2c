"""Many runs in one drawing: any two columns as a cloud, several as parallel coordinates."""

from __future__ import annotations

from urllib.parse import unquote

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from experiments import explore_charts
from experiments.learning.summaries.rank_correlation import rank_correlation
from experiments.query import QueryError
from experiments.selectors.columns import Column
from experiments.selectors.many_runs import MOST, ManyRuns, full_label, has_words, is_number, newest
from experiments.selectors.marks import marks_of
from experiments.views.exploring import NONE, Exploring, compare_address, joined
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page

HEADLINES = ("metrics.catalogue.ndcg_at_10", "metrics.rated.f1_at_10", "metrics.pointwise.rmse")
USUAL_PARAMETERS = ("params.learning_rate", "params.embedding_dim", "params.regularization", "params.epochs")
MOST_AXES = 12


@requires(Action.VIEW)
@require_safe
def scatter(request: WorkspaceRequest) -> HttpResponse:
    """The newest 1,000 runs that match as points over any two numbers: nine queries."""
    page = Exploring.of(request)
    x = page.column("x", is_number, *USUAL_PARAMETERS[:1], *_first(page, "parameter"), "created_at")
    y = page.column("y", is_number, *HEADLINES, *_first(page, "metric"), "duration")
    colour = page.column("colour", _tells_apart, "dataset")
    found, error = _gathered(page, [column for column in (x, y, colour) if column is not None])
    untouched = "x" not in request.GET
    wide = untouched and found is not None and x is not None and explore_charts.spans_widely(found, x)
    log = wide or request.GET.get("log_x") == "1", request.GET.get("log_y") == "1"
    extras = [
        ("x", x.key if x else ""),
        ("y", y.key if y else ""),
        ("colour", colour.key if colour else NONE),
        *[(name, "1") for name, on in zip(("log_x", "log_y"), log, strict=True) if on],
    ]
    context = page.context("scatter", extras, error) | {
        "found": found,
        "most": MOST,
        "x": x,
        "y": y,
        "colour": colour,
        "log": log,
        "axis_options": page.options(is_number),
        "colour_options": page.options(_tells_apart),
    }
    if found is not None and x is not None and y is not None:
        context |= _cloud(found, x, y, colour, log)
    return render_page(request, "experiments/explore/scatter.html", context)


def _cloud(found: ManyRuns, x: Column, y: Column, colour: Column | None, log: tuple[bool, bool]) -> dict[str, object]:
    points = explore_charts.points_of(found, x, y)
    chart = explore_charts.scatter(found, points, x, y, colour, log=log)
    drawn = sum(len(series.points) for series in chart.series if not series.star)
    mixed = found.kinds_of_data if "metric" in (x.kind, y.kind) else 1
    return {
        "chart": chart,
        "labels": (full_label(x), full_label(y)),
        "correlation": rank_correlation([point.x for point in points], [point.y for point in points]),
        "mixed": mixed if mixed > 1 else 0,
        "without_number": len(found.runs) - len(points),
        "below_zero": len(points) - drawn,
        "baseline_missing": found.baseline is not None and not any(series.star for series in chart.series),
    }


@requires(Action.VIEW)
@require_safe
def parallel(request: WorkspaceRequest) -> HttpResponse:
    """The newest 1,000 runs that match as lines across axes of choice: nine queries."""
    page = Exploring.of(request)
    axes = page.several("axes", _is_axis, MOST_AXES) or _usual_axes(page)
    colour = page.column("colour", _tells_apart, *(axis.key for axis in axes if axis.kind == "metric"))
    keys = [axis.key for axis in axes]
    found, error = _gathered(page, [*axes, *([colour] if colour else [])])
    log_keys = _log_keys(page, axes, found)
    with_axes = _extras(keys, colour, log_keys)
    context = page.context("parallel", with_axes, error) | {
        "found": found,
        "most": MOST,
        "colour": colour,
        "axes": [_axis_links(page, keys, place, axis, colour, log_keys) for place, axis in enumerate(axes)],
        "axis_options": page.options(lambda column: _is_axis(column) and column.key not in keys),
        "axes_value": joined(keys),
        "colour_options": page.options(_tells_apart),
    }
    if found is not None:
        metric_axes = [axis for axis in axes if axis.kind == "metric"]
        context |= {
            "chart": explore_charts.parallel(found, axes, colour, log_keys),
            "mixed": found.kinds_of_data if metric_axes and found.kinds_of_data > 1 else 0,
            "addresses": {
                "query": page.state.query.text,
                "keep": page.here_with("experiments:explore_parallel", with_axes, text=""),
                "list": page.here_with("experiments:experiments", [], text=""),
                "compare": compare_address(),
            },
        }
    return render_page(request, "experiments/explore/parallel.html", context)


def _log_keys(page: Exploring, axes: list[Column], found: ManyRuns | None) -> frozenset[str]:
    """The logarithmic axes that an address names; where it names none, the parameters that span widely."""
    if "log" in page.request.GET:
        return frozenset(map(unquote, page.request.GET["log"].split(","))) & {axis.key for axis in axes}
    wide = [axis.key for axis in axes if found is not None and explore_charts.spans_widely(found, axis)]
    return frozenset(wide)


def _extras(keys: list[str], colour: Column | None, log_keys: frozenset[str]) -> list[tuple[str, str]]:
    logs = joined(key for key in keys if key in log_keys)
    return [("axes", joined(keys)), ("colour", colour.key if colour else NONE), ("log", logs or NONE)]


def _axis_links(
    page: Exploring, keys: list[str], place: int, axis: Column, colour: Column | None, log_keys: frozenset[str]
) -> dict[str, object]:
    """One axis with the addresses that move it, take it away, or turn its scale."""

    def address(order: list[str], logs: frozenset[str]) -> str:
        return page.here_with("experiments:explore_parallel", _extras(order, colour, logs))

    def swapped(other: int) -> str:
        order = list(keys)
        order[place], order[other] = order[other], order[place]
        return address(order, log_keys)

    return {
        "column": axis,
        "label": full_label(axis),
        "earlier": swapped(place - 1) if place else "",
        "later": swapped(place + 1) if place + 1 < len(keys) else "",
        "without": address([key for key in keys if key != axis.key], log_keys) if len(keys) > 2 else "",
        "is_log": axis.key in log_keys,
        "turn_log": address(keys, log_keys ^ {axis.key}) if axis.numeric else "",
    }


def _usual_axes(page: Exploring) -> list[Column]:
    """Parameters first, headline metrics last, as one reads: from what was chosen to what came of it."""
    by_key = {column.key: column for column in page.columns}
    parameters = [by_key[key] for key in USUAL_PARAMETERS if key in by_key]
    others = [column for column in page.columns if column.kind == "parameter" and column not in parameters]
    metrics = [by_key[key] for key in HEADLINES if key in by_key]
    metrics = metrics or [column for column in page.columns if column.kind == "metric"][:2]
    first = [by_key["architecture"], *(parameters + others)[:4]]
    return [*first, *metrics] if metrics else [*first, by_key["duration"]]


def _gathered(page: Exploring, columns: list[Column]) -> tuple[ManyRuns | None, QueryError | None]:
    baseline = marks_of(page.request.workspace, page.request.user).baseline
    try:
        return newest(page.request.workspace, page.state.query, columns, baseline), None
    except QueryError as error:
        return None, error


def _first(page: Exploring, kind: str) -> list[str]:
    return [column.key for column in page.columns if column.kind == kind and column.numeric][:1]


def _tells_apart(column: Column) -> bool:
    return column.numeric or has_words(column)


def _is_axis(column: Column) -> bool:
    return column.numeric or has_words(column)
