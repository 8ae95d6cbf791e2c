"""GET /api/monitoring/drift: the newest check, one computed at once, and what is refused."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring.models import Check
from monitoring.selectors.windows import period
from monitoring.tests.drift_pages.scene import categorical, make_check, make_instability, make_reference, numeric

pytestmark = pytest.mark.django_db


def ask(client, version, **query):
    return client.get("/api/monitoring/drift", {"model": str(version.model_id)} | query)


def data(client, version, **query):
    answer = ask(client, version, **query)
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]


def test_the_newest_check_with_signals_by_severity_reference_and_instability(viewer, version):
    reference = make_reference(version)
    make_check(version, [numeric("scores")], at=timezone.now() - dt.timedelta(hours=1))
    check = make_check(version, [numeric("scores"), categorical("feature.genre", 0.2)], reference=reference)
    make_instability(version, "watch", value=0.42, high=None)
    found = data(viewer, version)
    assert found["id"] == str(check.pk)
    assert (found["verdict"], found["moved"], found["judged"], found["not_judged"]) == (check.verdict, 1, 2, 0)
    assert found["score"] == pytest.approx(check.score)
    assert [one["signal"] for one in found["signals"]] == ["feature.genre", "scores"]
    first = found["signals"][0]
    assert first["severity"] >= 0.5
    assert first["value"] >= first["threshold"]
    assert {one["statistic"] for one in first["statistics"]} >= {"psi", "jensen_shannon"}
    assert (found["reference"]["id"], found["reference"]["kind"]) == (str(reference.pk), "training")
    assert (found["instability"]["cv"], found["instability"]["high"]) == (0.42, None)


def test_no_check_is_null_and_not_an_answer(viewer, version):
    assert data(viewer, version) is None


def test_a_check_is_chosen_by_window_and_by_reference(viewer, version):
    one, other = make_reference(version, active=False), make_reference(version)
    hour = make_check(version, [numeric("scores")], window=period("1h"), through="page", reference=one)
    day = make_check(version, [numeric("scores")], reference=other, at=timezone.now() - dt.timedelta(minutes=5))
    assert data(viewer, version)["id"] == str(day.pk)
    assert data(viewer, version, window="1h")["id"] == str(hour.pk)
    assert data(viewer, version, window="86400")["id"] == str(day.pk)
    assert data(viewer, version, window="7d") is None
    assert data(viewer, version, reference=str(one.pk))["id"] == str(hour.pk)


@pytest.mark.parametrize(
    ("query", "field", "accepted"),
    [
        ({"window": "1y"}, "window", "1h, 6h, 24h, 7d"),
        ({"window": "61"}, "window", "multiples of 60"),
        ({"window": "²"}, "window", "1h"),
        ({"reference": str(uuid.uuid4())}, "reference", "is no reference of this model"),
        ({"refrence": "1"}, "refrence", "is not known here"),
        ({"compute": "perhaps"}, "compute", ""),
    ],
)
def test_what_is_refused_names_the_field_and_what_is_accepted(viewer, version, query, field, accepted):
    answer = ask(viewer, version, **query)
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["field"].endswith(field)
    assert accepted in problem["message"]


def test_a_check_of_this_moment_is_computed_for_who_may_handle_alerts_and_not_kept(client, viewer, version):
    assert ask(viewer, version, compute="true").status_code == 403
    found = data(client, version, compute="true", window="1h")
    assert found["id"] is None
    assert found["verdict"] == "not_enough"
    assert found["through"] == "api"
    assert not Check.objects.exists()
    answer = ask(client, version, compute="true", reference=str(make_reference(version, active=False).pk))
    assert answer.status_code == 422
    assert "active" in answer.json()["errors"][0]["message"]


def test_a_model_of_another_workspace_does_not_exist(version):
    elsewhere = browser(make_member(make_workspace(), Role.ADMINISTRATOR))
    assert ask(elsewhere, version).status_code == 404


def test_the_document_of_the_api_shows_an_example(client):
    schemas = client.get("/api/openapi.json").json()["components"]["schemas"]
    (example,) = schemas["DriftOut"]["examples"]
    assert set(example) == set(schemas["DriftOut"]["properties"])
