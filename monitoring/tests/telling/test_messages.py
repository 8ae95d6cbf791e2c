"""What is said: mail without injected headers, Slack without called channels, JSON of a fixed form."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import json
import re

import pytest
from django.core import mail as sent
from django.test import override_settings
from django.utils import timezone

from mlopspro.supervisor.roles import REPOSITORY
from monitoring.models.alerts import AlertEvent
from monitoring.services.telling import mail, slack, webhook
from monitoring.services.telling.document import headline, of_event, of_test, with_id
from monitoring.tests.telling.scene import make_channel, make_event, make_rule

pytestmark = pytest.mark.django_db
EVIL = "NDCG\r\nBcc: eve@example.org\r\n\r\n<script>&<!channel> *bold* <https://evil.example|here>"


def document(workspace, kind="opened", **fields):
    return with_id(of_event(make_event(workspace, kind, **fields)))


def test_a_document_says_what_happened_and_keeps_its_form(workspace):
    with override_settings(PUBLIC_URL="https://mlops.example.org/"):
        made = document(workspace)
    alert = AlertEvent.objects.get().alert
    assert set(made) == {"id", "version", "type", "at", "workspace", "model", "rule", "alert", "by", "note", "url"}
    assert set(made["alert"]) == {
        "id", "state", "severity", "sentence", "value", "threshold", "opened_at", "occurrences",
    }  # fmt: skip
    assert (made["version"], made["type"], made["model"]["name"]) == (1, "alert.opened", "Films")
    assert made["url"] == f"https://mlops.example.org/monitoring/alerts/{alert.pk}/"
    assert made["at"].endswith("Z")
    json.dumps(made)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("opened", "Warning alert: Films – NDCG@10 is low"),
        ("returned", "Warning alert came back: Films – NDCG@10 is low"),
        ("resolved", "Resolved: Films – NDCG@10 is low"),
        ("acknowledged", "Acknowledged: Films – NDCG@10 is low"),
        ("woke", "Snooze is over: Films – NDCG@10 is low"),
    ],
)
def test_each_kind_of_event_has_its_headline(workspace, kind, words):
    assert headline(document(workspace, kind)) == words


@pytest.mark.parametrize("kind", AlertEvent.Kind.values)
def test_every_kind_of_event_can_be_said_everywhere(workspace, kind):
    made = document(workspace, kind)
    assert mail.message(["ada@example.org"], made).message()
    assert slack.message(made)["blocks"]


def test_a_mail_has_one_subject_line_its_own_id_and_the_thread_of_its_alert(workspace):
    make_rule(workspace, name="NDCG@10 is low")
    made = document(workspace)
    message = mail.message(["ada@example.org", "bob@example.org"], made)
    read = email.message_from_bytes(message.message().as_bytes(), policy=email.policy.default)
    assert read["Subject"] == "Warning alert: Films – NDCG@10 is low"
    assert read["Message-ID"] == f"<{made['id']}@localhost>"
    assert read["References"] == f"<alert.{made['alert']['id']}@localhost>"
    assert read["To"] == "ada@example.org, bob@example.org"
    text = read.get_content()
    assert text.startswith("NDCG@10 is 0.31, 78 % of its baseline 0.40")
    assert "Model: Films\nRule: NDCG@10 is low\nSeverity: Warning" in text.replace("\r\n", "\n")


def test_line_ends_in_a_name_begin_no_header(workspace, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    made = document(workspace, rule=make_rule(workspace, name=EVIL[:120]))
    assert mail.send(["ada@example.org"], made).succeeded
    read = email.message_from_bytes(sent.outbox[0].message().as_bytes(), policy=email.policy.default)
    assert read["Bcc"] is None
    assert sent.outbox[0].recipients() == ["ada@example.org"]
    assert read["Subject"].strip().startswith("Warning alert: Films – NDCG Bcc: eve@example.org <script>")


def test_slack_gets_plain_escaped_texts_of_the_length_it_takes(workspace):
    rule = make_rule(workspace, name=EVIL[:120])
    made = slack.message(document(workspace, rule=rule, sentence="<&>" * 3000))
    texts = [made["text"], *_texts(made["blocks"])]
    assert not any("<!" in text or "<http" in text for text in texts)
    header, sentence = made["blocks"][0]["text"], made["blocks"][1]["text"]
    assert (header["type"], sentence["type"]) == ("plain_text", "plain_text")
    assert len(header["text"]) <= 150
    assert 2900 < len(sentence["text"]) <= 3000
    assert sentence["text"].rstrip("…").endswith(("&lt;", "&amp;", "&gt;"))


def test_slack_gets_a_link_where_the_site_has_an_address(workspace):
    assert "|Open in ML Ops Pro>" not in json.dumps(slack.message(document(workspace)))
    with override_settings(PUBLIC_URL="https://mlops.example.org"):
        last = slack.message(document(workspace))["blocks"][-1]
    assert last["text"]["text"].startswith("<https://mlops.example.org/monitoring/alerts/")


def test_a_signature_is_what_the_specification_says():
    """The example of the Standard Webhooks specification's reference libraries."""
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    made = webhook.signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_key_has_256_random_bits_and_signs():
    key = webhook.new_key()
    secret = base64.b64decode(key.removeprefix("whsec_"))
    assert len(secret) == 32
    assert key != webhook.new_key()
    expected = hmac.new(secret, b"id.7.body", hashlib.sha256).digest()
    assert webhook.signature(key, "id", 7, b"body") == "v1," + base64.b64encode(expected).decode()


def test_a_test_message_has_the_same_form_and_says_that_nothing_is_wrong(workspace):
    made = with_id(of_test(make_channel(workspace), by="Ada", at=timezone.now()))
    assert set(made) == set(document(workspace))
    assert "Nothing is wrong" in mail.body(made)
    assert slack.message(made)["blocks"]


def test_without_a_mail_server_nothing_is_said_to_have_arrived(workspace, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    outcome = mail.send(["ada@example.org"], document(workspace))
    assert (outcome.succeeded, "EMAIL_URL" in outcome.error) == (False, True)


def _texts(value):
    """Every text of a message, however deep."""
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    if not isinstance(value, dict):
        return []
    own = [one for key, one in value.items() if key == "text" and isinstance(one, str)]
    return own + [text for one in value.values() for text in _texts(one)]


def test_the_form_in_the_notes_is_the_form_that_is_sent(workspace):
    notes = (REPOSITORY / "docs" / "alerts.md").read_text()
    (written,) = re.findall(r"```json\n(\{.*?\n\})\n```", notes, re.DOTALL)
    shown, made = json.loads(written), document(workspace)
    assert set(shown) == set(made)
    for part in ("workspace", "model", "rule", "alert"):
        assert set(shown[part]) == set(made[part])
    assert all(f"`{kind}`" in notes for kind in set(AlertEvent.Kind.values) - {"note"})


def test_the_check_in_the_notes_accepts_what_is_sent(workspace):
    notes = (REPOSITORY / "docs" / "alerts.md").read_text()
    (program,) = re.findall(r"```python\n(secret = .*?)```", notes, re.DOTALL)
    key, body = webhook.new_key(), b'{"a": 1}'
    headers = {"webhook-id": "1", "webhook-timestamp": "2", "webhook-signature": webhook.signature(key, "1", 2, body)}
    names = {"base64": base64, "hmac": hmac, "hashlib": hashlib, "key": key, "body": body, "headers": headers}
    exec(program, dict(names))  # noqa: S102  our own notes
    with pytest.raises(AssertionError):
        exec(program, names | {"body": b'{"a": 2}'})  # noqa: S102
