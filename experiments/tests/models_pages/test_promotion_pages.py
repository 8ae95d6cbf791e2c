"""Promotion and rollback by page: what will happen is shown first, and what changed meanwhile is said."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from experiments.models import Deployment, ModelVersion, RegisteredModel, StageChange
from experiments.services import promotion
from experiments.tests.pages.html import fields
from experiments.tests.registered import make_run, make_version
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member

REASON = "The old one recommends what nobody can buy."


def sent(page: str) -> dict[str, str]:
    """What a browser sends of the page's form: boxes that are not ticked are left out."""
    return {name: value for name, value in fields(page).items() if value is not None}


def promote_url(version: ModelVersion) -> str:
    return reverse("experiments:model_promote", args=[version.model_id, version.pk])


def rollback_url(model: RegisteredModel) -> str:
    return reverse("experiments:model_rollback", args=[model.pk])


def stages(model: RegisteredModel) -> dict[str, str]:
    return {version.number: version.stage for version in model.versions.all()}


@pytest.fixture
def pair(workspace) -> list[ModelVersion]:
    """1.0.0, which is live, and a worse 2.0.0."""
    first = make_version(workspace, "Films")
    promotion.promote(first, actor=None)
    second = make_version(workspace, "Films", architecture="popularity")
    return [first, second]


def test_the_first_version_is_promoted_in_two_steps(client, workspace, engineer):
    version = make_version(workspace, "Films")
    page = client.get(promote_url(version))
    text = page.content.decode()
    assert "is the first version of Films in production" in text
    assert "Nothing speaks against it" in text
    assert stages(version.model) == {"1.0.0": "development"}, "looking changes nothing"
    done = client.post(promote_url(version), sent(text) | {"reason": "First one"}, follow=True)
    assert "Films 1.0.0 is in production." in done.content.decode()
    change = StageChange.objects.get(kind="promoted")
    assert (change.by, change.reason, change.forced, change.through) == (engineer, "First one", False, "page")


def test_blockers_stand_before_the_button_and_can_be_overruled_with_a_reason(client, pair):
    first, second = pair
    text = client.get(promote_url(second)).content.decode()
    assert text.index("What speaks against it") < text.index("Promote in spite of it")
    assert "takes the place of <strong>1.0.0</strong>" in text
    refused = client.post(promote_url(second), sent(text))
    assert refused.status_code == 409
    assert "Not done" in refused.content.decode()
    short = client.post(promote_url(second), sent(text) | {"force": "on", "reason": "because"})
    assert short.status_code == 422
    assert "at least 10 characters" in short.content.decode()
    assert "because</textarea>" in short.content.decode(), "what was typed is kept"
    assert stages(first.model) == {"1.0.0": "production", "2.0.0": "development"}
    client.post(promote_url(second), sent(text) | {"force": "on", "reason": REASON})
    assert stages(first.model) == {"1.0.0": "archived", "2.0.0": "production"}
    history = client.get(reverse("experiments:model_version", args=[second.model_id, second.pk])).content.decode()
    assert REASON in history
    assert "What spoke against it" in history


def test_rolling_back_names_the_version_and_brings_it_back(client, pair, engineer):
    first, second = pair
    promotion.promote(second, actor=None, force=True, reason=REASON)
    model = client.get(reverse("experiments:model", args=[first.model_id])).content.decode()
    assert "Roll back to 1.0.0" in model
    page = client.get(rollback_url(first.model)).content.decode()
    assert "<strong>1.0.0</strong> is in production again in the place of <strong>2.0.0</strong>" in page
    done = client.post(rollback_url(first.model), sent(page) | {"reason": "Sales fell."}, follow=True)
    assert "Films is back on 1.0.0." in done.content.decode()
    assert stages(first.model) == {"1.0.0": "production", "2.0.0": "archived"}
    assert Deployment.objects.filter(ended_at__isnull=True).get().started_by == engineer


@pytest.mark.parametrize("act", ["promote", "rollback"])
def test_of_two_people_the_second_is_told_what_changed_and_sees_a_fresh_page(client, pair, act):
    first, second = pair
    url = promote_url(second) if act == "promote" else rollback_url(first.model)
    third = make_version(first.model.workspace, first.model, architecture="popularity", seed=7)
    if act == "rollback":
        promotion.promote(second, actor=None, force=True, reason=REASON)
    mine = sent(client.get(url).content.decode()) | {"reason": REASON, "force": "on"}
    promotion.promote(third, actor=None, force=True, reason=REASON)
    before = stages(first.model)
    answer = client.post(url, mine)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert f"This changed meanwhile: version {third.number} is now in production" in text
    assert sent(text)["seen_champion"] == str(third.pk), "the fresh page is about what is live now"
    assert REASON in text, "what was typed is kept"
    assert stages(first.model) == before


def test_a_deleted_file_cannot_be_promoted_or_rolled_back_to(client, pair):
    _, second = pair
    file = second.files.first()
    file.file.unlink()
    text = client.get(promote_url(second)).content.decode()
    assert file.name in text
    assert "Cannot be overruled" in text
    assert "It cannot be promoted as things stand" in text
    gone = client.get(reverse("experiments:model_file", args=[second.model_id, second.pk, file.pk]), follow=True)
    assert "is not on this machine" in gone.content.decode()


def test_viewers_see_everything_and_are_told_why_not(viewer, pair):
    _, second = pair
    text = viewer.get(promote_url(second)).content.decode()
    assert "What speaks against it" in text
    assert "Your role does not promote models" in text
    assert "<textarea" not in text
    assert viewer.post(promote_url(second)).status_code == 403
    assert viewer.post(rollback_url(second.model)).status_code == 403


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"seen_champion": "x"},
        {"seen_champion": "none", "to": "moon"},
        {"seen_champion": "none", "reason": "a" * 20_000},
        {"seen_champion": "none", "reason": "\0"},
    ],
    ids=["nothing", "no id", "no stage", "too long", "no text"],
)
def test_bad_input_changes_nothing(client, workspace, given):
    version = make_version(workspace, "Films")
    for url in (promote_url(version), rollback_url(version.model)):
        assert client.post(url, given).status_code in (302, 409, 422)
    assert stages(version.model) == {"1.0.0": "development"}


def test_staging_archive_and_back(client, workspace):
    version = make_version(workspace, "Films")
    page = client.get(promote_url(version), {"to": "staging"}).content.decode()
    assert "stands in staging as the challenger" in page
    client.post(promote_url(version), sent(page))
    assert stages(version.model) == {"1.0.0": "staging"}
    move = reverse("experiments:model_move", args=[version.model_id, version.pk])
    stale = client.post(move, {"to": "archived", "stage": "development"}, follow=True).content.decode()
    assert "This changed meanwhile: 1.0.0 is now in staging" in stale
    client.post(move, {"to": "archived", "stage": "staging"})
    assert stages(version.model) == {"1.0.0": "archived"}
    nonsense = client.post(move, {"to": "moon"}, follow=True).content.decode()
    assert "is not known" in nonsense
    client.post(move, {"to": "development", "stage": "archived"})
    assert stages(version.model) == {"1.0.0": "development"}


def test_nothing_to_go_back_to(client, workspace):
    version = make_version(workspace, "Films")
    assert "There is nothing to go back to" in client.get(rollback_url(version.model)).content.decode()


def test_registering_proposes_a_number_with_its_reason(client, workspace, engineer):
    first = make_version(workspace, "Films")
    run = make_run(workspace, "item_knn", dataset=first.dataset, seed=9, name="again")
    url = reverse("experiments:model_register")
    page = client.get(url, {"run": run.pk}).content.decode()
    assert "<strong>1.0.1</strong> is proposed" in page
    assert "with another seed" in page
    choices = sent(page)
    assert (choices["model"], choices["part"]) == (str(first.model_id), "patch")
    done = client.post(url, choices | {"part": "minor", "notes": "A new seed."}, follow=True)
    made = done.context["version"]
    assert (made.number, made.notes, made.created_by) == ("1.1.0", "A new seed.", engineer)
    twice = client.get(url, {"run": run.pk}).content.decode()
    assert "is version 1.1.0 of Films already" in twice


def test_a_new_model_is_made_with_its_first_version(client, workspace):
    run = make_run(workspace)
    url = reverse("experiments:model_register")
    page = client.get(url, {"run": run.pk}).content.decode()
    assert "It becomes <strong>1.0.0</strong>" in page
    nameless = client.post(url, {"run": run.pk, "model": "new"})
    assert nameless.status_code == 422
    assert "A new model needs a name" in nameless.content.decode()
    done = client.post(url, {"run": run.pk, "model": "new", "model_name": "Films"}, follow=True)
    assert str(done.context["version"]) == "Films 1.0.0"


@pytest.mark.parametrize(
    ("fields_", "words"),
    [
        ({"status": "failed", "failure_reason": "broke"}, "is failed; accepted: completed runs"),
        ({"run_type": "eval"}, "is a run of the type evaluation"),
    ],
)
def test_why_a_run_cannot_be_registered(client, workspace, fields_, words):
    from experiments.tests.pages import scenes

    run = scenes.finished_run(workspace, **fields_)
    url = reverse("experiments:model_register")
    assert words in client.get(url, {"run": run.pk}).content.decode()
    assert client.post(url, {"run": run.pk, "model": "new", "model_name": "Films"}).status_code == 422
    assert not ModelVersion.objects.exists()


def test_without_a_run_the_page_offers_some(client, workspace, viewer):
    url = reverse("experiments:model_register")
    assert "No run can be registered" in client.get(url).content.decode()
    run = make_run(workspace, name="knn")
    assert f"?run={run.pk}" in client.get(url).content.decode()
    assert client.get(url, {"run": "17"}).status_code == 400
    assert "Your role does not register models" in viewer.get(url, {"run": run.pk}).content.decode()


def test_a_scientist_reads_and_does_not_promote(workspace, pair):
    scientist = browser(make_member(workspace, Role.SCIENTIST))
    assert scientist.get(promote_url(pair[1])).status_code == 200
    assert scientist.post(promote_url(pair[1]), {"seen_champion": str(pair[0].pk)}).status_code == 403


def test_two_versions_side_by_side(client, pair):
    first, _ = pair
    url = reverse("experiments:model_version_compare", args=[first.model_id])
    page = client.get(url).content.decode()
    assert "Films: 1.0.0 and 2.0.0" in page
    assert "Architecture" in page
    assert re.search(rf'hx-get="{url}\?a=[^"]+" hx-trigger="load"', page), "the verdict follows"
    verdict = client.get(url, {"verdict": "now"}).content.decode()
    assert "Paired, " in verdict
    assert client.get(url, {"a": "17"}).status_code == 400
    same = client.get(url, {"a": str(first.pk), "b": str(first.pk)}).content.decode()
    assert "Choose two different ones" in same


def test_what_the_gate_says_is_a_fragment(client, pair):
    _, second = pair
    url = reverse("experiments:model_gate", args=[second.model_id, second.pk])
    fragment = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "Gate not passed" in fragment
    assert client.get(url).url == promote_url(second)
