"""Every page of datasets, training and experiments answers those it is for, and nobody else."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from experiments.tests.pages import scenes
from mlopspro.testing.people import browser

TABS = ("overview", "metrics", "curves", "diagnostics", "artifacts", "log", "trackers")
PLAIN = ("datasets", "dataset_import", "training", "experiments")


@pytest.mark.parametrize("name", PLAIN)
def test_page_without_any_data_answers_and_teaches(client, name):
    response = client.get(reverse(f"experiments:{name}"))
    assert response.status_code == 200
    assert b"<h1>" in response.content


@pytest.mark.parametrize("name", PLAIN)
def test_page_with_data_answers(client, run, workspace, scientist, name):
    scenes.running_run(workspace)
    scenes.draft_import(workspace, scientist)
    assert client.get(reverse(f"experiments:{name}")).status_code == 200


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("state", ["queued", "running", "completed", "failed", "cancelled"])
def test_every_tab_in_every_state(client, workspace, tab, state):
    fields = {
        "failed": {"failure_kind": "diverged", "failure_reason": "The loss became NaN in epoch 3."},
    }.get(state, {})
    make = {
        "queued": scenes.make_experiment,
        "running": scenes.running_run,
        "completed": scenes.finished_run,
        "failed": scenes.finished_run,
        "cancelled": scenes.finished_run,
    }[state]
    shown = make(workspace, status=state, **fields)
    response = client.get(reverse("experiments:experiment", args=[shown.pk]), {"tab": tab})
    assert response.status_code == 200
    assert shown.status_label in response.content.decode()


def test_unknown_tab_shows_the_overview(client, run):
    response = client.get(reverse("experiments:experiment", args=[run.pk]), {"tab": "../secrets"})
    assert response.context["tab"] == "overview"


@pytest.mark.parametrize("name", ["experiment", "dataset", "import"])
def test_unknown_and_foreign_objects_do_not_exist(client, outsider, run, workspace, scientist, name):
    pk = {
        "experiment": run.pk,
        "dataset": run.dataset_id,
        "import": scenes.draft_import(workspace, scientist).pk,
    }[name]
    assert client.get(reverse(f"experiments:{name}", args=[pk])).status_code == 200
    assert outsider.get(reverse(f"experiments:{name}", args=[pk])).status_code == 404
    assert client.get(reverse(f"experiments:{name}", args=[uuid.uuid4()])).status_code == 404
    assert client.get(f"/{name}s/not-an-id/").status_code == 404


def test_stranger_is_sent_to_sign_in(db):
    for name in PLAIN:
        response = browser().get(reverse(f"experiments:{name}"))
        assert response.status_code == 302
        assert "/accounts/login/" in response["Location"]


POSTS = (
    "experiment_stop",
    "experiment_retry",
    "experiment_delete",
    "dataset_delete",
    "import_confirm",
    "import_preview",
    "import_discard",
    "import_stop",
    "dataset_synthetic",
)


@pytest.mark.parametrize("name", POSTS)
def test_viewer_may_not_act_and_get_changes_nothing(client, viewer, run, workspace, scientist, name):
    draft = scenes.draft_import(workspace, scientist)
    pk = {"experiment": run.pk, "dataset": run.dataset_id, "import": draft.pk}[name.split("_")[0]]
    address = reverse(f"experiments:{name}", args=[] if name == "dataset_synthetic" else [pk])
    assert viewer.post(address).status_code == 403
    assert client.get(address).status_code == 405


def test_viewer_sees_no_button_that_would_be_refused(viewer, run):
    page = viewer.get(reverse("experiments:experiment", args=[run.pk])).content.decode()
    for word in ("Clone", "Delete run", "Retry"):
        assert word not in page


def test_posts_need_a_csrf_token(run, scientist):
    address = reverse("experiments:experiment_delete", args=[run.pk])
    assert browser(scientist, csrf=True).post(address).status_code == 403
    run.refresh_from_db()
    assert run.deleted_at is None
