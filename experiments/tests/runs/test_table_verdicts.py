"""Completed runs on tables are held against each other as those of recommenders are, in words of their own."""

from __future__ import annotations

from experiments.learning.comparison.verdict import sentence
from experiments.services.verdicts import MetricChoice, evidence_of, judge, known
from experiments.tests.tables_stored import stored_table
from experiments.tests.trained import trained_run


def judged(dataset, metric, *architectures):
    """The verdict on two runs, and it again from the cache."""
    runs = [trained_run(dataset, f"run {place}", key) for place, key in enumerate(architectures)]
    found = judge(metric, runs, evidence_of(runs))
    kept = known(metric, runs, evidence_of(runs))
    assert kept is not None
    assert kept.comparison == found.comparison
    names = {str(run.pk): run.architecture for run in runs}
    return found.comparison.pairs[0], sentence(found.comparison.pairs[0], names, metric.name)


def test_the_better_model_of_places_is_called_so(workspace):
    dataset = stored_table(workspace, "location_scoring")
    pair, words = judged(dataset, MetricChoice("spatial", "rmse"), "mean_place", "place_ridge")
    assert words.startswith("place_ridge is better than mean_place on rmse by ")
    assert words.endswith(f"{pair.users} places).")


def test_weeks_of_a_single_series_are_called_weeks(workspace):
    dataset = stored_table(workspace, "forecasting", "One series", shops=1, products=1, days=250)
    pair, words = judged(dataset, MetricChoice("forecast", "mase"), "seasonal_naive", "lag_ridge")
    assert pair.outcome == "not_enough_data"
    assert f"{pair.users} weeks in common, at least 30 are needed" in words
