"""Drift of raw rows, (detected, report): against SciPy, with Evidently's answer read, and by the command."""

from __future__ import annotations

import datetime as dt
import io
import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from scipy import stats

from monitoring.models import Source
from monitoring.stats import drift_report as made
from monitoring.tests.drift_pages.scene import make_reference
from monitoring.tests.windows_scene import put, row

NUMBERS = np.random.default_rng(3)
LETTERS = ["a", "b", "c"]


def sample(shift=0.0, n=2000, letters=LETTERS):
    return {
        "moves": NUMBERS.normal(shift, size=n),
        "stays": NUMBERS.normal(size=n),
        "letter": NUMBERS.choice(letters, n).astype(object),
    }


def test_numbers_are_compared_as_scipy_does_and_only_what_moved_is_named():
    reference, current = sample(), sample(0.5)
    detected, report = made.by_tests(reference, current)
    assert detected
    assert report["moved"] == ["moves"]
    for name in ("moves", "stays"):
        expected = stats.ks_2samp(reference[name], current[name], method="asymp")
        assert report["columns"][name]["value"] == pytest.approx(expected.statistic, abs=1e-12)
        assert report["columns"][name]["p_value"] == pytest.approx(expected.pvalue, rel=1e-6)


def test_a_category_that_was_never_seen_is_found_and_the_same_samples_are_not():
    reference = sample()
    assert made.by_tests(reference, sample(letters=[*LETTERS, "new"]))[1]["moved"] == ["letter"]
    assert made.by_tests(reference, sample())[0] is False


def test_a_column_that_is_empty_now_moves_nothing_and_no_column_is_refused():
    reference, current = sample(), sample()
    current["moves"] = np.full(2000, np.nan)
    assert made.by_tests(reference, current)[1]["columns"]["moves"]["p_value"] == 1.0
    with pytest.raises(ValueError, match="a column in common"):
        made.drift_report({"a": np.zeros(3)}, {"b": np.zeros(3)})
    with pytest.raises(ValueError, match="samples with rows"):
        made.drift_report({"a": np.zeros(3)}, {"a": np.zeros(0)})


def test_the_answer_of_evidently_is_read_as_it_writes_it():
    """As version 0.7.23 writes it."""

    def drift(column, method, threshold, value):
        kind = "evidently:metric_v2:ValueDrift"
        return {"config": {"type": kind, "column": column, "method": method, "threshold": threshold}, "value": value}

    document = {
        "metrics": [
            {"config": {"type": "evidently:metric_v2:DriftedColumnsCount", "drift_share": 0.5},
             "value": {"count": 2.0, "share": 2 / 3}},
            drift("a", "Wasserstein distance (normed)", 0.1, 1.06),
            drift("b", "Wasserstein distance (normed)", 0.1, 0.04),
            drift("c", "K-S p_value", 0.05, 0.01),
        ]
    }  # fmt: skip
    detected, report = made._read(document)
    assert detected
    assert report["moved"] == ["a", "c"]


@pytest.mark.django_db
def test_the_command_compares_the_live_version_with_its_pinned_stretch(version):
    source = Source.objects.create(
        workspace=version.model.workspace, model=version.model, version=version, role="champion"
    )
    now = timezone.now()
    for hours, score in ((30, 1.0), (2, 2.0)):
        scores = NUMBERS.normal(score, 0.1, 300)
        put(source, [row(now - dt.timedelta(hours=hours, seconds=at), items=["a"], scores=[float(one)])
                     for at, one in enumerate(scores)])  # fmt: skip
    make_reference(version, kind="pinned", start=now - dt.timedelta(hours=32), end=now - dt.timedelta(hours=29))
    out = io.StringIO()
    call_command("drift_report", model="Films", stdout=out)
    found = json.loads(out.getvalue())
    assert found["detected"]
    assert found["moved"] == ["scores"]
    with pytest.raises(CommandError, match="no model is called so"):
        call_command("drift_report", model="Nobody")
    with pytest.raises(CommandError, match="is not known"):
        call_command("drift_report", model="Films", period="1y")
