"""Answers over HTTP: keys and their scope, the document, problems that name the field, and what is recalled."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.services.serving_files import catalogue_of
from experiments.tests.tables_stored import stored_table
from mlopspro.accounts.models import ApiKey
from mlopspro.accounts.permissions import Scope
from mlopspro.accounts.services import key_recall, keys
from mlopspro.serving.tests.conftest import live_version, logged
from mlopspro.testing.people import browser, make_person


@pytest.fixture
def token(workspace, engineer) -> str:
    made = keys.create_key(
        owner=engineer, workspace=workspace, name="k", scopes=[Scope.SERVE], expires_at=None, actor=None
    )  # fmt: skip
    return made.token


def get(token: str, user: str = "1", **query):
    return browser().get(f"/api/recommend/{user}", query, headers={"Authorization": f"Bearer {token}"})


def post(token: str, model: str, body: object):
    return browser().post(
        f"/api/predict/{model}", json.dumps(body), "application/json", headers={"Authorization": f"Bearer {token}"}
    )


def test_a_list_with_everything_a_caller_needs(workspace, token):
    version = live_version(workspace)
    user = catalogue_of(version).examples(1)[0]
    data = get(token, user, n=3, explain="true").json()["data"]
    assert data["model"] == {"id": str(version.model_id), "name": "Films"}
    assert (data["version"], data["variant"], data["user"]) == (version.number, "champion", user)
    assert (data["known_user"], data["fallback"], data["stands_in_for"]) == (True, False, "")
    assert [item["rank"] for item in data["items"]] == [1, 2, 3]
    assert all(set(item) == {"rank", "item", "title", "score", "reasons"} for item in data["items"])
    assert sum(part["value"] for part in data["items"][0]["reasons"]["parts"]) == pytest.approx(
        data["items"][0]["score"], abs=1e-4
    )
    assert logged(workspace)[0]["id"] == data["prediction_id"]


def test_the_document_is_the_one_that_openapi_tells(workspace, token):
    live_version(workspace)
    document = browser().get("/api/openapi.json", headers={"Authorization": f"Bearer {token}"})
    told = json.loads(document.content)["components"]["schemas"]["RecommendationOut"]
    assert set(get(token).json()["data"]) == set(told["properties"])


@pytest.mark.parametrize(
    ("query", "field"), [({"n": 0}, "n"), ({"n": 101}, "n"), ({"n": "many"}, "n"), ({"explain": "perhaps"}, "explain")]
)
def test_what_is_wrong_names_its_field(workspace, token, query, field):
    live_version(workspace)
    answer = get(token, **query)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_nothing_live_an_unknown_model_and_several_are_told_apart(workspace, token):
    assert get(token).status_code == 404
    live_version(workspace, "Films")
    assert get(token, model="Songs").status_code == 404
    live_version(workspace, "Books")
    several = get(token)
    assert several.status_code == 422
    assert "one of Books, Films" in several.json()["errors"][0]["message"]


def test_a_model_on_tables_is_no_recommender(workspace, token):
    live_version(workspace, "Films")
    answer = post(token, "Films", {"rows": [{"a": 1}]})
    assert answer.status_code == 422
    assert "recommend" in answer.json()["errors"][0]["message"]


def test_a_key_needs_the_scope_and_a_role(workspace, engineer):
    live_version(workspace)
    for scopes, status in (([Scope.READ, Scope.LOG], 403), ([Scope.SERVE], 200)):
        key = keys.create_key(
            owner=engineer, workspace=workspace, name="k", scopes=scopes, expires_at=None, actor=None
        )  # fmt: skip
        assert get(key.token).status_code == status
        assert get(key.token).status_code == status, "and the second time as well"


def test_a_recalled_key_costs_no_query_and_reads_no_session(workspace, token, settings):
    live_version(workspace)
    get(token)
    settings.SERVING_POLL_SECONDS = 0.0
    with CaptureQueriesContext(connection) as queries:
        assert get(token).status_code == 200
    assert [query["sql"][:60] for query in queries if "experiments_deployment" not in query["sql"]] == []


def test_a_revoked_key_is_refused_at_once_here_and_after_two_seconds_elsewhere(workspace, engineer, token, monkeypatch):
    live_version(workspace)
    assert get(token).status_code == 200
    key = ApiKey.objects.get(workspace=workspace)
    keys.revoke_key(key, engineer)
    assert get(token).status_code == 401, "this process revoked it"
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=None)
    assert get(token).status_code == 200
    ApiKey.objects.filter(pk=key.pk).update(revoked_at="2020-01-01T00:00Z")
    now = key_recall.time.monotonic()
    monkeypatch.setattr(key_recall.time, "monotonic", lambda: now + key_recall.SECONDS)
    assert get(token).status_code == 401, "another process did, two seconds ago"


def test_a_wrong_key_is_never_remembered(workspace):
    for _ in range(2):
        assert get("mlops_" + "0" * 12 + "_" + "A" * 43).status_code == 401
    assert get("nonsense").status_code == 401


def test_rows_are_answered_by_name(workspace, token):
    table = stored_table(workspace, "location_scoring")
    version = live_version(workspace, "Shops", dataset=table, architecture="place_ridge")
    columns = [one["name"] for one in table.columns if one["role"] in ("numeric", "categorical")]
    known = {one["name"]: one.get("minimum") for one in table.columns if one["name"] in columns}
    answer = post(token, "Shops", {"rows": [known, {}]})
    assert answer.status_code == 200, answer.content
    data = answer.json()["data"]
    assert (data["family"], len(data["rows"])) == ("location_scoring", 2)
    assert all(row["version"] == version.number for row in data["rows"])
    first, second = logged(workspace)
    assert {first["id"], second["id"]} == {row["prediction_id"] for row in data["rows"]}
    assert first["features"] == known or second["features"] == known


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rows": []}, "rows"),
        ({"rows": [{}] * 1001}, "asked.rows"),
        ({"rows": [{"colour": 1}]}, "rows[0].colour"),
        ({"rows": "all"}, "asked.rows"),
        ({"row": []}, "asked.row"),
    ],
)
def test_rows_that_cannot_be_answered_say_which_and_why(workspace, token, body, field):
    live_version(workspace, "Shops", dataset=stored_table(workspace, "location_scoring"), architecture="mean_place")
    answer = post(token, "Shops", body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_somebody_of_another_workspace_finds_nothing(workspace, token):
    stranger = make_person()
    live_version(workspace)
    assert browser(stranger).get("/api/recommend/1").status_code == 403
