"""Every completed run gets its values: old ones and new ones, once, whatever dies or doubles on the way."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pandas as pd
import pytest
from django.db import connection, transaction
from django.utils import timezone

from experiments.learning.custom_metrics import tables
from experiments.models import Artifact, CustomMetric, CustomMetricOutcome, Experiment, MetricValue, Origin
from experiments.services import custom_metrics, custom_values, locks, mirror_content, results
from experiments.services.custom_metrics import MetricChanges
from experiments.tasks import compute_custom_metrics
from experiments.tests.custom_metrics.runs import completed, define, measured, trained, users_of, value_of, with_figure
from experiments.tests.metrics.scenes import random_scene
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db
SECONDS = 60.0
FIGURE = "metrics.rated.f1_at_10 * 2"


def compute():
    return custom_values.compute_pending(SECONDS)


def outcomes(metric):
    return {outcome.experiment_id: outcome for outcome in metric.outcomes.all()}


def test_a_trained_run_gets_the_values_that_pandas_computes(workspace):
    run = trained(workspace)
    define(workspace)
    define(workspace, "rated: sum(hits_at_10) / sum(recommended_at_10)", "micro_precision")
    define(workspace, "catalogue: median(first_rank)", "usual_rank", higher_is_better=False)
    define(workspace, "metrics.rated.f1_at_10 / metrics.pointwise.rmse", "ratio")
    assert compute() == custom_values.Progress(1, more=False)
    catalogue, rated = users_of(run), users_of(run, "rated")
    chosen = catalogue.query("relevant >= 2")
    assert value_of(run) == pytest.approx(chosen["ndcg_at_10"].mean(), rel=1e-12)
    assert value_of(run, "micro_precision") == pytest.approx(
        rated["hits_at_10"].sum() / rated["recommended_at_10"].sum(), rel=1e-12
    )
    assert value_of(run, "usual_rank") == catalogue["first_rank"].median()
    figures = dict(MetricValue.objects.filter(experiment=run, segment="all").values_list("name", "value"))
    assert value_of(run, "ratio") == pytest.approx(run.metrics["rated"]["f1_at_10"] / figures["rmse"], rel=1e-12)
    row = MetricValue.objects.get(experiment=run, protocol="custom", name="usual_rank")
    assert (row.segment, row.k, row.higher_is_better, row.definition) == ("all", None, False, "1")
    assert (row.workspace_id, row.users_counted, row.users_left_out) == (workspace.pk, len(catalogue), 0)


def test_the_newest_runs_come_first_and_nothing_is_done_twice(workspace):
    runs = [with_figure(completed(workspace, age=age)) for age in (5, 1, 3)]
    metric = define(workspace, FIGURE)
    assert compute().runs == 3
    at = {pk: outcome.computed_at for pk, outcome in outcomes(metric).items()}
    assert sorted(runs, key=lambda run: at[run.pk]) == [runs[1], runs[2], runs[0]]
    assert [value_of(run) for run in runs] == [1.0, 1.0, 1.0]
    assert compute().runs == 0
    assert {pk: outcome.computed_at for pk, outcome in outcomes(metric).items()} == at


def test_runs_that_end_later_get_theirs_and_only_completed_ones_of_ours_do(workspace):
    metric = define(workspace, FIGURE)
    assert compute().runs == 0
    done = with_figure(completed(workspace))
    for fields in ({"status": "cancelled"}, {"status": "queued"}, {"origin": Origin.MLFLOW}):
        with_figure(completed(workspace, **fields))
    theirs = with_figure(completed(make_workspace()))
    assert compute().runs == 1
    assert set(outcomes(metric)) == {done.pk}
    assert value_of(theirs) is None


def test_files_from_before_counts_and_ranks_say_what_they_lack(workspace):
    run = measured(workspace)
    file = Artifact.objects.get(experiment=run, name="per_user.parquet").file
    table = pd.read_parquet(file)
    table[["user", "protocol", "segment", "ndcg_at_10"]].to_parquet(file)
    metric, plain = (
        define(workspace, "catalogue: mean(1 / first_rank)"),
        define(workspace, "mean(rated.ndcg_at_10)", "plain"),
    )
    compute()
    assert outcomes(metric)[run.pk].reason == (
        "needs first_rank, which this run's stored results do not have: train or evaluate again"
    )
    assert value_of(run) is None
    assert outcomes(plain)[run.pk].reason == ""
    assert value_of(run, "plain") == pytest.approx(users_of(run, "rated")["ndcg_at_10"].mean())


@pytest.mark.parametrize("damage", ["no artifact", "no file", "garbage"])
def test_a_run_whose_results_cannot_be_read_has_a_reason_and_holds_nobody_up(workspace, damage):
    broken, sound = measured(workspace), measured(workspace)
    artifact = Artifact.objects.get(experiment=broken, name="per_user.parquet")
    if damage == "no artifact":
        artifact.delete()
    elif damage == "no file":
        artifact.file.unlink()
    else:
        artifact.file.write_bytes(b"not parquet")
    metric = define(workspace)
    compute()
    assert "per-user results" in outcomes(metric)[broken.pk].reason
    assert value_of(sound) is not None


def test_a_fault_of_our_own_is_a_reason_too_and_trying_again_mends_it(workspace, monkeypatch):
    """The only reader of files breaks as no file can make it."""
    run, metric = measured(workspace), define(workspace)
    with monkeypatch.context() as patch:
        patch.setattr(tables, "_stored", lambda path: 1 / 0)
        compute()
    assert outcomes(metric)[run.pk].reason == custom_values.UNEXPECTED
    assert compute().runs == 0
    assert custom_metrics.try_again(metric, None) == 1
    assert compute().runs == 1
    assert value_of(run) is not None


def test_a_new_expression_is_a_new_version_and_its_old_values_are_shown_nowhere(workspace):
    runs = [with_figure(completed(workspace, age=age), 0.25) for age in range(3)]
    metric = define(workspace, FIGURE)
    compute()
    edited = custom_metrics.edit(metric, None, MetricChanges(expression="metrics.rated.f1_at_10 * 4"))
    assert edited.version == 2
    assert not MetricValue.objects.filter(protocol="custom").exists()
    assert compute().runs == 3
    assert [value_of(run) for run in runs] == [1.0, 1.0, 1.0]
    assert set(MetricValue.objects.filter(protocol="custom").values_list("definition", flat=True)) == {"2"}
    custom_metrics.edit(edited, None, MetricChanges(label="Other words", higher_is_better=False))
    assert compute().runs == 0
    assert not MetricValue.objects.filter(protocol="custom", higher_is_better=True).exists()


def test_an_archived_metric_leaves_every_list_and_comes_back(workspace):
    run, metric = with_figure(completed(workspace)), define(workspace, FIGURE)
    compute()
    custom_metrics.archive(metric, None)
    assert (value_of(run), compute().runs) == (None, 0)
    custom_metrics.restore(metric, None)
    assert compute().runs == 1
    assert value_of(run) == 1.0


def test_a_run_recorded_again_loses_its_values_and_gets_them_again(workspace):
    run = measured(workspace)
    metric = define(workspace)
    compute()
    first = value_of(run)
    with transaction.atomic():
        results.record(run, random_scene(92).evaluate(), [], run.folder)
    assert first is not None
    assert value_of(run) is None
    assert not CustomMetricOutcome.objects.filter(metric=metric).exists()
    assert compute().runs == 1
    assert outcomes(metric)[run.pk].reason == "its per-user results are not stored"


def test_trackers_are_told_the_figures_of_the_product_and_no_others(workspace):
    run = measured(workspace)
    before = mirror_content.figures_of(run)
    define(workspace)
    compute()
    assert value_of(run) is not None
    assert mirror_content.figures_of(run) == before


def test_what_is_changed_or_gone_by_the_time_it_is_written_is_not_written(workspace):
    run, metric = with_figure(completed(workspace)), define(workspace, FIGURE)
    stale = CustomMetric.objects.get(pk=metric.pk)
    custom_metrics.edit(metric, None, MetricChanges(expression="metrics.rated.f1_at_10 * 4"))
    custom_values.compute_run(run, [stale])
    assert (value_of(run), CustomMetricOutcome.objects.count()) == (None, 0)
    recorded_before = Experiment.objects.get(pk=run.pk)
    Experiment.objects.filter(pk=run.pk).update(finished_at=timezone.now())
    custom_values.compute_run(recorded_before, [CustomMetric.objects.get(pk=metric.pk)])
    assert CustomMetricOutcome.objects.count() == 0
    compute()
    assert value_of(run) == 2.0


def test_a_pass_that_is_cut_short_goes_on_where_it_was(workspace):
    for age in range(4):
        with_figure(completed(workspace, age=age))
    define(workspace, FIGURE)
    passes = []
    while not passes or passes[-1].more:
        passes.append(custom_values.compute_pending(0.0))
    assert sum(one.runs for one in passes) == 4
    assert MetricValue.objects.filter(protocol="custom").count() == 4


def test_the_task_delivered_twice_does_the_work_once(workspace):
    with_figure(completed(workspace))
    define(workspace, FIGURE)
    assert [compute_custom_metrics(), compute_custom_metrics()] == [1, 0]


@pytest.mark.django_db(transaction=True)
def test_while_one_process_computes_others_leave_it_alone(data_root):
    space = make_workspace()
    with_figure(completed(space))
    define(space, FIGURE)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, 0)", [locks.CUSTOM_METRICS])
        assert compute() == custom_values.Progress(0, more=False)
    finally:
        other.close()  # as the connection of a killed process: its lock goes with it
    with connection.cursor() as cursor:  # once the server has noticed
        cursor.execute("SELECT pg_advisory_lock(%s, 0), pg_advisory_unlock(%s, 0)", [locks.CUSTOM_METRICS] * 2)
    assert compute().runs == 1


SLOW = """
CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NEW; END';
CREATE TRIGGER pause BEFORE INSERT ON experiments_custommetricoutcome FOR EACH ROW EXECUTE FUNCTION pause();
"""
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


def ask(question):
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0] if cursor.description else None


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_of_writing_leaves_nothing_half_done(data_root):
    """The process dies between a run's value and its line in the ledger; a trigger keeps it there meanwhile."""
    space = make_workspace()
    run = with_figure(completed(space))
    metric = define(space, FIGURE)
    ask(SLOW)
    try:
        connection.close()
        worker = multiprocessing.get_context("fork").Process(target=compute)
        worker.start()
        while not ask(SLEEPING):
            time.sleep(0.02)
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        ask(f"SELECT pg_advisory_lock({locks.CUSTOM_METRICS}, 0), pg_advisory_unlock({locks.CUSTOM_METRICS}, 0)")
        assert (value_of(run), outcomes(metric)) == (None, {})
    finally:
        ask("DROP TRIGGER pause ON experiments_custommetricoutcome; DROP FUNCTION pause")
    assert [compute().runs, compute().runs] == [1, 0]
    assert (value_of(run), set(outcomes(metric))) == (1.0, {run.pk})


def test_a_sweep_with_nothing_to_do_asks_little(workspace, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):  # lock, metrics, unlock
        compute()
    define(workspace, FIGURE)
    for age in range(3):
        with_figure(completed(workspace, age=age))
    compute()
    with django_assert_max_num_queries(4):
        compute()


def test_ending_a_run_rings_only_where_metrics_are_defined_and_never_fails(workspace, monkeypatch):
    rung: list[str] = []
    monkeypatch.setattr(custom_values.queue.ringer, "ring", rung.append)
    run = completed(workspace)
    custom_values.tell_worker(run)
    assert rung == []
    define(workspace, FIGURE)
    custom_values.tell_worker(run)
    assert rung == ["custom_metrics"]

    def broken(kind):
        raise OSError("no broker")

    monkeypatch.setattr(custom_values.queue.ringer, "ring", broken)
    custom_values.tell_worker(run)
