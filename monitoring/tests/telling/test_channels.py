"""Making and changing channels: what is accepted, what is kept secret, what the audit trail knows."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from pydantic import ValidationError

from experiments.services.spec import Refused
from mlopspro.accounts.models import AuditEntry
from monitoring.models.alerts import Channel
from monitoring.services import channel_targets, channels
from monitoring.services.channels import ChannelChanges, ChannelSpec
from monitoring.tests.telling.scene import SLACK, make_channel, make_rule

pytestmark = pytest.mark.django_db


def change(channel, engineer, **changes) -> Channel:
    return channels.change(channel, actor=engineer, changes=ChannelChanges(**changes))


@pytest.mark.parametrize(
    ("kind", "given", "why"),
    [
        ("email", "", "is empty"), ("email", "ada", "'ada' is no e-mail address"),
        ("email", "ada@example.org\r\nBcc: eve@example.org", "'Bcc:' is no e-mail address"),
        ("email", '"a\nb"@example.org', "is no e-mail address"),
        ("email", ",".join(f"a{n}@example.org" for n in range(21)), "has 21 addresses"),
        ("slack", "https://example.org/services/T/B/X", "is not of Slack"),
        ("slack", "https://hooks.slack.com.example.org/services/T/B/X", "is not of Slack"),
        ("slack", "http://hooks.slack.com/services/T/B/X", "begins with https://"),
        ("webhook", "https://169.254.169.254/latest/meta-data/", "not public"),
        ("webhook", "https://[::ffff:127.0.0.1]/", "not public"),
        ("webhook", "https://user:word@example.org/", "name or password"),
        ("webhook", "file:///etc/passwd", "begins with https://"), ("webhook", "https://example.org:22/", "Port 22"),
    ],
)  # fmt: skip
def test_targets_that_are_refused_name_the_field_and_what_is_accepted(workspace, kind, given, why):
    with pytest.raises(Refused) as found:
        channels.create(workspace=workspace, actor=None, spec=ChannelSpec(name="x", kind=kind, target=given))
    (problem,) = found.value.problems
    assert problem.field == "target"
    assert why in problem.message
    assert not Channel.objects.exists()


def test_addresses_are_separated_by_anything_usual_and_kept_once(workspace):
    channel = make_channel(workspace, "email", "ada@example.org; bob@example.org,\n ada@example.org")
    assert channel_targets.addresses(channel) == ["ada@example.org", "bob@example.org"]


@pytest.mark.parametrize(
    ("kind", "given", "shown"),
    [
        ("email", "ada@example.org", "a…@example.org"),
        ("email", "a@x.org,b@x.org,c@x.org,d@x.org", "a…@x.org, b…@x.org, c…@x.org and 1 more"),
        ("slack", SLACK, "https://hooks.slack.com/…WXYZ"),
        ("webhook", "https://example.org/short", "https://example.org/…"),
        ("webhook", "https://example.org/hooks/abcdefgh?token=12345678", "https://example.org/…5678"),
        ("webhook", "https://example.org", "https://example.org/"),
    ],
)
def test_what_is_shown_of_a_target(workspace, kind, given, shown):
    assert channel_targets.hidden(make_channel(workspace, kind, given)) == shown


def test_the_database_and_the_audit_trail_know_no_secret(workspace, engineer):
    spec = ChannelSpec(name="program", kind="webhook", target="https://example.org/hook/SECRETPATH")
    made = channels.create(workspace=workspace, actor=engineer, spec=spec)
    change(made.channel, engineer, name="renamed", target="https://example.org/hook/OTHERSECRET")
    key = channels.renew_key(Channel.objects.get(), actor=engineer)
    channels.delete(Channel.objects.get(), actor=engineer, reason="no longer used")
    trail = list(AuditEntry.objects.values())
    for secret in ("SECRETPATH", "OTHERSECRET", made.key, key):
        assert secret not in str(trail)
    assert [one["action"] for one in trail[::-1]] == [
        "add_channel", "change_channel", "renew_channel_key", "delete_channel",
    ]  # fmt: skip
    changed = trail[2]
    assert (changed["before"]["name"], changed["after"]["name"]) == ("program", "renamed")
    assert changed["after"]["target_entered"] is True


def test_changing_without_a_target_keeps_it_and_a_change_of_nothing_leaves_no_entry(workspace, engineer):
    channel = make_channel(workspace, "slack")
    sealed = Channel.objects.get().target
    change(channel, engineer, name="Slack of the team", target="   ")
    assert Channel.objects.get().target == sealed
    assert channel_targets.target(Channel.objects.get()) == SLACK
    before = AuditEntry.objects.count()
    change(channel, engineer, name="Slack of the team")
    assert AuditEntry.objects.count() == before


def test_names_are_one_line_and_once_in_a_workspace(workspace, engineer):
    make_channel(workspace, name="  On \n call ")
    other = make_channel(workspace, "slack")
    assert Channel.objects.filter(name="On call").exists()
    for act in (lambda: make_channel(workspace, name="On call"), lambda: change(other, engineer, name="On call")):
        with pytest.raises(Refused, match="there is a channel called 'On call'"):
            act()
    with pytest.raises(ValidationError):
        make_channel(workspace, name="a\x00b")
    with pytest.raises(Refused, match="name: is empty"):
        make_channel(workspace, name="  ")


def test_only_webhooks_have_a_key(workspace, engineer):
    assert make_channel(workspace, "slack").signing_key == ""
    with pytest.raises(Refused, match="only webhooks are signed"):
        channels.renew_key(Channel.objects.get(), actor=engineer)


def test_deleting_says_which_rules_named_it(workspace, engineer):
    channel, rule = make_channel(workspace), make_rule(workspace)
    rule.channels.add(channel)
    channels.delete(channel, actor=engineer)
    assert AuditEntry.objects.first().before["rules"] == [rule.name]
    assert not rule.channels.exists()


def test_after_a_rotation_channels_are_sealed_anew_and_lost_ones_named(workspace, capsys):
    with override_settings(SECRET_KEY="older", SECRET_KEY_FALLBACKS=[]):
        make_channel(workspace, "slack", name="lost")
    with override_settings(SECRET_KEY="old", SECRET_KEY_FALLBACKS=[]):
        make_channel(workspace, "webhook", name="kept")
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]), pytest.raises(CommandError, match="lost"):
        call_command("alert_channel", "reseal")
    assert "1 sealed anew" in capsys.readouterr().out
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[]):
        kept = Channel.objects.get(name="kept")
        assert channel_targets.target(kept) == "https://example.org/hook"
        assert channel_targets.key(kept).startswith("whsec_")
        assert "enter it again" in channel_targets.hidden(Channel.objects.get(name="lost"))


def test_the_command_adds_lists_and_tests(workspace, server, monkeypatch, capsys):
    ours = ("--workspace", workspace.slug)
    call_command("alert_channel", *ours, "add", "people", "--kind", "email", "--to", "ada@example.org")
    monkeypatch.setenv("MLOPSPRO_CHANNEL_TARGET", server.url)
    call_command("alert_channel", *ours, "add", "program", "--kind", "webhook", "--severity", "critical")
    assert "signing key, shown this once: whsec_" in capsys.readouterr().out
    call_command("alert_channel", *ours, "test", "program")
    assert "arrived: status 200" in capsys.readouterr().out
    server.status = 500
    with pytest.raises(CommandError, match="status 500"):
        call_command("alert_channel", *ours, "test", "program")
    call_command("alert_channel", *ours, "list")
    people, program = capsys.readouterr().out.splitlines()
    assert "never tried" in people
    assert "from critical" in program
    assert "failed: It answered with status 500." in program
    with pytest.raises(CommandError, match="accepted: people, program"):
        call_command("alert_channel", *ours, "test", "nobody")
    with pytest.raises(CommandError, match="--to is for e-mail"):
        call_command("alert_channel", *ours, "add", "x", "--kind", "slack", "--to", SLACK)
