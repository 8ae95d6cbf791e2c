"""The share of lists that explore: set on the page, by the API and the command, by one service and its words."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from experiments.models import RegisteredModel
from experiments.tests.versions import make_model_row
from mlopspro.accounts.models import AuditEntry


@pytest.fixture
def model(workspace):
    return make_model_row(workspace)


def share_of(model) -> float:
    return RegisteredModel.objects.get(pk=model.pk).exploration


def test_the_page_says_what_it_costs_and_sets_it(client, model):
    page = reverse("experiments:model", args=[model.pk]) + "?tab=deployments"
    assert "one place, the last, is a random one of the 20" in client.get(page).content.decode()
    sent = client.post(reverse("experiments:model_exploration", args=[model.pk]), {"percent": "12.5", "reason": "next"})
    assert sent.url == page
    assert share_of(model) == 0.125
    assert AuditEntry.objects.get(action="change_exploration").reason == "next"
    after = client.get(page).content.decode()
    assert 'value="12.5"' in after


@pytest.mark.parametrize("typed", ["101", "-1", "much", ""])
def test_what_is_no_share_stands_beside_the_field(client, model, typed):
    answer = client.post(reverse("experiments:model_exploration", args=[model.pk]), {"percent": typed})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert share_of(model) == 0


def test_models_on_tables_have_no_such_card(client, workspace):
    shops = make_model_row(workspace, "Shops", family="pricing")
    page = client.get(reverse("experiments:model", args=[shops.pk]), {"tab": "deployments"}).content.decode()
    assert "Lists that explore" not in page
    sent = client.post(reverse("experiments:model_exploration", args=[shops.pk]), {"percent": "10"})
    assert sent.status_code == 422
    assert "only lists have a place to draw" in sent.content.decode()


def test_the_api_sets_it_and_shows_it(client, model):
    address = f"/api/ml-development/models/{model.pk}/traffic"
    sent = client.post(f"{address}/exploration", {"share": 0.2}, content_type="application/json")
    assert sent.json()["data"]["exploration"] == 0.2
    assert client.get(address).json()["data"]["exploration"] == 0.2
    for body, words in (({"share": 2}, "0 to 1"), ({}, "is missing")):
        refused = client.post(f"{address}/exploration", body, content_type="application/json")
        assert refused.status_code == 422
        assert words in refused.content.decode()


def test_the_command_sets_it_and_shows_it(model):
    out = io.StringIO()
    call_command("traffic", str(model.pk), "--exploration", "0.1", "--workspace", model.workspace.slug, stdout=out)
    assert "Of 0.1 of the champion's lists" in out.getvalue()
    assert share_of(model) == 0.1
    with pytest.raises(CommandError, match="0 to 1"):
        call_command("traffic", str(model.pk), "--exploration", "7", "--workspace", model.workspace.slug)
