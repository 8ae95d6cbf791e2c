"""``manage.py drill``: replays data in time order under never, weekly, every day and the policy, and says what each
brought."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.models import Dataset, JobStatus
from experiments.services.actors import actor_of, workspace_of
from experiments.services.spec import Refused
from retraining.drill.synthetic import KINDS
from retraining.models import Drill
from retraining.services import drills


class Command(BaseCommand):
    help = "Replay data in order of time under four policies and compare quality, cost and number of retrainings."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--dataset", help="Name of a dataset of interactions with timestamps")
        what.add_argument("--kind", choices=KINDS, help="A synthetic world that drifts like this")
        parser.add_argument("--seed", type=int, default=0, help="Of the synthetic world")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it is done")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace, actor = workspace_of(options["workspace"]), actor_of(options["actor"])
        try:
            dataset = None
            if not options["kind"]:
                rows = Dataset.objects.filter(workspace=workspace, name=options["dataset"], deleted_at__isnull=True)
                dataset = rows.order_by("-created_at").first()
                if dataset is None:
                    raise CommandError(f"--dataset {options['dataset']!r}: there is no such dataset")
            asked = drills.ask(
                workspace, kind=options["kind"] or "", dataset=dataset, seed=options["seed"], actor=actor
            )
        except Refused as error:
            raise CommandError("\n".join(f"{one.field}: {one.message}" for one in error.problems)) from error
        done = drills.carry_out_here(asked, self._told)
        if done.status != JobStatus.COMPLETED:
            raise CommandError(done.failure_reason or f"It is {done.state.label.lower()}: a worker has it.")
        self._say(done)

    def _told(self, name: str, place: int, of: int) -> None:
        self.stderr.write(f"{place}/{of} {name}")

    def _say(self, done: Drill) -> None:
        self.stdout.write(f"{done.name}: {done.result['days']} days, {done.result['warm_up_days']} of them warm-up")
        self.stdout.write(
            f"{'policy':<8} {'NDCG@10':>8} {'F1@10':>7} {'$/1,000':>8} {'retrainings':>11} {'recovered':>9}"
        )
        for one in done.result["outcomes"]:
            recovered = "" if one["recovered"] is None else f"{100 * one['recovered']:.0f} %"
            self.stdout.write(
                f"{one['strategy']:<8} {_plain(one['ndcg_at_10'])} {_plain(one['f1_at_10'], 7)} "
                f"{_plain(one['cost_per_1000'], 8, 2)} {len(one['retrainings']):>11} {recovered:>9}"
            )


def _plain(value: float | None, width: int = 8, digits: int = 3) -> str:
    return f"{'–':>{width}}" if value is None else f"{value:>{width}.{digits}f}"
