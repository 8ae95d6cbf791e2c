"""Is B really better than A? Two to ten runs side by side; the verdict is a fragment of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import reswap, retarget

from experiments import comparison_charts as charts
from experiments.models import Experiment
from experiments.selectors.comparison import MOST, Compared, Selection, problems_of, select
from experiments.selectors.comparison_curves import LABELS, curves_of
from experiments.selectors.comparison_gathered import Gathered, gather
from experiments.selectors.comparison_judged import alone_of, verdicts_of
from experiments.selectors.comparison_query import CompareQuery, Rows
from experiments.selectors.comparison_settings import settings_table
from experiments.selectors.comparison_suggestions import latest_sets, to_add
from experiments.selectors.comparison_training import training_rows
from experiments.selectors.marks import marks_of
from experiments.views.allowed import allowed
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of

TEMPLATE = "experiments/compare.html"
ADDRESS = "experiments:compare"


@requires(Action.VIEW)
@require_safe
def compare(request: WorkspaceRequest) -> HttpResponse:
    """The whole page. Without two runs it helps to choose them; 404 where none of the ids names a run here."""
    query, selection = _asked(request)
    context = _frame(request, query, selection)
    if selection.is_enough:
        return render_page(request, TEMPLATE, context | _body(request, query, selection))
    nothing = not selection.runs and bool(query.asked.ids or query.asked.refused)
    context |= {"sets": _suggested(request, selection), "candidates": _candidates(request, query, selection)}
    return render_page(request, TEMPLATE, context, status=404 if nothing else 200)


@requires(Action.VIEW)
@require_safe
def verdict(request: WorkspaceRequest) -> HttpResponseBase:
    """The verdict alone, worked out where it is not known; the page loads it when it is there itself."""
    if not is_fragment(request):
        return _to_page(request)
    query, selection = _asked(request)
    if not selection.is_enough:
        return _to_page(request)
    context = _frame(request, query, selection) | _verdict(gather(request.workspace, selection), query, work=True)
    return render_page(request, TEMPLATE, context, partial="verdict")


@requires(Action.VIEW)
@require_safe
def live(request: WorkspaceRequest) -> HttpResponseBase:
    """Runs and curves while any run is active. When one changes its state, everything below the title comes anew."""
    if not is_fragment(request):
        return _to_page(request)
    query, selection = _asked(request)
    if not selection.is_enough:
        return _to_page(request)
    seen = _seen(selection)
    progress = [(one.key, one.run.progress_done, one.run.phase) for one in selection.runs]
    version = version_of(seen, *progress)
    if same := unchanged(request, version):
        return same
    context = _frame(request, query, selection)
    if request.GET.get("seen") == seen:
        response = render_page(request, TEMPLATE, context | _curves(query, selection), partial="live")
    else:
        response = render_page(request, TEMPLATE, context | _body(request, query, selection), partial="body")
        response = reswap(retarget(response, "#compare-body"), "outerHTML")
    return polled(response, version=version, done=not selection.is_live)


@requires(Action.VIEW)
@require_safe
def candidates(request: WorkspaceRequest) -> HttpResponseBase:
    """Runs to add, by what is typed."""
    if not is_fragment(request):
        return _to_page(request)
    query, selection = _asked(request)
    context = _frame(request, query, selection) | {"candidates": _candidates(request, query, selection)}
    return render_page(request, TEMPLATE, context, partial="candidates")


def _asked(request: WorkspaceRequest) -> tuple[CompareQuery, Selection]:
    """Two queries: the person's baseline, and the runs."""
    query = CompareQuery.of(request.GET)
    baseline = marks_of(request.workspace, request.user).baseline if query.asked.ids else None
    return query, select(request.workspace, query.asked, (query.reference_id, baseline))


def _to_page(request: WorkspaceRequest) -> HttpResponseBase:
    return redirect(f"{reverse(ADDRESS)}?{request.GET.urlencode()}")


def _frame(request: WorkspaceRequest, query: CompareQuery, selection: Selection) -> dict[str, Any]:
    """What every part of the page needs."""
    ids = [one.run.pk for one in selection.runs]
    return {
        "query": query,
        "selection": selection,
        "problems": problems_of(selection),
        "seen": _seen(selection),
        "state": query.querystring(ids=ids),
        "ids": ",".join(map(str, ids)),
        "most": MOST,
        "allowed": allowed(request),
        "columns": [
            (one, json.dumps([charts.series_name(one)]), _links(query, selection, one)) for one in selection.runs
        ],
        "finished": _finished(selection),
        "group": charts.GROUP,
    }


def _finished(selection: Selection) -> str:
    """Names of the ended runs in the charts, as JSON; empty where all have ended, or none."""
    names = [charts.series_name(one) for one in selection.runs if one.run.is_terminal]
    return json.dumps(names) if 0 < len(names) < len(selection.runs) else ""


def _seen(selection: Selection) -> str:
    """Names the states that the figures on the page belong to."""
    return version_of(*(f"{one.key}-{one.run.status}" for one in selection.runs)).strip('"')


def _links(query: CompareQuery, selection: Selection, one: Compared) -> dict[str, str]:
    others = [other.run.pk for other in selection.runs if other is not one]
    ids = [other.run.pk for other in selection.runs]
    reference = "" if str(one.run.pk) == query.reference else query.reference
    return {
        "without": f"?{query.querystring(ids=others, reference=reference if reference in map(str, others) else '')}",
        "reference": f"?{query.querystring(ids=ids, reference=one.key)}",
    }


def _body(request: WorkspaceRequest, query: CompareQuery, selection: Selection) -> dict[str, Any]:
    gathered = gather(request.workspace, selection)
    quality = charts.quality_charts(gathered)
    settings = settings_table(selection)
    groups = gathered.metric_groups()
    only = query.metrics == "differences"
    ids = [one.run.pk for one in selection.runs]
    return {
        **_curves(query, selection),
        **_verdict(gathered, query, work=query.now),
        "warnings": gathered.warnings(),
        "above": gathered.scope.said_above(),
        "beside": gathered.scope.said_beside(),
        "quality": [(chart, charts.notes_of(chart)) for chart in quality],
        "groups": [(group, group.differing if only else group.rows) for group in groups],
        "metric_rows": sum(len(group.rows) for group in groups),
        "metric_rows_differing": sum(len(group.differing) for group in groups),
        "repeats": _repeats(gathered),
        "settings": settings,
        "setting_groups": settings.shown(differences=query.settings == "differences"),
        "candidates": _candidates(request, query, selection),
        "switches": {
            "metrics": f"?{query.querystring(ids=ids, metrics=_other(query.metrics))}",
            "settings": f"?{query.querystring(ids=ids, settings=_other(query.settings))}",
            "loss": f"?{query.querystring(ids=ids, loss='last' if query.loss == 'best' else 'best')}",
        },
    }


def _other(rows: Rows) -> Rows:
    return "all" if rows == "differences" else "differences"


def _curves(query: CompareQuery, selection: Selection) -> dict[str, Any]:
    found = curves_of([one.run for one in selection.runs])
    names = [name for name in query.curves if name in found.names]
    drawn = names or [name for name in found.names if name in LABELS] or found.names[:2]
    return {
        "curves": charts.curve_charts(selection, found, drawn),
        "curve_note": found.note,
        "curve_names": [(name, charts.curve_label(name), name in drawn) for name in found.names],
        "training": training_rows(selection, found, best=query.loss == "best"),
    }


def _verdict(gathered: Gathered, query: CompareQuery, *, work: bool) -> dict[str, Any]:
    """Verdicts where they are known or ``work`` allows to work them out; otherwise the page asks for them later."""
    metric = gathered.metric(query.metric)
    refused = query.metric if query.metric and (metric is None or metric.key != query.metric) else ""
    context: dict[str, Any] = {"metric": metric, "choices": gathered.choices, "refused_metric": refused}
    if metric is None:
        return context | {"verdicts": [], "alone": []}
    return context | {
        "verdicts": verdicts_of(gathered, metric, only_known=not work),
        "alone": alone_of(gathered, metric),
    }


def _repeats(gathered: Gathered) -> list[tuple[Compared, int, str, str]]:
    """(run, seeds, address in the history, address of their comparison) of each run with repeats."""
    found = []
    for one in gathered.selection.runs:
        repeats = gathered.repeats.get(one.run.settings_hash)
        if repeats is not None:
            ids = [str(pk) for pk in repeats.ids[:50]]
            text = "id in ({})".format(", ".join(f'"{pk}"' for pk in ids))
            history = f"{reverse('experiments:experiments')}?q={quote(text)}"
            found.append((one, repeats.count, history, f"{reverse(ADDRESS)}?ids={','.join(ids[:MOST])}"))
    return found


def _candidates(request: WorkspaceRequest, query: CompareQuery, selection: Selection) -> list[tuple[Experiment, str]]:
    """(run, address of the comparison with it) of runs that may be added."""
    ids = [one.run.pk for one in selection.runs]
    found = to_add(request.workspace, selection, query.search)
    return [(run, f"{reverse(ADDRESS)}?{query.querystring(ids=[*ids, run.pk])}") for run in found]


def _suggested(request: WorkspaceRequest, selection: Selection) -> list[tuple[Sequence[Experiment], str]]:
    if selection.runs:
        return []
    sets = latest_sets(request.workspace)
    return [(runs, f"?ids={','.join(str(run.pk) for run in runs)}") for runs in sets]
