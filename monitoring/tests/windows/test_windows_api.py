"""The API of what was predicted, and snapshots: figures of the log, bad input named, nothing of other workspaces."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from experiments.tests.factories import make_experiment
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring import tasks
from monitoring.models import Snapshot
from monitoring.services import windows
from monitoring.tests.windows_scene import make_source, put, react, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def client(workspace):
    return browser(make_member(workspace, Role.ENGINEER))


@pytest.fixture
def source(workspace):
    made = make_source(workspace)
    now = timezone.now()
    rows = [
        row(now - dt.timedelta(seconds=30 * at + 70), user=f"u{at % 3}", confidence=at / 12, items=["a", f"b{at}"])
        for at in range(12)
    ]
    put(made, rows)
    react(made, rows[0], "click", "a")
    windows.refresh()
    return made


def get(client, path, source=None, **query):
    return client.get(f"/api/mlops/{path}", ({"model": source.model_id} if source else {}) | query)


def test_predictions_come_page_by_page_the_newest_first(client, source):
    put(source, [row(timezone.now() - dt.timedelta(days=6), user="old")])
    windows.refresh()
    found, cursor = [], ""
    for _ in range(10):
        answer = get(client, "predictions", source, limit=5, cursor=cursor).json()
        found += answer["data"]
        if not (cursor := answer["next_cursor"]):
            break
    assert len(found) == len({one["id"] for one in found}) == 13
    assert [one["at"] for one in found] == sorted((one["at"] for one in found), reverse=True)
    assert found[-1]["user"] == "old"
    assert found[0]["item"] == "a"
    assert found[0]["items"] == 2
    assert found[0]["version"] == "1.0.0"


def test_the_distribution_of_confidence_has_ten_bins(client, source):
    data = get(client, "confidence", source).json()["data"]
    assert sum(one["count"] for one in data["bins"]) == data["predictions"] == 12
    assert len(data["bins"]) == 10
    assert data["mean"] == pytest.approx(sum(range(12)) / 144)


def test_statistics_by_item_day_and_user(client, source):
    data = get(client, "prediction-statistics", source, period="7d").json()["data"]
    assert data["by_item"][0] == {"name": "a", "title": "", "count": 12, "low": 12, "high": 12, "share": 0.5}
    assert sum(day["predictions"] for day in data["by_day"]) == 12
    assert [one["count"] for one in data["by_user"]] == [4, 4, 4]
    assert data["figures"]["predictions"] == 12
    assert data["figures"]["judged_lists"] == 1
    assert data["figures"]["precision_at_10"] == 0.5
    assert data["figures"]["recall_at_10"] == 1.0


def test_a_figure_over_time_of_all_and_of_each_source(client, source):
    data = get(client, "metric-history", source, metric="predictions").json()["data"]
    assert sum(point["value"] for point in data["points"]) == 12
    data = get(client, "metric-history", source, metric="latency_p50_ms", by="source").json()["data"]
    assert {(point["version"], point["role"]) for point in data["points"]} == {("1.0.0", "champion")}
    assert all(point["value"] == pytest.approx(2.0, rel=0.01) for point in data["points"])


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("predictions", {"cursor": "x"}, "cursor"),
        ("predictions", {"cursor": f"2026-01-01~{uuid.uuid4()}"}, "cursor"),
        ("predictions", {"limit": 0}, "limit"),
        ("predictions", {"page": 1}, "page"),
        ("confidence", {"period": "1y"}, "period"),
        ("confidence", {"from": "then"}, "from"),
        ("confidence", {"from": "0001-01-01T00:00+23:00"}, "from"),
        ("prediction-statistics", {"to": "2026-01-01"}, "from"),
        ("metric-history", {"metric": "beauty"}, "metric"),
        ("metric-history", {"by": "moon"}, "by"),
    ],
)
def test_bad_input_is_named(client, source, path, query, field):
    answer = get(client, path, source, **query)
    assert answer.status_code == 422
    assert any(error["field"].split(".")[-1] == field for error in answer.json()["errors"])


def test_a_model_of_another_workspace_does_not_exist(client):
    other = make_source(make_workspace())
    for path in ("predictions", "confidence", "prediction-statistics", "metric-history"):
        assert get(client, path, other).status_code == 404
    assert client.get(f"/api/ml-development/models/{other.model_id}/monitoring").status_code == 404


def test_snapshots_are_captured_and_sent(client, source, workspace):
    assert tasks.capture_snapshots() == 1
    address = f"/api/ml-development/models/{source.model_id}/monitoring"
    (ours,) = client.get(address).json()["data"]
    assert ours["type"] == "inference"
    assert ours["version"] == "1.0.0"
    assert ours["experiment_id"] == str(source.version.experiment_id)
    assert ours["performance"]["predictions"] == 12
    assert ours["performance"]["ndcg_at_10"] == 1.0
    assert ours["freshness"]["last_prediction"]

    run = make_experiment(workspace)
    body = {
        "metrics": {"f1": 0.8},
        "type": "training",
        "experiment_id": str(run.pk),
        "captured_at": "2026-01-02T03:04:05Z",
    }
    answer = client.post(address, body, content_type="application/json")
    assert answer.status_code == 201
    assert answer.json()["data"] | {"id": 0} == {
        "id": 0, "captured_at": "2026-01-02T03:04:05Z", "type": "training", "experiment_id": str(run.pk), "version": "",
        "through": "api", "performance": {"f1": 0.8}, "drift": {}, "freshness": {}, "alerts": [],
    }  # fmt: skip
    first = client.get(address, {"limit": 1}).json()
    assert client.get(address, {"limit": 1, "before": first["next_before"]}).json()["data"][0]["id"] == ours["id"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metrics": {}}, "metrics"),
        ({"metrics": {"f1": [1]}}, "f1"),
        ({"type": "guess"}, "type"),
        ({"captured_at": "2026-01-01T00:00:00"}, "captured_at"),
        ({"captured_at": "2999-01-01T00:00:00Z"}, "captured_at"),
        ({"experiment_id": str(uuid.uuid4())}, "experiment_id"),
        ({"drift": {"a": "x" * 70_000}}, "drift"),
        ({"nothing": 1}, "nothing"),
    ],
)
def test_a_snapshot_that_is_none_is_refused(client, source, change, field):
    body = {"metrics": {"f1": 0.8}} | change
    address = f"/api/ml-development/models/{source.model_id}/monitoring"
    answer = client.post(address, body, content_type="application/json")
    assert answer.status_code == 422
    assert any(field in error["field"] for error in answer.json()["errors"])
    assert not Snapshot.objects.exists()
