"""The page that asks a live model, and the traffic of a model on its page: what is shown, refused and changed."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.models import Deployment
from experiments.services import traffic
from experiments.services.serving_files import catalogue_of
from experiments.tests.registered import make_version
from experiments.tests.tables_stored import stored_table
from mlopspro.accounts.permissions import Role
from mlopspro.serving.tests.conftest import live_version, put_live
from mlopspro.testing.people import browser, make_member

PAGE = "/recommend/"


@pytest.fixture
def client(engineer):
    return browser(engineer)


def text(answer) -> str:
    return answer.content.decode()


def test_nothing_in_production_is_said_with_the_next_step(client):
    answer = client.get(PAGE)
    assert answer.status_code == 200
    assert "Nothing is in production" in text(answer)
    assert 'href="/models/"' in text(answer)


def test_a_known_and_an_unknown_user(client, workspace):
    version = live_version(workspace)
    user = catalogue_of(version).examples(1)[0]
    shown = text(client.get(PAGE, {"user": user, "n": 3, "explain": "on"}))
    assert f"List of {user}" in shown
    assert version.number in shown
    assert "explain-bar" in shown
    assert f"/api/recommend/{user}?n=3" in shown
    assert "popular" not in shown.split("List of")[0].split("Ask</")[-1]
    assert "Nobody knows this user" in text(client.get(PAGE, {"user": "nobody-new"}))


@pytest.mark.parametrize(
    ("query", "words"), [({"user": ""}, "required"), ({"user": "1", "n": "101"}, "less than or equal")]
)
def test_what_is_wrong_stands_at_its_field(client, workspace, query, words):
    live_version(workspace)
    answer = client.get(PAGE, query)
    assert answer.status_code == 422
    assert words in text(answer)


def test_names_cannot_bring_their_own_markup(client, workspace):
    live_version(workspace)
    assert "<script>alert" not in text(
        client.get(PAGE, {"user": "<script>alert(1)</script>", "model": "<script>alert(2)"})
    )


def test_a_row_of_a_table_is_answered_and_a_wrong_one_is_not(client, workspace):
    live_version(workspace, "Shops", dataset=stored_table(workspace, "pricing"), architecture="log_log_elasticity")
    page = client.get(PAGE)
    inputs = page.context["form"].inputs
    row = {}
    for place, column in enumerate(inputs.columns):
        row[f"column-{place}"] = {"number": "2.5", "time": "2026-11-21", "text": "tea"}[column.kind]
    answer = client.post(PAGE, row)
    assert answer.status_code == 200
    assert "Expected quantity" in text(answer)
    assert "/api/predict/Shops" in text(answer)
    price = next(f"column-{place}" for place, column in enumerate(inputs.columns) if column.name == "price")
    wrong = client.post(PAGE, {**row, price: "-1"})
    assert wrong.status_code == 422
    assert "above 0" in text(wrong)
    assert client.post(PAGE, {**row, price: ""}).status_code == 422


def test_a_version_that_cannot_be_loaded_is_said_on_both_pages(client, workspace):
    first = live_version(workspace)
    second = make_version(workspace, "Films", architecture="ease")
    put_live(second)
    (second.path / "serving.safetensors").unlink()
    assert "cannot be loaded" in text(client.get(PAGE))
    shown = text(client.get(PAGE, {"user": "1"}))
    assert "A stand-in answered" in shown
    assert first.number in shown
    assert "cannot be loaded" in text(client.get(f"/models/{first.model_id}/", {"tab": "deployments"}))


def test_a_viewer_does_not_ask(workspace):
    assert browser(make_member(workspace, Role.VIEWER)).get(PAGE).status_code == 403


def cost(client, address, **query) -> int:
    client.get(address, query)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address, query).status_code == 200
    return len(queries)


def test_pages_cost_the_same_however_many_models_and_versions_answer(client, workspace):
    version = live_version(workspace)
    user = catalogue_of(version).examples(1)[0]
    few = cost(client, PAGE, user=user, model="Films")
    tab = f"/models/{version.model_id}/"
    one = cost(client, tab, tab="deployments")
    for _ in range(3):
        other = put_live(make_version(workspace, "Films", architecture="ease", seed=_), "staging")
        traffic.deploy(other, role="challenger", share=0.1, actor=None)
    live_version(workspace, "Books")
    assert cost(client, PAGE, user=user, model="Films") == few <= 5
    assert cost(client, tab, tab="deployments") <= one <= 16, "one less where something waits in staging"


@pytest.fixture
def staged(workspace):
    live_version(workspace)
    return put_live(make_version(workspace, "Films", architecture="ease"), "staging")


def test_traffic_is_changed_on_the_page_of_the_model(client, staged):
    tab = f"/models/{staged.model_id}/?tab=deployments"
    act = f"/models/{staged.model_id}/traffic/"
    assert "Let another version answer" in text(client.get(tab))
    form = {"version": staged.pk, "role": "challenger", "percent": "20", "reason": "try it"}
    assert client.post(act, form).url == tab
    (made,) = Deployment.objects.filter(role="challenger", ended_at=None)
    assert (made.share, made.reason) == (0.2, "try it")
    shown = text(client.get(tab))
    assert "80.0" in shown
    assert "20.0" in shown
    client.post(f"{act}{made.pk}/share/", {"percent": "35"})
    (made,) = Deployment.objects.filter(role="challenger", ended_at=None)
    assert made.share == 0.35
    client.post(f"{act}{made.pk}/share/", {"percent": "200"})
    assert Deployment.objects.get(pk=made.pk).ended_at is None, "nothing was changed"
    client.post(f"{act}{made.pk}/end/")
    assert not Deployment.objects.filter(role="challenger", ended_at=None).exists()


@pytest.mark.parametrize("percent", ["0", "101", "", "nan", "many"])
def test_a_share_that_is_none_is_refused_at_its_field(client, staged, percent):
    answer = client.post(
        f"/models/{staged.model_id}/traffic/", {"version": staged.pk, "role": "shadow", "percent": percent}
    )  # fmt: skip
    assert answer.status_code == 422
    assert answer.context["deploy_form"].errors["percent"]
    assert not Deployment.objects.exclude(role="champion").exists()


def test_another_model_is_chosen_before_anybody_is_named(client, workspace):
    """The field of the user is required, and must not stand in the way of the choice."""
    live_version(workspace, "Books")
    films = live_version(workspace, "Films")
    assert 'name="choose" value="yes" formnovalidate' in text(client.get(PAGE))
    shown = text(client.get(PAGE, {"model": films.model_id, "user": "", "n": "", "choose": "yes"}))
    assert f'<option value="{films.model_id}" selected>' in shown
    assert "Not accepted yet" not in shown
