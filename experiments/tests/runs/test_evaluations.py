"""A trained model judged again: the same figures on the same data, never on what it learnt from, cold ones counted."""

from __future__ import annotations

import pandas as pd
import pytest

from experiments.models import Artifact, MetricValue
from experiments.services import launch
from experiments.services.spec import LaunchSpec, Refused
from experiments.tests.stored import stored_dataset
from experiments.tests.tables_stored import stored_table
from experiments.tests.trained import trained_run


def figures(run):
    rows = MetricValue.objects.filter(experiment=run).values_list("protocol", "name", "segment", "value")
    return {key: value for *key, value in rows for key in [tuple(key)]}


def evaluated(source, dataset=None, **asked):
    return trained_run(dataset or source.dataset, "judged again", "", run_type="eval", evaluates=source.pk, **asked)


@pytest.mark.parametrize("architecture", ["item_knn", "ease"])
def test_on_its_own_data_and_split_it_gets_its_own_figures(workspace, architecture):
    source = trained_run(stored_dataset(workspace, "Small synthetic"), "source", architecture)
    run = evaluated(source)
    assert (run.run_type, run.status, run.evaluates_id) == ("eval", "completed", source.pk)
    ours, theirs = figures(run), figures(source)
    assert ours.keys() == theirs.keys()
    assert all(ours[key] == pytest.approx(theirs[key], rel=1e-6) for key in ours if theirs[key] is not None)
    assert run.dataset_statistics["learnt_left_out"] == 0
    assert run.config_hash != source.config_hash
    assert "scorer.safetensors" not in set(run.artifacts.values_list("name", flat=True))


def test_rows_it_learnt_from_are_left_out_and_counted(workspace):
    dataset = stored_dataset(workspace, "Small synthetic")
    source = trained_run(dataset, "source", "item_knn")
    run = evaluated(source, split={"method": "random", "test_share": 0.5, "seed": 7})
    said = run.dataset_statistics
    assert said["learnt_left_out"] > 0
    # Of a random half, about 8 in 10 rows were in the training or validation part of the other split.
    assert said["num_test"] + said["learnt_left_out"] == round(dataset.num_interactions * 0.5)
    assert 0.7 < said["learnt_left_out"] / (dataset.num_interactions * 0.5) < 0.9


def test_on_other_data_users_and_items_are_found_by_id_and_others_are_cold(workspace):
    source = trained_run(stored_dataset(workspace, "Small synthetic"), "source", "item_knn")
    larger = stored_dataset(workspace, "More users", seed=1, users=150, items=70, interactions=4_000)
    run = evaluated(source, larger)
    assert run.status == "completed", run.failure_reason
    assert run.dataset_id == larger.pk
    assert run.dataset_statistics["cold_users"] > 0
    assert run.dataset_statistics["cold_items"] > 0
    users = pd.read_parquet(run.artifacts.get(name="per_user.parquet").file)["user"]
    assert users.max() >= 120  # codes are those of the data that is judged


def test_a_model_whose_file_was_changed_is_not_judged(workspace):
    source = trained_run(stored_dataset(workspace, "Small synthetic"), "source", "popularity")
    file = Artifact.objects.get(experiment=source, name="scorer.safetensors").file
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    launched = launch.launch(
        workspace=workspace,
        actor=None,
        spec=LaunchSpec(dataset=source.dataset_id, run_type="eval", evaluates=source.pk, trackers=[]),
        through="command",
    )
    from experiments.tests.runs.carried import carried_out

    run = carried_out(launched)
    assert (run.status, run.failure_kind) == ("failed", "bad_input")
    assert "SHA-256" in run.failure_reason


def test_a_table_model_gets_its_own_figures_again(workspace):
    source = trained_run(stored_table(workspace, "location_scoring"), "source", "place_ridge")
    run = evaluated(source)
    ours, theirs = figures(run), figures(source)
    assert all(ours[key] == pytest.approx(theirs[key]) for key in ours if theirs[key] is not None)


def test_a_forecaster_has_learnt_all_days_so_nothing_is_left(workspace):
    from experiments.tests.runs.carried import carried_out

    source = trained_run(stored_table(workspace, "forecasting"), "source", "seasonal_naive")
    spec = LaunchSpec(dataset=source.dataset_id, run_type="eval", evaluates=source.pk, trackers=[])
    run = carried_out(launch.launch(workspace=workspace, actor=None, spec=spec, through="command"))
    assert (run.status, run.failure_kind) == ("failed", "bad_input")
    assert "newer data" in run.failure_reason


def test_on_newer_days_a_forecaster_is_judged_by_those_alone(workspace):
    source = trained_run(stored_table(workspace, "forecasting"), "source", "seasonal_naive")
    newer = stored_table(workspace, "forecasting", "Newer days", days=271)
    run = evaluated(source, newer)
    assert run.status == "completed", run.failure_reason
    # 21 newer days of 4 series; the folds test the last 42 days.
    assert run.dataset_statistics["num_test"] == 21 * 4
    assert run.dataset_statistics["learnt_left_out"] == 21 * 4


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ({}, "evaluates", "needs the training run"),
        ({"evaluates": "00000000-0000-4000-8000-000000000000"}, "evaluates", "no run"),
    ],
)
def test_an_evaluation_needs_a_run_of_this_workspace(workspace, asked, field, words):
    dataset = stored_dataset(workspace, "Small synthetic")
    spec = LaunchSpec.model_validate({"dataset": dataset.pk, "run_type": "eval", "trackers": [], **asked})
    with pytest.raises(Refused) as refused:
        launch.launch(workspace=workspace, actor=None, spec=spec, through="command")
    assert {problem.field for problem in refused.value.problems} == {field}
    assert words in str(refused.value)


def test_what_the_evaluated_run_says_cannot_be_changed_and_data_of_another_family_is_refused(workspace):
    source = trained_run(stored_dataset(workspace, "Small synthetic"), "source", "item_knn")
    table = stored_table(workspace, "location_scoring")
    base = {"run_type": "eval", "evaluates": source.pk, "trackers": []}
    for asked, field in (
        ({"dataset": source.dataset_id, "parameters": {"neighbours": 3}}, "parameters.neighbours"),
        ({"dataset": source.dataset_id, "architecture": "ease"}, "architecture"),
        ({"dataset": table.pk}, "architecture"),
        ({"dataset": source.dataset_id, "register_as": "00000000-0000-4000-8000-000000000000"}, "register_as"),
    ):
        with pytest.raises(Refused) as refused:
            launch.launch(
                workspace=workspace, actor=None, spec=LaunchSpec.model_validate(base | asked), through="command"
            )
        assert field in {problem.field for problem in refused.value.problems}, asked
