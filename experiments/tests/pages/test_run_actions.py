"""Stop, retry, delete, bring back: each only where the state allows it, and said in words."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from experiments.models import Experiment
from experiments.tests.pages import scenes
from mlopspro.accounts.models import AuditEntry


def post(client, name, run):
    return client.post(reverse(f"experiments:{name}", args=[run.pk]), follow=True)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_stopping_a_waiting_run_cancels_it_at_once(client, workspace, scientist):
    waiting = scenes.make_experiment(workspace, status="queued")
    assert "Cancelled before it started" in said(post(client, "experiment_stop", waiting))
    waiting.refresh_from_db()
    assert (waiting.status, waiting.stop_requested_by) == ("cancelled", scientist)
    assert AuditEntry.objects.filter(action="stop_training", actor=scientist).exists()


def test_stopping_a_running_run_asks_it_and_the_page_says_stopping(client, workspace):
    running = scenes.running_run(workspace)
    response = post(client, "experiment_stop", running)
    assert "Stopping" in response.content.decode()
    running.refresh_from_db()
    assert running.status == "running"
    assert running.stop_requested_at is not None


def test_stopping_an_ended_run_changes_nothing(client, run):
    assert "ended already" in said(post(client, "experiment_stop", run))
    run.refresh_from_db()
    assert run.status == "completed"


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_retry_queues_an_ended_run_again_and_keeps_its_epochs(client, workspace, status):
    ended = scenes.finished_run(workspace, status=status, failure_kind="error", failure_reason="broke")
    post(client, "experiment_retry", ended)
    ended.refresh_from_db()
    assert (ended.status, ended.attempt, ended.epochs.count()) == ("queued", 0, 5)


def test_retry_of_a_completed_run_is_refused_in_words(client, run):
    assert "only a failed or cancelled" in said(post(client, "experiment_retry", run))
    run.refresh_from_db()
    assert run.status == "completed"


def test_delete_is_soft_and_can_be_undone(client, run):
    post(client, "experiment_delete", run)
    assert client.get(reverse("experiments:experiment", args=[run.pk])).status_code == 404
    assert run.name not in client.get(reverse("experiments:experiments")).content.decode()
    assert run.name in client.get(reverse("experiments:experiments"), {"deleted": "1"}).content.decode()
    post(client, "experiment_restore", run)
    assert client.get(reverse("experiments:experiment", args=[run.pk])).status_code == 200


def test_a_run_in_progress_cannot_be_deleted(client, workspace):
    running = scenes.running_run(workspace)
    assert "stop it before" in said(post(client, "experiment_delete", running))
    assert Experiment.objects.get(pk=running.pk).deleted_at is None


def test_a_dataset_is_deleted_softly_its_runs_stay_and_it_comes_back(client, run):
    address = reverse("experiments:dataset", args=[run.dataset_id])
    client.post(reverse("experiments:dataset_delete", args=[run.dataset_id]))
    assert client.get(address).status_code == 404
    assert client.get(reverse("experiments:experiment", args=[run.pk])).status_code == 200
    client.post(reverse("experiments:dataset_restore", args=[run.dataset_id]))
    assert client.get(address).status_code == 200


def test_a_dataset_whose_name_was_taken_meanwhile_does_not_come_back(client, run, workspace):
    client.post(reverse("experiments:dataset_delete", args=[run.dataset_id]))
    scenes.make_dataset(workspace, name=run.dataset.name)
    response = client.post(reverse("experiments:dataset_restore", args=[run.dataset_id]), follow=True)
    assert "already" in said(response)
    run.dataset.refresh_from_db()
    assert run.dataset.deleted_at is not None


def test_asking_for_a_mirror_again_ends_its_pause(client, run):
    mirror = run.tracker_runs.get(tracker="mlflow")
    mirror.retry_at = timezone.now() + timezone.timedelta(hours=1)
    mirror.save()
    response = client.post(reverse("experiments:experiment_mirror_retry", args=[run.pk, "mlflow"]))
    assert response.status_code == 302
    mirror.refresh_from_db()
    assert mirror.retry_at is None
    assert client.post(reverse("experiments:experiment_mirror_retry", args=[run.pk, "spy"])).status_code == 404


def test_acting_on_a_run_keeps_the_open_tab(client, workspace):
    for tab, kept in (("log", "?tab=log"), ("https://evil.example", "")):
        running = scenes.running_run(workspace)
        response = client.post(reverse("experiments:experiment_stop", args=[running.pk]) + f"?tab={tab}")
        assert response["Location"] == reverse("experiments:experiment", args=[running.pk]) + kept
