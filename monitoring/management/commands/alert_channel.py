"""``manage.py alert_channel``: the channels through which people are told of alerts, from a terminal."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from pydantic import ValidationError

from experiments.services.spec import Refused, problems_of
from mlopspro.accounts.management.lookup import workspace_named
from monitoring.models.alerts import Channel, Severity
from monitoring.selectors import channels as rows
from monitoring.services import channels, notifications
from monitoring.services.channels import ChannelSpec

ENVIRONMENT = "MLOPSPRO_CHANNEL_TARGET"


class Command(BaseCommand):
    help = (
        "Add, list and test alert channels; reseal seals what they keep anew after a rotation of DJANGO_SECRET_KEY. "
        f"A secret address is asked for, or read from {ENVIRONMENT} or standard input: arguments are seen by others."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--workspace", default="default", help="slug of the workspace (default: %(default)s)")
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("list", help="every channel, its state and its last attempt")
        add = acts.add_parser("add", help="a new channel; prints a webhook's signing key, this once")
        add.add_argument("name", help="unlike that of any other channel, such as on-call")
        add.add_argument("--kind", choices=Channel.Kind.values, required=True)
        add.add_argument("--to", help="e-mail addresses, separated by commas")
        add.add_argument("--severity", choices=Severity.values, default=Severity.WARNING, help="least severity told")
        test = acts.add_parser("test", help="send a test now and say how it went")
        test.add_argument("name")
        acts.add_parser("reseal", help="seal every channel of every workspace under the present secret key")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['act']}")(options)
        except Refused as error:
            raise CommandError("; ".join(f"{one.field}: {one.message}" for one in error.problems)) from None

    def _list(self, options: dict[str, Any]) -> None:
        for state in rows.listed(workspace_named(options["workspace"])):
            one, last = state.channel, state.last
            went = "never tried" if last is None else "arrived" if last.succeeded else f"failed: {last.error}"
            switched = "enabled" if one.enabled else "disabled"
            self.stdout.write(
                f"{one.name}  {one.kind}  {state.target}  from {one.least_severity}  {switched}  "
                f"{state.waiting} waiting  {went}"
            )

    def _add(self, options: dict[str, Any]) -> None:
        try:
            spec = ChannelSpec(
                name=options["name"], kind=options["kind"], target=_target(options), least_severity=options["severity"]
            )
        except ValidationError as error:
            raise Refused(problems_of(error)) from None
        made = channels.create(workspace=workspace_named(options["workspace"]), actor=None, spec=spec)
        self.stdout.write(f"added {made.channel.name}")
        if made.key:
            self.stdout.write(f"signing key, shown this once: {made.key}")

    def _test(self, options: dict[str, Any]) -> None:
        workspace = workspace_named(options["workspace"])
        channel = Channel.objects.filter(workspace=workspace, name=options["name"]).first()
        if channel is None:
            known = ", ".join(Channel.objects.filter(workspace=workspace).values_list("name", flat=True)) or "none yet"
            raise CommandError(f"name: {options['name']!r} is no channel; accepted: {known}.")
        attempt = notifications.test(channel, actor=None)
        if not attempt.succeeded:
            raise CommandError(f"{attempt.error} It took {attempt.milliseconds:,.0f} ms.")
        status = f"status {attempt.status}, " if attempt.status is not None else ""
        self.stdout.write(f"arrived: {status}{attempt.milliseconds:,.0f} ms")

    def _reseal(self, options: dict[str, Any]) -> None:
        done, lost = channels.seal_anew()
        self.stdout.write(f"{done} sealed anew")
        if lost:
            raise CommandError(f"cannot be read, so the target must be entered again: {', '.join(lost)}")


def _target(options: dict[str, Any]) -> str:
    """Of e-mail from the arguments; of the others from where nobody else reads it."""
    if options["kind"] == Channel.Kind.EMAIL:
        return str(options["to"] or "")
    if options["to"]:
        raise CommandError(f"--to is for e-mail; a secret address is asked for, or read from {ENVIRONMENT}.")
    given = os.environ.get(ENVIRONMENT, "")
    if given:
        return given
    return getpass.getpass("Address: ") if sys.stdin.isatty() else sys.stdin.readline()
