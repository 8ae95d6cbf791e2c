"""Pinned runs and the baseline: a person's own, on top of whatever is listed, compared only where that can be."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from experiments.models import Experiment, RunMark
from experiments.tests.pages import scenes
from experiments.tests.pages.table import F1, RMSE, measured, names, row, shown, text_of
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member

COLUMNS = f"{F1},{RMSE}"


@pytest.fixture
def dataset(workspace):
    return scenes.make_dataset(workspace, name="MovieLens")


@pytest.fixture
def runs(workspace, dataset):
    return [measured(workspace, dataset, name, f1=f1, rmse=rmse) for name, f1, rmse in (
        ("base", 0.5, 1.0), ("better", 0.6, 0.9), ("worse", 0.4, 1.1))]  # fmt: skip


def selected(client, act, runs, **more):
    address = reverse(f"experiments:selected_{act}")
    return client.post(address, {"run": [str(run.pk) for run in runs], **more}, follow=True)


def mark(client, act, run):
    return client.post(reverse(f"experiments:experiment_{act}", args=[run.pk]), follow=True)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_pinned_runs_stay_on_top_whatever_filter_and_order_and_stand_there_once(client, runs):
    mark(client, "pin", runs[2])
    assert names(shown(client, sort=f"-{F1}")) == ["worse", "better", "base"]
    response = shown(client, q="better")
    assert names(response) == ["worse", "better"]
    assert "pinned" in text_of(row(response, runs[2]))
    selected(client, "unpin", runs)
    assert names(shown(client, q="better")) == ["better"]


def test_up_to_twenty_runs_are_pinned_and_the_next_ones_not_at_all(client, workspace, dataset):
    many = [measured(workspace, dataset, f"run {number}") for number in range(23)]
    assert "20 runs pinned" in said(selected(client, "pin", many[:20]))
    assert "up to 20 can be pinned" in said(selected(client, "pin", many[20:]))
    assert "up to 20 can be pinned" in said(mark(client, "pin", many[20]))
    assert "Pinned already" in said(selected(client, "pin", many[:3]))
    assert RunMark.objects.count() == 20
    Experiment.objects.filter(pk=many[0].pk).update(deleted_at=timezone.now())
    assert "1 run pinned" in said(selected(client, "pin", many[20:21]))


def test_marks_are_a_persons_own(client, workspace, runs):
    mark(client, "pin", runs[0])
    mark(client, "baseline", runs[0])
    colleague = browser(make_member(workspace, Role.VIEWER))
    page = shown(colleague, q="better")
    assert names(page) == ["better"]
    assert "against" not in text_of(row(page, runs[1]))
    mark(colleague, "pin", runs[1])
    assert names(shown(client, q="base")) == ["base"]


def test_changes_from_the_baseline_are_told_as_better_and_worse(client, runs):
    mark(client, "baseline", runs[0])
    response = shown(client, columns=COLUMNS)
    assert names(response)[0] == "base"
    better, worse = row(response, runs[1]), row(response, runs[2])
    assert better.count("is-better") == 2
    assert "up 0.10, better against the baseline" in text_of(better)
    assert "down 0.10, better against the baseline" in text_of(better)
    assert worse.count("is-worse") == 2
    assert "is-better" not in row(response, runs[0])


def test_a_figure_that_one_of_them_lacks_has_no_change(client, workspace, dataset, runs):
    mark(client, "baseline", runs[0])
    half = measured(workspace, dataset, "half", f1=0.5)
    text = text_of(row(shown(client, columns=COLUMNS), half))
    assert text.count("against the baseline") == 1
    assert "no change against the baseline" in text


@pytest.mark.parametrize(
    ("fields", "mark_text", "words"),
    [
        ({"dataset": "Jester"}, "≠ data", "Jester here, MovieLens for the baseline"),
        ({"split": {"method": "random", "test_share": 0.2, "validation_share": 0.1, "seed": 7}}, "≠ split", "seed 7"),
        ({"split": {"method": "time", "test_share": 0.2}}, "≠ split", "split time"),
    ],
)
def test_other_data_is_marked_and_calls_nothing_better(client, workspace, dataset, runs, fields, mark_text, words):
    mark(client, "baseline", runs[0])
    if "dataset" in fields:
        fields = {"dataset": scenes.make_dataset(workspace, name=fields["dataset"])}
    other = measured(workspace, **({"dataset": dataset, "name": "other", "f1": 0.9, "rmse": 0.1} | fields))
    markup = row(shown(client, columns=COLUMNS), other)
    assert text_of(markup).count(mark_text) == 2
    assert words in text_of(markup)
    assert "is-better" not in markup
    assert "is-worse" not in markup


def test_there_is_one_baseline_and_a_new_one_takes_its_place(client, runs):
    mark(client, "baseline", runs[0])
    selected(client, "baseline", runs[1:2])
    assert shown(client).context["baseline"] == runs[1]
    mark(client, "clear_baseline", runs[0])
    assert shown(client).context["baseline"] == runs[1]
    mark(client, "clear_baseline", runs[1])
    assert shown(client).context["baseline"] is None


def test_a_baseline_needs_exactly_one_run(client, runs):
    assert "one baseline at a time" in said(selected(client, "baseline", runs))
    assert "Tick at least one run" in said(selected(client, "baseline", []))
    assert not RunMark.objects.exists()


def test_a_deleted_run_is_no_mark_until_it_is_back(client, runs):
    mark(client, "pin", runs[0])
    mark(client, "baseline", runs[0])
    Experiment.objects.filter(pk=runs[0].pk).update(deleted_at=timezone.now())
    assert names(shown(client)) == ["worse", "better"]
    assert names(shown(client, deleted="1")) == []
    Experiment.objects.filter(pk=runs[0].pk).update(deleted_at=None)
    assert names(shown(client))[0] == "base"


def test_runs_of_other_workspaces_cannot_be_marked(outsider, runs):
    selected(outsider, "pin", runs)
    assert mark(outsider, "pin", runs[0]).status_code == 404
    assert mark(outsider, "baseline", runs[0]).status_code == 404
    assert not RunMark.objects.exists()
