"""Models on tables are launched, trained, judged and stored as recommenders are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.learning.families import ABOUT, Family
from experiments.learning.tabular.artifacts import load_table_scorer_from
from experiments.models import MetricValue
from experiments.services import launch
from experiments.services.spec import LaunchSpec, Refused
from experiments.tests.stored import stored_dataset
from experiments.tests.tables_stored import stored_table
from experiments.tests.trained import trained_run

TRAINED = [
    ("forecasting", "lag_ridge"),
    ("pricing", "log_log_elasticity"),
    ("next_best_action", "action_logistic"),
    ("location_scoring", "place_ridge"),
]


@pytest.mark.parametrize(("family", "architecture"), TRAINED)
def test_a_run_ends_with_figures_results_of_units_and_a_model_that_loads(workspace, family, architecture):
    run = trained_run(stored_table(workspace, family), "table run", architecture)
    about = ABOUT[Family(family)]
    assert (run.status, run.family, run.failure_reason) == ("completed", family, "")
    assert about.headline in run.metrics[about.protocol]
    headline = MetricValue.objects.get(experiment=run, protocol=about.protocol, name=about.headline, segment="all")
    assert headline.value is not None
    assert headline.naive is not None
    assert headline.value < headline.naive  # each family's headline is better when lower
    files = {row.name: row for row in run.artifacts.all()}
    units = pd.read_parquet(files["per_user.parquet"].file)
    assert set(units["protocol"]) == {about.protocol}
    assert units["user"].is_unique
    scorer = load_table_scorer_from(files["scorer.json"].file.parent, {name: row.sha256 for name, row in files.items()})
    assert scorer.config()["kind"]
    assert run.evaluation.details


def test_the_same_run_twice_gives_the_same_hash_and_figures(workspace):
    dataset = stored_table(workspace, "next_best_action")
    first, second = (trained_run(dataset, name, "action_logistic") for name in ("one", "two"))
    assert first.config_hash == second.config_hash
    assert first.metrics == second.metrics


def test_a_forecaster_is_kept_as_it_learnt_up_to_the_newest_day(workspace):
    dataset = stored_table(workspace, "forecasting")
    run = trained_run(dataset, "forecast", "seasonal_naive", split={"method": "rolling_origin", "folds": 2})
    files = {row.name: row for row in run.artifacts.all()}
    scorer = load_table_scorer_from(files["scorer.json"].file.parent, {n: row.sha256 for n, row in files.items()})
    table = pd.read_parquet(dataset.path / "table.parquet")
    time = dataset.roles["time"]
    ahead = table.groupby(dataset.roles["series"]).tail(1).copy()
    ahead[time] += pd.Timedelta(days=1)
    assert np.isfinite(scorer.predict(ahead)).all()
    assert run.dataset_statistics["folds"] == 2


def refusals(workspace, **asked):
    spec = LaunchSpec.model_validate({"trackers": [], **asked})
    with pytest.raises(Refused) as refused:
        launch.launch(workspace=workspace, actor=None, spec=spec, through="command")
    return {problem.field: problem.message for problem in refused.value.problems}


def test_an_architecture_of_another_family_is_refused_by_name(workspace):
    table = stored_table(workspace, "location_scoring")
    found = refusals(workspace, dataset=table.pk, architecture="hybrid")
    assert "recommendation" in found["architecture"]
    assert "place_ridge" in found["architecture"]
    interactions = stored_dataset(workspace, "Small synthetic")
    found = refusals(workspace, dataset=interactions.pk, architecture="place_ridge")
    assert "location scoring" in found["architecture"]
    assert "item_knn" in found["architecture"]


def test_a_split_that_a_family_lacks_is_refused_with_those_it_has(workspace):
    table = stored_table(workspace, "location_scoring")
    found = refusals(workspace, dataset=table.pk, architecture="place_ridge", split={"method": "time"})
    assert "spatial_blocks" in found["split.method"]


def test_roles_of_columns_that_are_not_there_are_refused(workspace):
    table = stored_table(workspace, "location_scoring")
    roles = table.roles | {"target": "height"}
    found = refusals(workspace, dataset=table.pk, architecture="place_ridge", roles=roles)
    assert "height" in found["roles"]
    found = refusals(workspace, dataset=table.pk, architecture="place_ridge", roles=table.roles | {"target": ""})
    assert "roles.target" in found


def test_other_roles_are_another_computation(workspace):
    table = stored_table(workspace, "location_scoring")
    plain = trained_run(table, "all", "place_ridge")
    fewer = table.roles | {"numeric": table.roles["numeric"][:1]}
    run = trained_run(table, "one column", "place_ridge", roles=fewer)
    assert run.preparation["roles"]["numeric"] == table.roles["numeric"][:1]
    assert run.config_hash != plain.config_hash
    assert run.metrics["spatial"]["rmse"] != plain.metrics["spatial"]["rmse"]
    assert trained_run(table, "as it is", "place_ridge", roles=table.roles).config_hash == plain.config_hash
