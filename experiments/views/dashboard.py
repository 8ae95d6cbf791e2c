"""The page of metrics: how many runs there are, which are best on which data, and whether they get better."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from experiments import dashboard_charts
from experiments.selectors import dashboard
from experiments.views.allowed import allowed
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page


@requires(Action.VIEW)
@require_safe
def metrics(request: WorkspaceRequest) -> HttpResponse:
    """Six queries over the newest runs, and counts that are kept for a minute: a million runs cost what a few do."""
    workspace = request.workspace
    found = dashboard.recent(workspace)
    datasets = dashboard.datasets(found)
    chosen = _chosen(request.GET.get("dataset", ""), datasets)
    runs = dashboard.over_time(found, chosen[0]) if chosen else []
    best, more_best = dashboard.best_runs(found)
    losses = dashboard.loss_curves(workspace)
    totals = dashboard.totals(workspace, found)
    context = {
        "totals": totals,
        "complete": found.complete,
        "count_lists": [
            ("Status", totals.by_status),
            ("Model type", totals.by_type),
            ("Architecture", totals.by_architecture),
        ],
        "window": dashboard.WINDOW,
        "latest": dashboard.latest(workspace),
        "headlines": dashboard.HEADLINES,
        "best": best,
        "more_best": more_best,
        "datasets": datasets,
        "chosen": chosen,
        "card": dashboard.model_card(runs),
        "time_charts": [dashboard_charts.over_time(runs, one) for one in dashboard.HEADLINES] if runs else [],
        "last_runs": dashboard_charts.last_runs(dashboard.last_runs(runs)),
        "losses": [(run, dashboard_charts.loss(run, epochs, place)) for place, (run, epochs) in enumerate(losses)],
        "allowed": allowed(request),
    }
    return render_page(request, "experiments/metrics.html", context)


def _chosen(text: str, datasets: list[tuple[uuid.UUID, str]]) -> tuple[uuid.UUID, str] | None:
    """The dataset of the address, else the one used last; None where no run is completed."""
    return next((one for one in datasets if str(one[0]) == text), datasets[0] if datasets else None)
