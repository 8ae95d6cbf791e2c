"""State now, degradation, history of checks, report: the same figures over the API, as a file and as a command."""

from __future__ import annotations

import datetime as dt
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from experiments.tests.versions import make_model_row
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring.models import Alert, AlertRule
from monitoring.selectors import snapshots
from monitoring.services import windows
from monitoring.tests.judged.scenes import all_fine, make_check
from monitoring.tests.windows_scene import make_source, put, react, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def client(workspace):
    return browser(make_member(workspace, Role.VIEWER))


@pytest.fixture
def source(workspace):
    made = make_source(workspace)
    rows = put(made, [row(timezone.now() - dt.timedelta(seconds=70 + at)) for at in range(5)])
    react(made, rows[0], "click", "a")
    windows.refresh(busy_pause=0)
    return made


def quality(model, verdict="act", **fields):
    def metric(name, value, baseline, verdict, **more):
        detail = {"title": name.upper(), "baseline": baseline, "share": value / baseline, "labels": ["a"], **more}
        return {
            "signal": name, "statistic": "performance", "value": value, "threshold": baseline, "current_size": 900,
            "verdict": verdict, "detail": detail,
        }  # fmt: skip

    segment = {
        "signal": "segment.new.ndcg_at_10", "statistic": "degradation", "value": 0.4, "threshold": 0.15,
        "verdict": "act", "current_size": 300, "detail": {"title": "NDCG@10 of new users", "live": 0.18,
                                                         "baseline": 0.3, "share": 0.6},
    }  # fmt: skip
    findings = [
        metric("ndcg_at_10", 0.3, 0.4, verdict, decides=True),
        metric("hit_rate_at_10", 0.6, 0.6, "ok"),
        segment,
    ]
    return make_check(model, "quality", verdict, score=0.75, ago=5, findings=findings, **fields)


def get(client, path, **query):
    return client.get(f"/api{path}", query)


def data(client, path, **query):
    answer = get(client, path, **query)
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]


def test_the_state_now_has_status_performance_baseline_and_metrics(client, source):
    all_fine(source.model)
    quality(source.model)
    (one,) = data(client, "/monitoring/current", model=source.model_id)
    assert (one["status"], one["performance"], one["baseline"], one["headline"]) == (
        "degraded", 0.75, 0.4, "ndcg_at_10",
    )  # fmt: skip
    assert one["metrics"]["ndcg_at_10"]["value"] == 0.3
    assert one["metrics"]["hit_rate_at_10"]["share"] == 1.0
    assert one["labels"] == 900
    assert (one["cost_per_1000"], one["version"], one["predictions"]) == (41.2, "1.0.0", 5)


def test_the_state_of_all_costs_the_same_however_many_there_are(client, workspace, source):
    all_fine(source.model)
    few = cost(client)
    for number in range(4):
        model = make_model_row(workspace, f"Other {number}")
        all_fine(model)
        quality(model)
    assert cost(client) == few
    assert len(data(client, "/monitoring/current")) == 5


def cost(client):
    get(client, "/monitoring/current")
    with CaptureQueriesContext(connection) as queries:
        get(client, "/monitoring/current")
    return len(queries)


def test_a_model_that_was_never_judged_is_not_healthy(client, workspace):
    make_model_row(workspace, "Idle")
    (one,) = data(client, "/monitoring/current")
    assert (one["status"], one["performance"], one["metrics"]) == ("not_enough", None, {})


def test_degradation_is_broken_down_and_says_what_to_investigate(client, source):
    quality(source.model)
    found = data(client, "/monitoring/degradation", model=source.model_id)
    assert found["degradation"] == pytest.approx(0.25)
    assert found["limit"] == pytest.approx(0.15)
    assert {one["name"]: pytest.approx(one["degradation"]) for one in found["metrics"]} == {
        "ndcg_at_10": 0.25, "hit_rate_at_10": 0.0,
    }  # fmt: skip
    assert found["segments"][0]["degradation"] == pytest.approx(0.4)
    assert found["investigate"] == ["ndcg_at_10", "segment.new.ndcg_at_10"]
    assert found["recommendation"].startswith("Investigate and retrain")


@pytest.mark.parametrize(
    ("score", "verdict", "words"),
    [
        (0.84, "watch", "Investigate: quality fell by more than its limit."),
        (0.86, "ok", "Investigate the metrics and segments that fell."),
        (None, "not_enough", "Nothing can be said yet"),
    ],
)
def test_what_is_recommended_follows_the_limits(client, source, score, verdict, words):
    check = quality(source.model, verdict)
    check.score = score
    check.save()
    assert data(client, "/monitoring/degradation", model=source.model_id)["recommendation"].startswith(words)


def test_checks_are_read_page_by_page_and_each_once(client, source):
    made = [make_check(source.model, area, ago=ago) for ago in (30, 20, 10) for area in ("quality", "drift", "data")]
    seen, cursor = [], ""
    for _ in range(10):
        answer = get(
            client, "/monitoring/checks", model=source.model_id, limit=2, **({"cursor": cursor} if cursor else {})
        )
        seen += answer.json()["data"]
        cursor = answer.json()["next_cursor"]
        if not cursor:
            break
    assert [one["id"] for one in seen] == [
        str(one.pk) for one in sorted(made, key=lambda one: (one.at, one.pk), reverse=True)
    ]
    assert {one["area"] for one in data(client, "/monitoring/checks", model=source.model_id, area="drift")} == {"drift"}
    refused = get(client, "/monitoring/checks", model=source.model_id, cursor="x")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "cursor"


def test_a_check_has_its_findings_without_what_pages_draw(client, source):
    check = quality(source.model)
    found = data(client, f"/monitoring/checks/{check.pk}")
    assert [one["signal"] for one in found["findings"]] == ["ndcg_at_10", "hit_rate_at_10", "segment.new.ndcg_at_10"]
    assert "labels" not in found["findings"][0]["detail"]


def test_performance_over_time_has_a_point_a_window(client, source):
    quality(source.model)
    found = data(client, f"/mlops/models/{source.model_id}/performance", period="24h")
    assert len(found["points"]) == 24
    last = next(one for one in reversed(found["points"]) if one["predictions"])
    assert last["labels"] == 1
    assert last["metrics"]["precision_at_10"] == pytest.approx(1 / 3)
    assert found["points"][-1]["performance"] == 0.75
    assert found["points"][0]["performance"] is None


def test_the_report_is_the_same_as_a_file_over_the_api_and_as_a_command(client, source):
    all_fine(source.model)
    quality(source.model)
    rule = AlertRule.objects.create(model=source.model, name="r", signal="drift.score", comparison="above", threshold=1)
    at = timezone.now()
    Alert.objects.create(rule=rule, severity="warning", sentence="Drift.", opened_at=at, last_seen_at=at)
    file = client.get(reverse("monitoring:report"), {"model": source.model_id})
    assert file.status_code == 200
    assert file["Content-Disposition"].startswith('attachment; filename="films-monitoring-')
    out = io.StringIO()
    call_command("monitoring_report", "--model", "Films", stdout=out)
    reports = [
        json.loads(file.content),
        data(client, "/monitoring/report", model=source.model_id),
        json.loads(out.getvalue()),
    ]
    for one in reports:
        one.pop("generated_at")
    assert reports[0] == reports[2]
    assert reports[1]["status"] == reports[0]["status"] == "degraded"
    found = reports[0]
    assert set(found["checks"]) == {"quality", "cost", "drift", "data", "freshness"}
    assert found["degradation"]["degradation"] == pytest.approx(0.25)
    assert found["figures"]["predictions"] == 5
    assert found["alerts"][0]["sentence"] == "Drift."
    assert found["advice"]["code"] == "retrain"


def test_wrong_questions_are_named(client, source):
    other = make_source(make_workspace())
    for path in ("/monitoring/degradation", "/monitoring/report", "/monitoring/checks", "/monitoring/current"):
        assert get(client, path, model=other.model_id).status_code == 404
        assert get(client, path, model=source.model_id, modell="x").status_code == 422
    assert get(client, f"/mlops/models/{source.model_id}/performance", period="1y").status_code == 422
    bad = client.get(reverse("monitoring:report"), {"model": source.model_id, "period": "1y"})
    assert bad.status_code == 400
    assert b"accepted: 1h" in bad.content
    assert client.get(reverse("monitoring:report")).status_code == 400
    assert client.get(reverse("monitoring:report"), {"model": other.model_id}).status_code == 404
    with pytest.raises(CommandError, match="accepted: the name or id"):
        call_command("monitoring_report", "--model", "nobody")
    with pytest.raises(CommandError, match="several workspaces"):
        call_command("monitoring_report", "--model", "Films")


def test_a_snapshot_has_drift_freshness_and_open_alerts(source):
    all_fine(source.model)
    make_check(source.model, "drift", "watch", score=0.4, ago=1, findings=[{"signal": "scores", "verdict": "act"}] * 2)
    make_check(
        source.model, "freshness", "ok", ago=1,
        findings=[{"signal": "freshness", "value": 20.0}, {"signal": "freshness.feedback", "value": 60.0}],
    )  # fmt: skip
    rule = AlertRule.objects.create(model=source.model, name="r", signal="drift.score", comparison="above", threshold=1)
    for state in ("resolved", "open"):
        at = timezone.now()
        Alert.objects.create(rule=rule, state=state, severity="warning", sentence="D.", opened_at=at, last_seen_at=at)
    found = snapshots.captured(source.model)
    assert (found["drift"]["score"], found["drift"]["verdict"], found["drift"]["moved"]) == (0.4, "watch", ["scores"])
    assert found["freshness"]["seconds_since_feedback"] == 60.0
    assert [one["state"] for one in found["alerts"]] == ["open"]
    assert (found["performance"]["status"], found["performance"]["performance"]) == ("healthy", 0.97)
    json.dumps({key: found[key] for key in ("performance", "drift", "freshness", "alerts")}, allow_nan=False)
