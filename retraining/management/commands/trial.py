"""``manage.py trial``: A/B tests and interleavings from a terminal or a script."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.models import RegisteredModel
from experiments.models.job import JobStateError
from experiments.selectors.registry import NotFound, named, numbered
from experiments.services.actors import actor_of, workspace_of
from experiments.services.promotion import PromotionRefused
from experiments.services.spec import Refused
from mlopspro.accounts.models import User, Workspace
from retraining.models import Trial
from retraining.selectors import trials as selectors
from retraining.services import trial_design, trial_readings, trials
from retraining.services.trial_ends import UNREAD
from retraining.services.trial_metrics import CREDIT

ACTS = ("list", "plan", "draft", "start", "show", "read", "stop", "promote", "delete")
_DOCUMENT = ("kind", "method", "metric", "control_share", "alpha", "power", "least_effect", "planned_users", "days")


class Command(BaseCommand):
    help = "Plan, draft, start, read, stop and promote trials between versions of a model."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=ACTS)
        parser.add_argument("trial", nargs="?", default="", help="Name or id of the trial; for draft its name")
        parser.add_argument("--model", default="", help="Name or id (default: the only one)")
        parser.add_argument("--variants", nargs="+", default=[], metavar="NUMBER", help="Versions beside the champion")
        parser.add_argument("--shares", nargs="+", type=float, default=[], help="Of the users, one a variant")
        parser.add_argument("--control-share", type=float, help="Of the users; the variants have the rest evenly")
        parser.add_argument("--kind", choices=Trial.Kind.values)
        parser.add_argument("--method", choices=Trial.Method.values)
        parser.add_argument("--metric", help="What is compared (default: the model's usual one)")
        parser.add_argument("--alpha", type=float, help="Chance of finding a difference where there is none (0.05)")
        parser.add_argument("--power", type=float, help="Chance of finding the least effect (0.8)")
        parser.add_argument("--least-effect", type=float, help="In the unit of the metric")
        parser.add_argument("--planned-users", type=int, help="Of all arms (default: as the planner says)")
        parser.add_argument("--days", type=float, help="Planned length (default: as the planner says)")
        parser.add_argument("--number", default="", help="For promote: a variant that did not win")
        parser.add_argument("--reason", default="", help="Kept with it")
        parser.add_argument("--json", action="store_true", help="As JSON")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it is done")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace, actor = workspace_of(options["workspace"]), actor_of(options["actor"])
        try:
            self._do(options["act"], workspace, actor, options)
        except Refused as error:
            raise CommandError("\n".join(f"{one.field}: {one.message}" for one in error.problems)) from error
        except (JobStateError, PromotionRefused, NotFound) as error:
            raise CommandError(str(error)) from error

    def _do(self, act: str, workspace: Workspace, actor: User | None, options: dict[str, Any]) -> None:
        if act == "list":
            return self._list(workspace, options)
        if act == "plan":
            return self._plan(self._model(workspace, options), options)
        if act == "draft":
            made = trials.draft(self._model(workspace, options), self._document(options), actor=actor)
            return self._show(made, options)
        trial = self._trial(workspace, options)
        reason = options["reason"]
        if act == "delete":
            trials.delete(trial, actor=actor)
            self.stdout.write(f"{trial.name} is deleted.")
            return None
        if act == "promote":
            version = numbered(trial.model, options["number"]) if options["number"] else None
            change = trials.promote(trial, actor=actor, reason=reason, version=version)
            self.stdout.write(f"{change.version.number} is in production. {change.reason}")
        elif act == "start":
            trials.start(trial, actor=actor)
        elif act == "stop":
            trials.stop(trial, actor=actor, reason=reason)
        elif act == "read":
            trial_readings.read(trial)
        return self._show(trial, options)

    def _model(self, workspace: Workspace, options: dict[str, Any]) -> RegisteredModel:
        if options["model"]:
            return named(workspace, options["model"])
        rows = list(RegisteredModel.objects.filter(workspace=workspace, archived_at__isnull=True).order_by("name")[:20])
        if len(rows) != 1:
            raise CommandError(f"--model: which one? Known: {', '.join(one.name for one in rows) or 'none yet'}")
        return rows[0]

    def _trial(self, workspace: Workspace, options: dict[str, Any]) -> Trial:
        rows = Trial.objects.filter(model__workspace=workspace).select_related("model__workspace")
        if options["model"]:
            rows = rows.filter(model=named(workspace, options["model"]))
        name = options["trial"]
        found = list(rows.filter(name=name)[:2])
        if not found:
            try:
                found = list(rows.filter(pk=uuid.UUID(name)))
            except ValueError:
                found = []
        if len(found) != 1:
            known = ", ".join(rows.values_list("name", flat=True)[:20]) or "none yet"
            said = "is the name of several; say --model" if found else f"is not known; known: {known}"
            raise CommandError(f"trial {name!r} {said}")
        return found[0]

    def _document(self, options: dict[str, Any]) -> dict[str, Any]:
        document = {name: options[name] for name in _DOCUMENT if options[name] is not None}
        if options["shares"] and len(options["shares"]) != len(options["variants"]):
            raise CommandError(f"--shares: one a variant is accepted, {len(options['variants'])} of them")
        shares = dict(zip(options["variants"], options["shares"], strict=False))
        return document | {"name": options["trial"], "variants": options["variants"], "shares": shares}

    def _list(self, workspace: Workspace, options: dict[str, Any]) -> None:
        rows = selectors.of_workspace(workspace)
        if options["model"]:
            rows = rows.filter(model=named(workspace, options["model"]))
        for one in rows[:200]:
            said = (UNREAD | one.verdict)["sentence"] if one.state != Trial.State.DRAFT else ""
            self.stdout.write(f"{one.pk}  {one.state:<8} {one.model.name}: {one.name}  {said}".rstrip())

    def _plan(self, model: RegisteredModel, options: dict[str, Any]) -> None:
        metric = CREDIT if options["kind"] == Trial.Kind.INTERLEAVING else options["metric"]
        metric = metric or next(iter(trials.choices(model)))
        if metric != CREDIT and metric not in trials.choices(model):
            raise CommandError(f"--metric {metric!r}: accepted are {', '.join(trials.choices(model))}")
        known = trial_design.baseline(model, metric)
        if known is None:
            raise CommandError(f"Too little is known of {model.name}'s users to plan a trial.")
        try:
            made = trial_design.plan(
                known,
                variants=len(options["variants"]) or 1,
                control_share=options["control_share"] or 1 / (1 + (len(options["variants"]) or 1)),
                alpha=options["alpha"] or 0.05,
                power=options["power"] or 0.8,
                method=options["method"] or "sequential",
                least_effect=options["least_effect"] or 0.0,
                users=options["planned_users"] or 0,
                days=options["days"] or 0.0,
                interleaving=metric == CREDIT,
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps({**vars(made), "baseline": vars(known)}))
            return
        self.stdout.write(f"{known.sentence}\n{made.sentence}")

    def _show(self, trial: Trial, options: dict[str, Any]) -> None:
        view = selectors.detail(trial)
        row = view.trial
        if options["json"]:
            arms = {one.number: one.read for one in view.arms}
            document = {"id": str(row.pk), "name": row.name, "state": row.state, "verdict": view.verdict, "arms": arms}
            self.stdout.write(json.dumps(document))
            return
        self.stdout.write(f"{row.name} of {row.model.name}: {row.get_state_display().lower()}, {view.metric.title}")
        self.stdout.write(f"  {view.verdict['sentence']} {view.verdict.get('ended', '')}".rstrip())
        for one in view.arms:
            value = one.read.get("value")
            told = f"{one.read.get('users', 0):,} users, {value:.4g}" if value is not None else "nothing read yet"
            role = "control" if one.control else "variant"
            self.stdout.write(f"  {one.number} {role} {100 * one.share:.3g} %: {told} {one.stopped}".rstrip())
        if left := view.verdict["left_out"]["sentence"]:
            self.stdout.write(f"  {left}")
        if row.trouble:
            self.stdout.write(f"  Could not be read: {row.trouble}")
