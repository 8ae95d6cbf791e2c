"""Mean and deviation over seeds beside a run's own figure."""

from __future__ import annotations

import datetime as dt
import statistics

import pytest
from django.utils import timezone

from experiments.learning.comparison.seeds import over_seeds
from experiments.query import parse
from experiments.selectors.comparison_seeds import repeats_of
from experiments.selectors.history import HistoryQuery, matching
from experiments.tests.factories import make_dataset
from experiments.tests.pages.compared import FIGURES, address, measured_run
from experiments.tests.pages.test_compare_page import text_of
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db
VALUES = (0.78, 0.8, 0.75, 0.79)
F1 = ("rated", "f1_at_10")


def repeated(workspace, values=VALUES, **fields):
    data = fields.pop("dataset", None) or make_dataset(workspace)
    return [
        measured_run(
            workspace, f"seed {seed}", {**FIGURES, F1: value}, dataset=data, seed=seed, settings_hash="a" * 64,
            config_hash=f"{seed}" * 64, **fields,
        )
        for seed, value in enumerate(values)
    ]  # fmt: skip


def test_mean_and_sample_deviation_of_completed_repeats(workspace):
    runs = repeated(workspace)
    spread = repeats_of(workspace, runs[:1])["a" * 64].spreads[F1]
    assert spread.count == len(VALUES)
    assert spread.mean == pytest.approx(statistics.fmean(VALUES), abs=1e-12)
    assert spread.deviation == pytest.approx(statistics.stdev(VALUES), abs=1e-12)
    assert spread.deviation == pytest.approx(over_seeds(VALUES).deviation, abs=1e-12)


def test_what_is_no_repeat_does_not_count(workspace):
    data = make_dataset(workspace)
    runs = repeated(workspace, dataset=data)
    same = {"dataset": data, "settings_hash": "a" * 64}
    measured_run(workspace, "the same seed again", {F1: 0.1}, config_hash="0" * 64, created_at=runs[0].created_at
                 - dt.timedelta(days=1), **same)  # fmt: skip
    measured_run(workspace, "deleted", {F1: 0.1}, config_hash="d" * 64, deleted_at=timezone.now(), **same)
    measured_run(workspace, "failed", {F1: 0.1}, config_hash="f" * 64, status="failed", failure_reason="x", **same)
    measured_run(make_workspace(), "of others", {F1: 0.1}, config_hash="e" * 64, settings_hash="a" * 64)
    measured_run(workspace, "other settings", {F1: 0.1}, dataset=data, settings_hash="b" * 64)
    found = repeats_of(workspace, runs[:1])
    assert found["a" * 64].spreads[F1].count == len(VALUES)
    assert set(found) == {"a" * 64}


def test_the_page_shows_them_and_leads_to_the_repeats(client, workspace):
    data = make_dataset(workspace)
    runs = repeated(workspace, dataset=data)
    other = measured_run(workspace, "other", dataset=data)
    page = client.get(address(runs[0], other))
    assert "0.780 ± 0.022 (4)" in text_of(page)
    ((one, count, history, repeats),) = page.context["repeats"]
    assert (one.name, count) == ("seed 0", 4)
    text = client.get(history).wsgi_request.GET["q"]
    assert parse(text)
    found = matching(workspace, HistoryQuery(text=text))
    assert {run.pk for run in found} == {run.pk for run in runs}
    assert client.get(repeats).context["selection"].is_enough
