"""Replay the held-out part of a dataset as live traffic with feedback, with drift injected where asked for."""

from __future__ import annotations

import datetime as dt
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.learning.data.errors import DatasetError
from experiments.learning.tabular.base import TableError
from experiments.models import Dataset, ModelVersion
from experiments.selectors.registry import NotFound, named
from experiments.services.actors import workspace_of
from experiments.services.deployments import champion
from mlopspro.accounts.models import Workspace
from mlopspro.serving import answers, loaded
from mlopspro.serving.problems import CannotAnswer, NoModel, NotReady
from mlopspro.serving.replay.door_http import HttpDoor, RefusedByTheSite
from mlopspro.serving.replay.doors import Door
from mlopspro.serving.replay.doors_here import LiveDoor, PastDoor, new_name
from mlopspro.serving.replay.drift import ABOUT, DriftError, parse
from mlopspro.serving.replay.pace import Pace, parse_rate
from mlopspro.serving.replay.plans import plan_of
from mlopspro.serving.replay.position import OtherReplay, Position
from mlopspro.serving.replay.progress import Progress
from mlopspro.serving.replay.reactions import Exposure
from mlopspro.serving.replay.replay import Replay

WRONG = (DriftError, NoModel, NotReady, CannotAnswer, OtherReplay, DatasetError, TableError, RefusedByTheSite, NotFound)
OPTIONS_OF_A_REPLAY = ("model", "dataset", "seed", "drift", "requests", "as_if_from", "until", "truth", "list_length",
                       "skips", "looks_on", "answers", "delay", "speed", "rate")  # fmt: skip
SAVE_EVERY_SECONDS = 1.0


class Command(BaseCommand):
    help = (
        "Replay what a live model has not learnt from, in the order of time, as traffic with feedback.\n"
        "Kinds of drift for --drift: " + " ".join(f"{kind}: {about.does}" for kind, about in ABOUT.items())
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", default="", help="Name of a model in production; needed where there are several")
        parser.add_argument(
            "--dataset", default="", help="Another dataset of the same kind; default: the version's own"
        )
        parser.add_argument("--requests", type=int, help="How many; default: one pass through the held-out part")
        parser.add_argument("--minutes", type=float, help="Stop after so many minutes")
        parser.add_argument("--speed", type=float, help="60 replays an hour of data a minute")
        parser.add_argument("--rate", help="Evenly, such as 50/s; neither: as fast as possible")
        parser.add_argument("--drift", action="append", default=[], metavar="KIND[,start=50%][,end=][,strength=]",
                            help="May be given several times; tables: column= too")  # fmt: skip
        parser.add_argument("--as-if-from", help="Write a past from this day on into the log, such as 2026-11-01")
        parser.add_argument("--until", help="Where that past ends; default: now")
        parser.add_argument("--url", help="Ask a site over HTTP instead of this process")
        parser.add_argument("--key", default="", help="API key for --url, with the scopes serve and log")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--list-length", type=int, default=answers.DEFAULT_N)
        parser.add_argument("--truth", choices=["whole", "later"], default="whole",
                            help="whole: any held-out item is wanted; later: only those still to come")  # fmt: skip
        parser.add_argument("--skips", type=float, default=0.5, help="Chance that an unwanted item is reported skipped")
        parser.add_argument("--looks-on", type=float, default=1.0, help="Chance that the next place is looked at")
        parser.add_argument("--answers", type=float, default=1.0, help="Chance that what is wanted gets feedback")
        parser.add_argument("--delay", type=float, default=2.0, help="Mean seconds until feedback arrives")
        parser.add_argument(
            "--resume", default="", metavar="NAME", help="Keep the position under this name, go on there"
        )
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        before = signal.signal(signal.SIGINT, lambda *_: stop.set()) if _is_main() else None
        try:
            self._replay(options, stop)
        except WRONG as error:
            raise CommandError(str(error)) from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        finally:
            if before is not None:
                signal.signal(signal.SIGINT, before)

    def _replay(self, options: dict[str, Any], stop: threading.Event) -> None:
        workspace = workspace_of(options["workspace"])
        version = _version(workspace, options["model"])
        plan = plan_of(version, dataset=_dataset(workspace, options["dataset"]), truth=options["truth"])
        name = options["resume"] or new_name()
        position = Position(_position_path(name), {key: options[key] for key in OPTIONS_OF_A_REPLAY})
        first = position.read() if options["resume"] else 0
        replay = Replay(
            plan,
            self._door(workspace, version, options, name),
            requests=options["requests"],
            first=first,
            pace=Pace(options["speed"], parse_rate(options["rate"]) if options["rate"] else None),
            exposure=Exposure(options["looks_on"], options["skips"], options["answers"], options["delay"]),
            drifts=[parse(text) for text in options["drift"]],
            seed=options["seed"],
            name=name,
            as_if_from=_moment(options["as_if_from"], "--as-if-from"),
            as_if_until=_moment(options["until"], "--until"),
            wait=stop.wait,
        )
        self.stdout.write(f"{version.model} {version.number}: {replay.total - first:,} requests, name {name}")
        self._follow(replay, position if options["resume"] else None, options["minutes"], stop)

    def _follow(self, replay: Replay, position: Position | None, minutes: float | None, stop: threading.Event) -> None:
        progress = Progress(self.stderr, first=replay.first, total=replay.total)
        until = time.monotonic() + 60 * minutes if minutes else None
        counted: Counter[str] = Counter()
        saved = 0.0
        number = replay.first
        try:
            for step in replay.steps():
                number = step.number + 1
                counted.update(["failed" if step.failed else "answered", *step.drift])
                progress.show(number, failed=counted["failed"])
                if until is not None and time.monotonic() >= until:
                    stop.set()
                if position is not None and time.monotonic() - saved >= SAVE_EVERY_SECONDS:
                    position.write(number)
                    saved = time.monotonic()
        finally:
            progress.end()
            if position is not None:
                position.write(number)
        self._tell(replay, counted, number)

    def _tell(self, replay: Replay, counted: Counter[str], number: int) -> None:
        kinds = ", ".join(f"{drift.kind.value} {counted[drift.kind.value]:,}" for drift in replay.injection.drifts)
        drifted = f"; drifted: {kinds}" if kinds else ""
        self.stdout.write(
            f"{counted['answered']:,} answered, {counted['failed']:,} failed, "
            f"{replay.told:,} pieces of feedback{drifted}"
        )
        if number < replay.total:
            self.stdout.write(f"Stopped before request {number:,} of {replay.total:,}")

    def _door(self, workspace: Workspace, version: ModelVersion, options: dict[str, Any], name: str) -> Door:
        if options["url"]:
            if options["as_if_from"]:
                raise CommandError("--as-if-from writes the log itself; accepted without --url")
            return HttpDoor(options["url"], options["key"], model=str(version.model_id), n=options["list_length"])
        loaded.refresh()
        live = answers.choose(workspace, str(version.model_id))
        if options["as_if_from"]:
            return PastDoor(workspace, live, n=options["list_length"], name=name)
        return LiveDoor(workspace, live, n=options["list_length"])


def _version(workspace: Workspace, model: str) -> ModelVersion:
    """The version in production whose held-out data is replayed."""
    chosen = named(workspace, model) if model else None
    if chosen is None:
        loaded.refresh()
        models = loaded.live(workspace)
        if len(models) != 1:
            names = ", ".join(sorted(models)) or "none; promote a version first"
            raise CommandError(f"--model is missing; in production: {names}")
        chosen = named(workspace, next(iter(models)))
    live = champion(chosen)
    if live is None:
        raise CommandError(f"No version of {chosen.name} is in production; promote one first")
    return ModelVersion.objects.select_related("model", "dataset", "experiment").get(pk=live.pk)


def _dataset(workspace: Workspace, name: str) -> Dataset | None:
    if not name:
        return None
    found = Dataset.objects.filter(workspace=workspace, name=name, deleted_at__isnull=True).first()
    if found is None:
        raise CommandError(f"--dataset {name!r}: there is no such dataset")
    return found


def _moment(text: str | None, option: str) -> dt.datetime | None:
    if not text:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{option} is {text!r}; accepted: such as 2026-11-01 or 2026-11-01T08:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _position_path(name: str) -> Path:
    if not name.replace("-", "").replace("_", "").isalnum():
        raise CommandError(f"--resume is {name!r}; accepted: letters, digits, - and _")
    return Path(settings.DATA_ROOT) / "replays" / f"{name}.json"


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()
