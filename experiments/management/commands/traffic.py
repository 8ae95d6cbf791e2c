"""Who answers a model's users: shown, and changed by the same rules as on the model's page."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.models import ModelVersion, RegisteredModel
from experiments.models.job import JobStateError
from experiments.selectors.registry import NotFound, named, numbered
from experiments.selectors.traffic import traffic_of
from experiments.services import traffic
from experiments.services.actors import actor_of, workspace_of
from experiments.services.exploration import change_exploration
from experiments.services.spec import Refused


class Command(BaseCommand):
    help = "Show how a model's users are divided, or have a version in staging answer beside the champion."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", metavar="MODEL", help="Name or id of a model")
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--challenger", metavar="NUMBER", default="", help="Version that answers --share of the users"
        )
        what.add_argument("--shadow", metavar="NUMBER", default="", help="Version that is scored and shown to nobody")
        what.add_argument(
            "--interleaved", metavar="NUMBER", default="", help="Version whose lists --share of the users sees mixed"
        )
        what.add_argument("--stop", metavar="NUMBER", default="", help="Version that stops doing any of these")
        what.add_argument(
            "--exploration", type=float, metavar="SHARE",
            help="Of the champion's lists, 0 to 1: their last place is a random one of the 20 items best for it",
        )  # fmt: skip
        parser.add_argument("--share", type=float, help="0.001 to 1; of a shadow 1 where left out")
        parser.add_argument("--reason", default="", help="Kept with the change")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it is done")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            model = named(workspace_of(options["workspace"]), options["model"])
            self._act(model, options)
        except Refused as error:
            raise CommandError("\n".join(f"{item.field}: {item.message}" for item in error.problems)) from error
        except (NotFound, JobStateError) as error:
            raise CommandError(str(error)) from error
        self._show(model)

    def _act(self, model: RegisteredModel, options: dict[str, Any]) -> None:
        actor, reason = actor_of(options["actor"]), options["reason"]
        if options["stop"]:
            traffic.end(self._running(model, numbered(model, options["stop"])), actor=actor, reason=reason)
            return
        if options["exploration"] is not None:
            change_exploration(model, options["exploration"], actor=actor, reason=reason)
            return
        role = next((one for one in traffic.BESIDE if options[one.value]), None)
        if role is None:
            return
        number = options[role.value]
        share = options["share"] if options["share"] is not None else 1.0 if options["shadow"] else None
        if share is None:
            raise CommandError("--share is missing; accepted: 0.001 to 1")
        version = numbered(model, number)
        now = traffic.running(model).filter(version=version, role=role).first()
        if now is not None:
            traffic.change_share(now, share, actor=actor, reason=reason)
        else:
            traffic.deploy(version, role=role, share=share, actor=actor, reason=reason)

    def _running(self, model: RegisteredModel, version: ModelVersion) -> Any:
        found = traffic.running(model).filter(version=version).first()
        if found is None:
            raise CommandError(f"{version.number} does not answer now")
        return found

    def _show(self, model: RegisteredModel) -> None:
        found = traffic_of(model)
        if share := RegisteredModel.objects.get(pk=model.pk).exploration:
            self.stdout.write(f"Of {share:.4g} of the champion's lists the last place is drawn")
        if not found.live:
            self.stdout.write(f"No version of {model.name} is in production, so nobody answers")
        for one in (*found.answering, *found.shadows):
            row = one.deployment
            self.stdout.write(
                f"{row.version.number:10} {row.role:11} {one.share:7.1%}  since {row.started_at:%Y-%m-%d %H:%M} UTC"
            )
