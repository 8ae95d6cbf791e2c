"""Curves of a comparison: thinned by the database, said so on the page, live while a run is active."""

from __future__ import annotations

import math

import pytest
from django.utils import timezone

from experiments.models import EpochMetrics
from experiments.selectors.comparison_curves import POINTS, curves_of
from experiments.tests.factories import make_dataset
from experiments.tests.pages.compared import add_epochs, address, measured_run
from experiments.tests.pages.scenes import running_run
from experiments.tests.pages.test_compare_page import HTMX, text_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("count", "best"), [(1, 1), (250, None), (251, 3), (1000, 333), (1003, 1002)])
def test_every_nth_epoch_is_drawn_with_the_first_the_best_and_the_last(workspace, count, best):
    run = measured_run(workspace, "long", best_epoch=best)
    add_epochs(run, count, train_loss=lambda epoch: 1 / epoch)
    found = curves_of([run])
    step = math.ceil(count / POINTS)
    wanted = {epoch for epoch in range(1, count + 1) if epoch % step == 0} | {1, count} | ({best} if best else set())
    assert [row.epoch for row in found.epochs[run.pk]] == sorted(wanted)
    assert bool(found.note) is (step > 1)
    assert found.at(run, "train_loss", best=False) == 1 / count
    assert found.at(run, "train_loss", best=True) == (1 / best if best else None)


def test_runs_of_unlike_length_are_thinned_each_in_its_own_way(client, workspace):
    short, long = (measured_run(workspace, name) for name in ("short", "long"))
    add_epochs(short, 40, train_loss=1.0)
    add_epochs(long, 1000, train_loss=lambda epoch: 1 / epoch, val_loss=2.0, gradient_norm=3.0)
    page = client.get(address(short, long))
    assert "Drawn is every 8th of 1 000 epochs, with the first, the best and the last." in text_of(page)
    loss = next(chart for chart in page.context["curves"] if chart.key == "curve-train_loss")
    assert [len(series.points) for series in loss.series] == [40, 126]
    assert [chart.key for chart in page.context["curves"]] == ["curve-train_loss", "curve-val_loss"]
    chosen = client.get(address(short, long, curve="gradient_norm"))
    assert [chart.key for chart in chosen.context["curves"]] == ["curve-gradient_norm"]


def test_time_axes_come_with_the_points(workspace, client):
    run, other = (measured_run(workspace, name) for name in ("one", "two"))
    add_epochs(run, 3, train_loss=1.0)
    series = client.get(address(run, other)).context["curves"][0].payload()["series"][0]
    first = EpochMetrics.objects.get(experiment=run, epoch=1).recorded_at.timestamp()
    assert series["also_at"]["seconds"] == [0, 1, 2]
    assert series["also_at"]["clock"] == [round(first), round(first + 1), round(first + 2)]


def test_losses_stand_in_the_table_at_the_last_or_the_best_epoch(client, workspace):
    data = make_dataset(workspace)
    runs = [measured_run(workspace, f"r{n}", dataset=data, best_epoch=2) for n in range(2)]
    for run in runs:
        add_epochs(run, 4, val_loss=lambda epoch: [0.9, 0.5, 0.6, 0.7][epoch - 1])
    losses = {}
    for epoch in ("last", "best"):
        rows = client.get(address(*runs, loss=epoch)).context["training"]
        losses[epoch] = next(row for row in rows if row.label == "Validation loss").cells[0][0]
    assert losses == {"last": "0.700", "best": "0.500"}


def test_while_a_run_is_active_runs_and_curves_refresh_and_its_end_brings_everything(client, workspace):
    done, active = measured_run(workspace, "done"), running_run(workspace)
    page = client.get(address(done, active))
    seen = page.context["seen"]
    where = address(done, active, part="live", seen=seen)
    assert f"seen={seen}" in page.content.decode()
    part = client.get(where, headers=HTMX)
    assert part.status_code == 200
    assert "HX-Retarget" not in part
    assert client.get(where, headers={**HTMX, "If-None-Match": part["ETag"]}).status_code == 304
    active.status, active.finished_at = "completed", timezone.now()
    active.save()
    everything = client.get(where, headers=HTMX)
    assert (everything.status_code, everything["HX-Retarget"]) == (286, "#compare-body")
    assert 'id="compare-metrics"' in everything.content.decode()
    assert "compare/live/" not in everything.content.decode()
