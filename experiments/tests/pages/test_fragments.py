"""What refreshes by itself: equal to the page's own part, silent when nothing changed, ended at the end."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from experiments.models import Experiment, LogLine
from experiments.tests.pages import scenes

HTMX = {"HX-Request": "true"}
END = 286


@pytest.fixture
def run(workspace):
    """One that is running: its finished siblings have nothing to refresh."""
    return scenes.running_run(workspace)


def fragment(client, name, run, **query):
    return client.get(reverse(f"experiments:experiment_{name}", args=[run.pk]), query, headers=HTMX)


def calm(html: str) -> str:
    """Without what differs between two requests anyway: tokens, spaces, and how long ago something was."""
    html = re.sub(r'<time[^>]*>[^<]*</time>|name="csrfmiddlewaretoken" value="[^"]*"|[\d.]+\u202fs left', "", html)
    return re.sub(r"\s+", " ", html).strip()


@pytest.mark.parametrize(("tab", "name"), [("overview", "status"), ("curves", "curves"), ("trackers", "mirrors")])
def test_a_fragment_is_the_part_of_the_page_it_replaces(client, run, tab, name):
    page = client.get(reverse("experiments:experiment", args=[run.pk]), {"tab": tab}).content.decode()
    seen = re.search(r"seen=([\w-]+)", page)[1]
    part = fragment(client, name, run, tab=tab, seen=seen).content.decode()
    assert calm(part)
    assert calm(part) in calm(page)


@pytest.mark.parametrize("name", ["status", "curves", "mirrors"])
def test_an_unchanged_fragment_is_not_sent_again(client, run, name):
    Experiment.objects.filter(pk=run.pk).update(phase="Evaluating", progress_done=0, progress_total=0)
    first = fragment(client, name, run, seen="running-1-0")
    address = reverse(f"experiments:experiment_{name}", args=[run.pk])
    again = client.get(address, {"seen": "running-1-0"}, headers=HTMX | {"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert not again.content


def test_a_new_epoch_is_sent(client, run):
    first = fragment(client, "curves", run)
    scenes.EpochMetrics.objects.create(experiment=run, epoch=4, recorded_at=timezone.now(), values={"train_loss": 0.1})
    address = reverse("experiments:experiment_curves", args=[run.pk])
    again = client.get(address, headers=HTMX | {"If-None-Match": first["ETag"]})
    assert again.status_code == 200
    assert again["ETag"] != first["ETag"]


def test_when_the_state_changes_buttons_and_tab_come_along_and_the_asking_ends(client, run):
    Experiment.objects.filter(pk=run.pk).update(status="completed", finished_at=timezone.now())
    scenes.add_metrics(run)
    response = fragment(client, "status", run, tab="overview", seen="running-1-0")
    html = response.content.decode()
    assert response.status_code == END
    assert 'id="run-actions" hx-swap-oob="true"' in html
    assert 'id="run-panel" hx-swap-oob="true"' in html
    assert "F1@10" in html
    assert "every 1500ms" not in html


def test_without_htmx_a_fragments_address_leads_to_the_page(client, run):
    for name, tab in (("curves", "curves"), ("log_lines", "log"), ("mirrors", "trackers")):
        response = client.get(reverse(f"experiments:experiment_{name}", args=[run.pk]))
        assert response["Location"] == reverse("experiments:experiment", args=[run.pk]) + f"?tab={tab}"


def test_the_log_sends_each_line_once(client, run):
    def write(text):
        return LogLine.objects.create(experiment=run, attempt=1, at=timezone.now(), message=text)

    first = write("the first line")
    html = fragment(client, "log_lines", run, after="0").content.decode()
    assert "the first line" in html
    assert f"after={first.pk}" in html
    write("the second line")
    html = fragment(client, "log_lines", run, after=str(first.pk)).content.decode()
    assert "the second line" in html
    assert "the first line" not in html


@pytest.mark.parametrize("after", ["x", "-1", "9" * 40, "1; DROP TABLE"])
def test_a_senseless_place_in_the_log_is_its_start(client, run, after):
    assert fragment(client, "log_lines", run, after=after).status_code == 200


def test_the_log_is_searched_in_the_database_and_found_text_is_inert(client, run):
    for text in ("<script>alert(1)</script>", "100% done", "nothing here"):
        LogLine.objects.create(experiment=run, attempt=1, at=timezone.now(), message=text)
    page = client.get(
        reverse("experiments:experiment", args=[run.pk]), {"tab": "log", "q": "<script>"}
    ).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
    assert "nothing here" not in page
    percent = client.get(reverse("experiments:experiment", args=[run.pk]), {"tab": "log", "q": "%"}).content.decode()
    assert "100% done" in percent
    assert "nothing here" not in percent


def test_rows_of_running_runs_refresh_and_then_stop(client, outsider, run):
    address = reverse("experiments:experiment_rows")
    shown = client.get(address, {"id": [str(run.pk), "not-an-id"]}, headers=HTMX)
    assert f'id="run-{run.pk}" hx-swap-oob="true"' in shown.content.decode()
    assert "every 2s" in shown.content.decode()
    assert str(run.pk) not in outsider.get(address, {"id": str(run.pk)}, headers=HTMX).content.decode()
    Experiment.objects.filter(pk=run.pk).update(status="completed", finished_at=timezone.now())
    ended = client.get(address, {"id": str(run.pk)}, headers=HTMX)
    assert ended.status_code == END
    assert "every 2s" not in ended.content.decode()


def test_a_lost_worker_is_told_apart_from_running(client, run):
    Experiment.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timezone.timedelta(minutes=5))
    html = fragment(client, "status", run, seen="running-1-0").content.decode()
    assert "Worker lost" in html


def test_the_place_in_the_queue_is_said(client, workspace):
    for _ in range(2):
        waiting = scenes.make_experiment(workspace, status="queued", queued_at=timezone.now())
    assert "Queued, 2nd in line" in fragment(client, "status", waiting, seen="queued-0-0").content.decode()
