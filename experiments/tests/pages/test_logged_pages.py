"""Pages and API of a run that somebody logged to MLflow: marked, readable, and nothing offered that cannot work."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from experiments.models import Experiment, TrackerHealth
from experiments.selectors import logged as logged_rows
from experiments.services.logged_run_files import place_of
from experiments.tests.factories import make_experiment
from experiments.tests.pages.test_query_budgets import SESSION, cost
from experiments.tests.tracking.logged_scenes import START, logged_run
from experiments.tracking.reader import LastValue

TABS = {"overview": 3, "metrics": 1, "curves": 1, "artifacts": 1}
ACTIONS = ("experiment_stop", "experiment_retry", "training")


@pytest.fixture
def run(workspace):
    return logged_run(workspace)


def page_of(client, run, tab="overview", **query):
    response = client.get(reverse("experiments:experiment", args=[run.pk]), {"tab": tab, **query})
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_says_where_the_run_comes_from(client, run, tab):
    page = page_of(client, run, tab)
    assert "Logged to MLflow" in page
    assert "by grace" in page
    assert run.logged.url in page
    for action in ACTIONS:
        address = reverse(f"experiments:{action}", args=[run.pk] if action != "training" else [])
        assert f'"{address}' not in page.replace('href="/training/"', ""), action


def test_tabs_of_our_own_runs_are_not_there(client, run):
    for tab in ("diagnostics", "log", "trackers"):
        answer = client.get(reverse("experiments:experiment", args=[run.pk]), {"tab": tab})
        assert (answer.status_code, answer.context["tab"]) == (200, "overview")
        assert "train_model" not in answer.content.decode()


def test_figures_never_stand_without_the_word(client, run):
    overview, metrics = page_of(client, run), page_of(client, run, "metrics")
    assert overview.count("as logged") >= 2
    assert "protocol not known" in metrics.lower()
    assert "Attained" not in metrics
    assert "val/loss" in metrics


def test_curves_come_a_page_at_a_time_and_say_that_they_are_thinned(client, workspace):
    from experiments.models import EpochMetrics

    run = logged_run(workspace, steps=1)
    EpochMetrics.objects.filter(experiment=run).delete()
    EpochMetrics.objects.bulk_create(
        EpochMetrics(
            experiment=run,
            epoch=step,
            values={f"metric {number:02}/x": step * 0.5 for number in range(30)},
            recorded_at=timezone.now(),
        )
        for step in range(2000)
    )
    response = client.get(reverse("experiments:experiment", args=[run.pk]), {"tab": "curves"})
    assert len(response.context["charts"]) == 12
    assert "1–12 of" in response.content.decode()
    assert "thinned" in response.content.decode()
    assert len(response.content) < 1_000_000
    last = client.get(reverse("experiments:experiment", args=[run.pk]), {"tab": "curves", "page": "3"})
    assert [chart.title for chart in last.context["charts"]][-1] == "metric 29/x"


def test_files_are_copies_or_links(client, run):
    artifact = run.artifacts.create(
        name="a/report.json", kind="logged", path=place_of(run, "a/report.json"), size_bytes=2, sha256="0" * 64
    )
    artifact.file.parent.mkdir(parents=True)
    artifact.file.write_text("{}")
    run.logged.files = [
        {"path": "a/report.json", "size_bytes": 2, "copied": True},
        {"path": "big file.bin", "size_bytes": 10**9, "copied": False},
        {"path": "../../etc/passwd", "size_bytes": 10, "copied": False},
    ]
    run.logged.save()
    page = page_of(client, run, "artifacts")
    assert reverse("experiments:artifact", args=[run.pk, artifact.pk]) in page
    assert f"{run.logged.url}/artifacts/big%20file.bin" in page
    assert "../../etc/passwd" in page
    preview = client.get(reverse("experiments:artifact_preview", args=[run.pk, artifact.pk]))
    assert preview.status_code == 200
    download = client.get(reverse("experiments:artifact", args=[run.pk, artifact.pk]))
    assert b"".join(download.streaming_content) == b"{}"


def test_hostile_names_stay_text(client, workspace):
    evil = '<img src=x onerror="alert(1)">'
    run = logged_run(
        workspace,
        name=evil,
        params={evil: evil},
        tags={evil: evil},
        person=evil,
        metrics={evil: LastValue(1.0, 0, START)},
    )
    for tab in TABS:
        assert "<img src=x" not in page_of(client, run, tab)


def test_a_page_says_when_mlflow_cannot_be_read(client, run):
    assert "cannot be read now" not in page_of(client, run)
    TrackerHealth.objects.create(tracker="mlflow", failures=2, last_error="MLflow cannot be reached")
    assert "MLflow cannot be reached. This is what was read" in page_of(client, run)


def test_a_running_one_is_looked_at_again_without_progress(client, workspace):
    run = logged_run(workspace, status="RUNNING", ended_at=None)
    page = page_of(client, run)
    assert 'hx-trigger="every 15s"' in page
    assert "run-progress" not in page
    status = client.get(reverse("experiments:experiment_status", args=[run.pk]), HTTP_HX_REQUEST="true")
    assert status.status_code == 200
    curves = client.get(reverse("experiments:experiment_curves", args=[run.pk]), HTTP_HX_REQUEST="true")
    assert b"val/loss" in curves.content


def test_a_nested_run_leads_to_its_parent(client, workspace, run):
    child = logged_run(workspace, name="child", tags={logged_rows.PARENT_TAG: run.logged.external_id})
    assert reverse("experiments:experiment", args=[run.pk]) in page_of(client, child)


@pytest.mark.parametrize("tab", TABS)
def test_a_page_costs_the_same_however_much_was_logged(client, workspace, tab):
    small, large = (
        logged_run(workspace),
        logged_run(
            workspace,
            steps=50,
            files=[{"path": f"f{n}", "size_bytes": 1, "copied": False} for n in range(100)],
            params={f"p{n}": str(n) for n in range(100)},
            metrics={f"m{n}": LastValue(n, 0, START) for n in range(100)},
        ),
    )
    address = [reverse("experiments:experiment", args=[run.pk]) for run in (small, large)]
    few, many = cost(client, address[0], tab=tab), cost(client, address[1], tab=tab)
    assert many == few <= SESSION + 3 + TABS[tab]


def test_the_history_finds_them_by_their_origin(client, workspace, run):
    make_experiment(workspace, name="ours")
    for query, names in (
        ("origin = mlflow", {"notebook run"}),
        ("origin = here", {"ours"}),
        ("", {"notebook run", "ours"}),
    ):
        page = client.get(reverse("experiments:experiments"), {"q": query}, follow=True).content.decode()
        assert {name for name in ("notebook run", "ours") if f">{name}</a>" in page} == names


def test_it_can_be_compared_with_ours(client, workspace, run):
    ours = make_experiment(workspace, name="ours", status="completed", finished_at=timezone.now())
    page = client.get(reverse("experiments:compare"), {"ids": f"{run.pk},{ours.pk}"})
    assert page.status_code == 200
    assert "notebook run" in page.content.decode()


def test_home_counts_only_our_own_work(client, workspace):
    logged_run(workspace, name="theirs running", status="RUNNING", ended_at=None)
    logged_run(workspace, name="theirs failed", status="FAILED")
    page = client.get(reverse("insights:home")).content.decode()
    assert "Nothing is running." in page
    assert "All quiet" in page
    assert "theirs failed" in page
    assert "logged to MLflow" in page


def test_the_api_tells_origin_and_no_dataset(client, run):
    answer = client.get(f"/api/experiments/{run.pk}").json()["data"]
    assert (answer["origin"], answer["dataset"], answer["seed"]) == ("mlflow", None, None)
    assert answer["mlflow_run_id"] == run.logged.external_id
    assert {metric["protocol"] for metric in answer["metric_values"]} == {"logged"}
    listed = client.get("/api/experiments").json()["data"]
    assert [row["mlflow_run_id"] for row in listed] == [run.logged.external_id]


def test_what_cannot_be_done_to_it_is_said(client, workspace, run):
    running = logged_run(workspace, status="RUNNING", ended_at=None)
    stop = client.post(reverse("experiments:experiment_stop", args=[running.pk]), follow=True).content.decode()
    assert "Stop it where it runs" in stop
    retry = client.post(reverse("experiments:experiment_retry", args=[run.pk]), follow=True).content.decode()
    assert "Run it again there" in retry
    clone = client.get(reverse("experiments:training"), {"clone": str(run.pk)})
    assert clone.status_code == 200
    assert "Only runs that were trained here can be cloned." in clone.content.decode()
    refused = client.post(f"/api/experiments/{running.pk}/stop")
    assert refused.status_code == 409
    assert "logged to MLflow" in refused.json()["detail"]
    assert set(Experiment.objects.values_list("status", flat=True)) == {"running", "completed"}


def test_it_can_be_deleted_and_brought_back_here_also_while_it_runs(client, workspace):
    run = logged_run(workspace, status="RUNNING", ended_at=None)
    client.post(reverse("experiments:experiment_delete", args=[run.pk]))
    assert Experiment.objects.get().deleted_at is not None
    client.post(reverse("experiments:experiment_restore", args=[run.pk]))
    assert Experiment.objects.get().deleted_at is None


def test_it_does_not_exist_in_another_workspace(outsider, run):
    assert outsider.get(reverse("experiments:experiment", args=[run.pk])).status_code == 404
