"""The driver on the real PostgreSQL: rounds may be repeated, cut off anywhere and run beside each other."""

from __future__ import annotations

import optuna
import pytest
import sqlalchemy
from django.db import connection

from experiments.models import Experiment, JobStatus, Search
from experiments.services import launch, search_study, searches
from experiments.tests.searches.driven import begun, complete, runs_of, states_of, study_of, to_the_end
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import make_member


def test_a_search_runs_its_trials_in_parallel_and_ends_with_the_best(dataset):
    search = to_the_end(begun(dataset, trials=5, parallel=2))
    assert search.status == JobStatus.COMPLETED
    runs = runs_of(search)
    assert [run.trial for run in runs] == [0, 1, 2, 3, 4]
    assert {run.status for run in runs} == {JobStatus.COMPLETED}
    assert states_of(search) == ["COMPLETE"] * 5
    with study_of(search) as study:
        told = [trial.value for trial in study.get_trials()]
    kept = [run.metric_values.get(protocol="validation", name="ndcg_at_10").value for run in runs]
    assert told == pytest.approx(kept)
    assert all(run.metric_values.filter(protocol="catalogue", segment="all").exists() for run in runs)


def test_the_first_trial_is_what_one_starts_from(dataset):
    search = begun(dataset, parameters={"neighbours": 50, "shrinkage": 20.0})
    searches.advance(search)
    first, second = runs_of(search)
    assert (first.parameters["neighbours"], first.parameters["shrinkage"]) == (50, 20.0)
    assert second.parameters["neighbours"] != 50
    assert first.parameters["amplification"] == second.parameters["amplification"], "not searched, so in common"


def test_what_one_starts_from_is_left_out_where_the_space_does_not_hold_it(dataset):
    search = begun(dataset, parameters={"neighbours": 5000})
    searches.advance(search)
    assert all(run.parameters["neighbours"] <= 200 for run in runs_of(search))


def test_no_more_run_at_a_time_than_asked_however_often_it_is_advanced(dataset):
    search = begun(dataset, trials=6, parallel=3)
    for _ in range(4):
        searches.advance(search)
    assert len(runs_of(search)) == 3
    complete(runs_of(search)[1], 0.4)
    for _ in range(3):
        searches.advance(search)
    assert len(runs_of(search)) == 4
    assert states_of(search) == ["RUNNING", "COMPLETE", "RUNNING", "RUNNING"]


def test_killed_between_asking_and_launching_the_same_trial_is_launched_again(dataset, monkeypatch):
    search = begun(dataset, trials=3, parallel=1)
    searches.advance(search)
    complete(runs_of(search)[0], 0.3)

    def killed(**_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(launch, "launch", killed)
        with pytest.raises(KeyboardInterrupt):
            searches.advance(search)
    with study_of(search) as study:
        drawn = study.get_trials()[1].params
    assert states_of(search) == ["COMPLETE", "RUNNING"]
    assert len(runs_of(search)) == 1
    searches.advance(search)
    second = runs_of(search)[1]
    assert second.trial == 1
    assert {name: second.parameters[name] for name in drawn} == pytest.approx(drawn, rel=1e-3)
    complete(second, 0.2)
    assert to_the_end(search).status == JobStatus.COMPLETED
    assert len(runs_of(search)) == 3
    assert len(states_of(search)) == 3


def test_killed_while_values_are_drawn_the_rest_is_drawn_later(dataset):
    search = begun(dataset, trials=2, parallel=2)
    with study_of(search) as study:
        study.ask().suggest_int("neighbours", 5, 200, log=True)
    searches.advance(search)
    runs = runs_of(search)
    with study_of(search) as study:
        assert runs[0].parameters["neighbours"] == study.get_trials()[0].params["neighbours"]
    assert len(runs) == 2
    assert len(states_of(search)) == 2


def test_optunas_tables_lost_trials_are_entered_again_from_our_rows(dataset):
    search = begun(dataset, trials=4, parallel=2)
    searches.advance(search)
    complete(runs_of(search)[0], 0.3)
    searches.advance(search)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM optuna.studies WHERE study_name = %s", [search.study])
        assert cursor.fetchone()[0] == 1
    with study_of(search) as study:
        study._storage.delete_study(study._study_id)
    complete(runs_of(search)[1], 0.5)
    searches.advance(search)
    assert states_of(search)[:3] == ["COMPLETE", "COMPLETE", "RUNNING"]
    with study_of(search) as study:
        assert [trial.value for trial in study.get_trials()[:2]] == [0.3, 0.5]
        assert study.get_trials()[0].params["neighbours"] == runs_of(search)[0].parameters["neighbours"]
    for run in runs_of(search):
        if run.status == JobStatus.QUEUED:
            complete(run, 0.1)
    assert to_the_end(search).status == JobStatus.COMPLETED
    assert [run.trial for run in runs_of(search)] == [0, 1, 2, 3]


def test_the_whole_schema_may_vanish_and_is_made_again(dataset):
    search = begun(dataset, trials=2, parallel=1)
    searches.advance(search)
    engine = sqlalchemy.create_engine(
        search_study.URL, connect_args=search_study.connection_arguments(), poolclass=sqlalchemy.NullPool
    )
    with engine.begin() as database:
        database.execute(sqlalchemy.text("DROP SCHEMA optuna CASCADE"))
    with pytest.raises(optuna.exceptions.StorageInternalError):
        searches.advance(search)
    searches.advance(search)
    assert states_of(search) == ["RUNNING"]


def test_a_trial_that_fails_is_counted_and_the_search_goes_on(dataset):
    search = begun(dataset, trials=3, parallel=1)
    for value in (None, 0.2, None):
        searches.advance(search)
        complete(runs_of(search)[-1], value)
    searches.advance(search)
    search.refresh_from_db()
    assert states_of(search) == ["FAIL", "COMPLETE", "FAIL"]
    assert search.status == JobStatus.COMPLETED
    assert len(runs_of(search)) == 3


def test_a_search_whose_first_trials_all_fail_is_stopped_and_says_why(dataset):
    search = begun(dataset, trials=50, parallel=2)
    for _ in range(8):
        searches.advance(search)
        for run in runs_of(search):
            if run.status == JobStatus.QUEUED:
                complete(run, None)
    search.refresh_from_db()
    assert search.status == JobStatus.FAILED
    assert "first 5 trials all failed" in search.reason
    assert "Diverged" in search.reason
    assert len(runs_of(search)) <= 6


def test_stopping_ends_waiting_trials_and_launches_no_more(dataset):
    person = make_member(dataset.workspace, Role.SCIENTIST)
    search = begun(dataset, actor=person, trials=9, parallel=2)
    searches.advance(search)
    complete(runs_of(search)[0], 0.2)
    searches.stop(search, person)
    searches.advance(search)
    search.refresh_from_db()
    assert search.status == JobStatus.CANCELLED
    assert str(person) in search.reason
    assert [run.status for run in runs_of(search)] == [JobStatus.COMPLETED, JobStatus.CANCELLED]
    assert states_of(search) == ["COMPLETE", "FAIL"]


def test_a_running_trial_of_a_stopped_search_is_waited_for(dataset):
    person = make_member(dataset.workspace, Role.SCIENTIST)
    search = begun(dataset, actor=person, trials=9, parallel=1)
    searches.advance(search)
    Experiment.objects.filter(search=search).update(status=JobStatus.RUNNING)
    searches.stop(search, person)
    searches.advance(search)
    search.refresh_from_db()
    assert searches.is_stopping(search)
    assert runs_of(search)[0].stop_requested_at is not None
    Experiment.objects.filter(search=search).update(status=JobStatus.CANCELLED, finished_at=search.created_at)
    searches.advance(search)
    search.refresh_from_db()
    assert search.status == JobStatus.CANCELLED


def test_a_full_queue_delays_a_search_and_loses_nothing(dataset, settings):
    settings.JOB_QUEUE_LIMIT = 1
    search = begun(dataset, trials=3, parallel=3)
    for _ in range(3):
        searches.advance(search)
    assert len(runs_of(search)) == 1
    assert len(states_of(search)) == 2, "the second was asked for once and waits"
    settings.JOB_QUEUE_LIMIT = 100
    searches.advance(search)
    assert [run.trial for run in runs_of(search)] == [0, 1, 2]


def test_who_may_not_train_any_more_ends_their_search(dataset):
    person = make_member(dataset.workspace, Role.SCIENTIST)
    search = begun(dataset, actor=person)
    person.memberships.update(role=Role.VIEWER)
    search = Search.objects.get(pk=search.pk)
    searches.advance(search)
    search.refresh_from_db()
    assert search.status == JobStatus.FAILED
    assert "may not launch training" in search.reason


def test_values_that_are_refused_are_a_failed_trial(dataset):
    search = begun(dataset, trials=2, parallel=1)
    Search.objects.filter(pk=search.pk).update(parameters=search.parameters | {"damping": -1.0})
    for _ in range(3):
        searches.advance(search)
    search.refresh_from_db()
    assert search.status == JobStatus.FAILED
    assert [run.trial for run in runs_of(search)] == [0, 1]
    assert all("damping" in run.failure_reason for run in runs_of(search))
    assert states_of(search) == ["FAIL", "FAIL"]


def test_what_goes_wrong_with_one_search_holds_up_no_other(dataset):
    broken, whole = begun(dataset), begun(dataset)
    Search.objects.filter(pk=broken.pk).update(split={"method": "nonsense"})
    searches.advance_all()
    assert len(runs_of(whole)) == 2


@pytest.mark.parametrize("sampler", ["tpe", "random", "even"])
def test_the_same_seed_draws_the_same_trials(dataset, sampler):
    drawn = []
    for _ in range(2):
        search = begun(dataset, sampler=sampler, trials=6, parallel=1, seed=7)
        for number in range(6):
            searches.advance(search)
            run = runs_of(search)[-1]
            assert run.trial == number
            complete(run, run.parameters["shrinkage"] / 100)
        drawn.append([(run.parameters["neighbours"], run.parameters["shrinkage"]) for run in runs_of(search)])
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) == 6
