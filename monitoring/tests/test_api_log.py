"""POST /api/predictions: good rows are logged once, bad ones are named row by row, and workspaces do not meet."""

from __future__ import annotations

import datetime as dt
import json
import uuid

import pytest
from django.utils import timezone

from experiments.tests.registered import make_model
from mlopspro.accounts.permissions import Role, Scope
from mlopspro.accounts.services import keys
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring.models import LogLoss, Prediction, Source
from monitoring.services import flooding, ingest
from monitoring.services.prediction_ids import id_of_key
from monitoring.tests.logged import log, make_source

pytestmark = pytest.mark.django_db
NDJSON = "application/x-ndjson"


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def model(workspace):
    return make_model(workspace)


@pytest.fixture
def send(workspace):
    owner = make_member(workspace, Role.ENGINEER)
    token = key_of(owner, workspace, [Scope.LOG])
    client = browser()

    def post(rows, content_type="application/json", address="/api/predictions", token=token):
        body = rows if isinstance(rows, str | bytes) else json.dumps(rows)
        return client.post(address, body, content_type=content_type, headers={"Authorization": f"Bearer {token}"})

    return post


def key_of(owner, workspace, scopes) -> str:
    made = keys.create_key(owner=owner, workspace=workspace, name="k", scopes=scopes, expires_at=None, actor=owner)
    return made.token


def listed(model, /, **fields):
    return {"model": model.name, "items": [10, "20"], "scores": [4.5, 4], "user": 7} | fields


def test_a_single_object_gets_an_id_and_becomes_a_row(send, model):
    at = timezone.now().replace(microsecond=0) - dt.timedelta(hours=1)
    sent = listed(model, version="nightly", at=at.isoformat(), features={"age": 30, "tags": ["a"]}, latency_ms=1.5)
    answer = send(sent)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["written"], body["doubled"], body["refused"]) == (1, 0, [])
    row = Prediction.objects.get(pk=body["made_ids"][0]["id"])
    assert (row.items, row.scores, row.user, row.at) == (["10", "20"], [4.5, 4.0], "7", at)
    assert (row.features, row.input_size, row.latency_ms) == ({"age": 30, "tags": ["a"]}, 2, 1.5)
    source = Source.objects.get(pk=row.source_id)
    assert (source.model, source.version, source.label, source.role) == (model, None, "nightly", Source.As.ELSEWHERE)


def test_an_array_sent_twice_is_counted_once_and_the_doubles_are_counted(send, model, workspace):
    rows = [listed(model, id=f"k{i}") for i in range(20)]
    assert send(rows).json()["written"] == 20
    again = send([*rows, listed(model, id="new")]).json()
    assert (again["written"], again["doubled"], again["made_ids"]) == (1, 20, [])
    assert Prediction.objects.count() == 21
    assert LogLoss.objects.get(workspace=workspace, reason=LogLoss.Reason.DOUBLED_PREDICTION).count == 20


def test_lines_are_read_and_a_bad_line_costs_only_itself(send, model):
    lines = "\n".join([json.dumps(listed(model, id=1)), "{not json", "", json.dumps(listed(model, id=2))])
    body = send(lines, NDJSON).json()
    assert body["written"] == 2
    assert [(one["row"], one["value"]) for one in body["refused"]] == [(1, "{not json")]


BAD = [
    ({"confidence": 1.7}, "confidence", "1.7"),
    ({"confidence": "high"}, "confidence", "high"),
    ({"items": None}, "items", "null"),
    ({"label": "cat"}, "items", "null"),
    ({"items": ["a", "a"], "scores": None}, "items", '["a", "a"]'),
    ({"items": [str(i) for i in range(1001)], "scores": None}, "items", None),
    ({"items": ["x" * 201], "scores": None}, "items", None),
    ({"scores": [1.0]}, "scores", "1"),
    ({"propensities": [0.5, 1.5]}, "propensities", "[0.5, 1.5]"),
    ({"user": "u" * 201}, "user", None),
    ({"user": 10**30}, "user", None),
    ({"user": "a\x00b"}, "", None),
    ({"at": "2026-01-01T00:00:00"}, "at", "2026-01-01T00:00:00"),
    ({"at": "1999-01-01T00:00:00Z"}, "at", "1999-01-01T00:00:00+00:00"),
    ({"at": "0001-01-01T00:00:00+14:00"}, "at", None),
    ({"at": "9999-12-31T23:59:59Z"}, "at", None),
    ({"latency_ms": -1}, "latency_ms", "-1"),
    ({"features": {"a": {"b": 1}}}, "features", '{"a": {"b": 1}}'),
    ({"features": {f"n{i}": "x" * 1000 for i in range(17)}}, "features", None),
    ({"version": "v" * 101}, "version", None),
    ({"model": "no such"}, "model", "no such"),
    ({"model": 3}, "model", "3"),
    ({"colour": "red"}, "colour", "red"),
    ({"input_size": 2**31}, "input_size", str(2**31)),
    ({"history": 1.5}, "history", "1.5"),
]


@pytest.mark.parametrize(("fields", "field", "value"), BAD)
def test_a_bad_row_is_named_and_the_good_one_written(send, model, fields, field, value):
    answer = send([listed(model), listed(model, **fields)])
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["written"], body["refused_count"]) == (1, 1)
    [problem] = body["refused"]
    assert (problem["row"], problem["field"]) == (1, field)
    assert problem["accepted"]
    assert value is None or problem["value"] == value


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_numbers_that_are_none_are_refused_with_their_row(send, model, word):
    good = json.dumps(listed(model))
    bad = json.dumps(listed(model, confidence=0.5)).replace("0.5", word)
    for body, kind in ((f"[{good},{bad}]", "application/json"), (f"{good}\n{bad}", NDJSON)):
        answer = send(body, kind).json()
        assert (answer["written"], answer["refused"][0]["row"]) == (1, 1)
    inside = json.dumps(listed(model)).replace("4.5", word)
    assert send(f"[{good},{inside}]").json()["refused"][0]["field"] == "scores"


@pytest.mark.parametrize(
    "body", [" ", "nonsense", "[", "[" * 10_000, "[{]", "3", "[[]]", '{"model": "\\ud800"}', b"\xff\xfe", "[]"]
)
def test_what_cannot_be_read_is_refused_whole(send, body):
    answer = send(body)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_too_much_at_once_and_unknown_types_are_refused(send, model, settings):
    settings.LOG_MAX_ROWS = 3
    assert send([listed(model)] * 4).status_code == 413
    assert send("\n".join([json.dumps(listed(model))] * 4), NDJSON).status_code == 413
    assert send(b"[" + b" " * settings.LOG_MAX_BODY_BYTES).status_code == 413
    assert send([listed(model)], "text/csv").status_code == 415
    assert send([listed(model)], "application/x-www-form-urlencoded").status_code == 415
    assert not Prediction.objects.exists()


def test_a_body_larger_than_other_operations_take_is_taken(send, model, settings):
    padding = " " * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    assert send(f"[{padding}{json.dumps(listed(model))}]").json()["written"] == 1


def test_a_model_of_another_workspace_is_as_unknown_as_none(send, model):
    other = make_model(make_workspace(), "theirs")
    unknown = str(uuid.uuid4())
    words = (str(other.pk), unknown, "theirs")
    answers = [send([listed(model, model=word)]) for word in words]
    assert [answer.status_code for answer in answers] == [422, 422, 422]
    said = {answer.content.decode().replace(word, "") for answer, word in zip(answers, words, strict=True)}
    assert len(said) == 1


def test_only_keys_of_the_scope_and_roles_that_may(send, model, workspace):
    engineer = make_member(workspace, Role.ENGINEER)
    assert send(listed(model), token=key_of(engineer, workspace, [Scope.SERVE])).status_code == 403
    scientist = make_member(workspace, Role.SCIENTIST)
    assert send(listed(model), token=key_of(scientist, workspace, [Scope.LOG])).status_code == 403
    assert browser().post("/api/predictions", "{}", content_type="application/json").status_code == 401


def test_a_retry_after_midnight_without_a_time_stands_in_one_day(send, model):
    """What was logged yesterday is known today, though a row without a time would stand in today."""
    source = make_source(model.workspace, model, role=Source.As.ELSEWHERE)
    yesterday = timezone.now() - dt.timedelta(days=1)
    log(source, at=yesterday, id=id_of_key(model.pk, "order-7"), key="order-7")
    body = send([listed(model, id="order-7"), listed(model, id="order-8")]).json()
    assert (body["written"], body["doubled"]) == (1, 1)
    assert Prediction.objects.filter(pk=id_of_key(model.pk, "order-7")).count() == 1


def test_own_words_for_versions_are_bounded(send, model, monkeypatch):
    monkeypatch.setattr(ingest, "MAX_LABELS", 3)
    body = send([listed(model, version=f"v{i}") for i in range(5)]).json()
    assert (body["written"], [one["field"] for one in body["refused"]]) == (3, ["version", "version"])
    assert send([listed(model, version="v1")]).json()["written"] == 1


def test_a_flood_is_told_when_to_come_back(send, model, settings):
    settings.LOG_ROWS_PER_MINUTE = 10
    flooding._counts.clear()
    assert send([listed(model)] * 8).status_code == 200
    answer = send([listed(model)] * 8)
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 61
    assert Prediction.objects.count() == 8


def test_a_label_a_number_and_an_error_are_answers_too(send, model):
    rows = [
        {"model": str(model.pk), "label": "cat", "confidence": 0.9, "features": {"x": None}},
        {"model": str(model.pk), "value": -1.5},
        {"model": str(model.pk), "error": "timed out"},
    ]
    assert send(rows).json()["written"] == 3
    assert sorted(Prediction.objects.values_list("label", "value", "error"), key=str) == [
        ("", -1.5, ""), ("", None, "timed out"), ("cat", None, ""),
    ]  # fmt: skip
