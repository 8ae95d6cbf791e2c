"""The API of channels says what the pages say."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mlopspro.testing.people import make_workspace
from monitoring.models.alerts import Channel
from monitoring.services import channel_targets, deliveries, notifications
from monitoring.tests.telling.scene import SLACK, make_channel, make_event

pytestmark = pytest.mark.django_db
ROOT = "/api/monitoring/alert-channels"


def send(client, method, path="", **body):
    return getattr(client, method)(f"{ROOT}{path}", body, content_type="application/json")


def test_a_channel_lives_through_the_api(client, server):
    answer = send(client, "post", name="Program", kind="webhook", target=server.url)
    assert answer.status_code == 201
    made = answer.json()
    assert made["key"] == channel_targets.key(Channel.objects.get())
    path = f"/{made['data']['id']}"
    assert made["data"]["target"] == f"http://127.0.0.1:{server.port}/…"

    tested = send(client, "post", f"{path}/test").json()["data"]
    assert (tested["succeeded"], tested["status"], tested["message"][:5]) == (True, 200, "Test:")
    changed = send(client, "patch", path, least_severity="critical", enabled=False).json()["data"]
    assert (changed["name"], changed["least_severity"], changed["enabled"]) == ("Program", "critical", False)
    renewed = send(client, "post", f"{path}/key").json()
    assert renewed["key"] != made["key"]
    listed = client.get(ROOT).json()
    assert (listed["count"], listed["data"][0]["last_attempt"]["status"]) == (1, 200)
    assert "key" not in listed["data"][0]
    assert send(client, "delete", path).status_code == 204
    assert client.get(f"{ROOT}{path}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "webhook", "target": "https://169.254.169.254/"}, "target"),
        ({"kind": "slack", "target": "https://example.org/"}, "target"),
        ({"kind": "pigeon", "target": "x"}, "kind"),
        ({"kind": "email", "target": "ada@example.org", "least_severity": "loud"}, "least_severity"),
        ({"kind": "email", "target": "ada@example.org", "colour": "red"}, "colour"),
        ({"kind": "email", "target": "ada@example.org", "name": "a\u0000b"}, "name"),
        ({"kind": "email", "target": "ada@example.org", "name": "Taken"}, "name"),
    ],
)
def test_what_is_not_accepted_names_its_field(client, workspace, body, field):
    make_channel(workspace, name="Taken")
    answer = send(client, "post", **({"name": "New"} | body))
    assert answer.status_code == 422
    assert any(field in one["field"] for one in answer.json()["errors"])


def test_attempts_are_read_page_by_page(client, workspace, server):
    channel = make_channel(workspace, "webhook", server.url)
    for kind in ("opened", "acknowledged", "resolved"):
        notifications.queue(make_event(workspace, kind), now=timezone.now())
    deliveries.deliver(5)
    path = f"{ROOT}/{channel.pk}/attempts"
    first = client.get(path, {"limit": 2}).json()
    second = client.get(path, {"limit": 2, "before": first["next_before"]}).json()
    assert [one["message"].split(":")[0] for one in first["data"] + second["data"]] == [
        "Resolved", "Acknowledged", "Warning alert",
    ]  # fmt: skip
    assert second["next_before"] is None
    assert client.get(path, {"limt": 2}).status_code == 422


def test_channels_of_others_do_not_exist(client):
    theirs = make_channel(make_workspace(), "slack")
    assert client.get(ROOT).json()["count"] == 0
    for method, path in (("get", ""), ("patch", ""), ("delete", ""), ("post", "/test"), ("post", "/key")):
        assert send(client, method, f"/{theirs.pk}{path}").status_code == 404
    assert channel_targets.target(Channel.objects.get()) == SLACK
