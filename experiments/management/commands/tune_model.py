"""Search over hyperparameters from the command line: the same checks, workers and result as from the page."""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from pydantic import ValidationError

from experiments.jobs import queue
from experiments.learning import architectures
from experiments.learning.families import Family
from experiments.learning.search.defaults import usual_space
from experiments.learning.search.space import stored
from experiments.models import Dataset, JobStatus, Search
from experiments.selectors.searches import SearchState, state_of
from experiments.services import searches
from experiments.services.actors import actor_of, workspace_of
from experiments.services.default_split import default_split
from experiments.services.launch_fits import usual_architecture
from experiments.services.search_request import SearchRequest
from experiments.services.spec import INTERACTION_METHODS, TABLE_METHODS, Refused, problems_of
from mlopspro.accounts.models import Workspace


class Command(BaseCommand):
    help = "Search for the hyperparameters that do best on the validation part and, unless --no-wait is given, follow."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dataset", required=True, help="Name or id of a dataset")
        parser.add_argument("--architecture", default="", help="Left out: hybrid, or the first of the table's family")
        parser.add_argument("--name", default="")
        parser.add_argument("--trials", type=int, default=20, help="How many in all (20)")
        parser.add_argument("--parallel", type=int, default=2, help="How many at a time (2)")
        parser.add_argument(
            "--space",
            action="append",
            default=[],
            metavar="NAME=LOW..HIGH[:log][:step=N]",
            help="What is searched; repeatable. NAME=a,b,c for choices. Left out: what usually matters",
        )
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", help="A value of all trials; repeatable"
        )
        parser.add_argument("--metric", default="", help="protocol.name; left out: what the architecture learns")
        parser.add_argument("--sampler", choices=["tpe", "random", "even"], default="tpe")
        parser.add_argument("--pruner", choices=["median", "none"], help="Left out: median where it suits")
        parser.add_argument("--split", choices=[*dict.fromkeys((*INTERACTION_METHODS, *TABLE_METHODS))])
        parser.add_argument("--seed", type=int, default=42, help="Of what is drawn, and of every trial (42)")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it runs")
        parser.add_argument("--no-wait", action="store_true", help="End as soon as the search has begun")
        parser.add_argument("--json", action="store_true", help="Print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_of(options["workspace"])
        try:
            request = SearchRequest.model_validate(self._asked(options, _dataset(workspace, options["dataset"])))
            search = searches.create_search(
                workspace=workspace, actor=actor_of(options["actor"]), request=request, through="command"
            )
        except ValidationError as error:
            raise CommandError("\n".join(f"{item.field}: {item.message}" for item in problems_of(error))) from error
        except Refused as error:
            raise CommandError("\n".join(f"{item.field}: {item.message}" for item in error.problems)) from error
        queue.ringer.flush(1.0)
        if not options["json"]:
            self.stdout.write(f"Begun {search.name} as {search.pk}")
        if not options["no_wait"]:
            self._follow(search, quiet=options["json"])
        self._tell(state_of(search), as_json=options["json"])
        if search.status in (JobStatus.FAILED, JobStatus.CANCELLED):
            raise CommandError(f"{JobStatus(search.status).label}: {search.reason}")

    def _asked(self, options: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
        parameters = dict(_pair(text) for text in options["set"])
        asked = {name: options[name] for name in ("name", "trials", "parallel", "metric", "sampler", "pruner", "seed")}
        asked |= {"dataset": dataset.pk, "architecture": options["architecture"], "parameters": parameters}
        asked["space"] = dict(_dimension(text) for text in options["space"]) or _usual(asked, dataset)
        if options["split"]:
            asked["split"] = default_split(dataset).model_dump() | {"method": options["split"]}
        return asked

    def _follow(self, search: Search, *, quiet: bool) -> None:
        """Prints each trial that ends, until the search has."""
        told: set[int] = set()
        while True:
            search.refresh_from_db()
            state = state_of(search)
            for row in state.rows:
                if row.is_active or row.number in told:
                    continue
                told.add(row.number)
                if not quiet:
                    values = ", ".join(f"{one.name}={row.run.parameters.get(one.name)}" for one in state.parameters)
                    reached = f"{search.metric} {row.value:.4f}" if row.value is not None else row.run.failure_reason
                    self.stdout.write(f"trial {row.number} {row.outcome.value}: {reached} ({values})")
            if search.status != JobStatus.RUNNING:
                return
            time.sleep(0.5)

    def _tell(self, state: SearchState, *, as_json: bool) -> None:
        search, best = state.search, state.best
        values = {one.name: best.run.parameters.get(one.name) for one in state.parameters} if best else {}
        if as_json:
            found = {
                "id": str(search.pk),
                "status": search.status,
                "reason": search.reason,
                "metric": search.metric,
                "counts": state.counts,
                "best": {
                    "experiment": str(best.run.pk),
                    "trial": best.number,
                    "value": best.value,
                    "parameters": values,
                }
                if best
                else None,
            }
            self.stdout.write(json.dumps(found))
        elif best:
            shown = " ".join(f"--set {name}={json.dumps(value)}" for name, value in values.items())
            self.stdout.write(f"best: trial {best.number}, {search.metric} {best.value:.4f} on the validation part")
            self.stdout.write(f"train_model --architecture {search.architecture} {shown}")


def _dataset(workspace: Workspace, asked: str) -> Dataset:
    rows = Dataset.objects.filter(workspace=workspace, deleted_at__isnull=True)
    found = rows.filter(name=asked).first() or next((row for row in rows if str(row.pk) == asked), None)
    if found is None:
        known = ", ".join(rows.values_list("name", flat=True)[:20]) or "none yet; see manage.py import_dataset"
        raise CommandError(f"dataset: there is no {asked!r}; known: {known}")
    return found


def _usual(asked: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
    """What usually matters, around the values that are given. {} where the architecture is not known: refused later."""
    found = architectures.find(asked["architecture"] or usual_architecture(Family(dataset.family)))
    if found is None:
        return {}
    return stored(usual_space(found.parameters, found.parameters().model_dump() | asked["parameters"]))


def _dimension(text: str) -> tuple[str, dict[str, Any]]:
    """ "learning_rate=1e-4..1e-1:log" or "objective=rating,joint" as the space of one parameter."""
    name, separator, said = text.partition("=")
    if not separator or not name or not said:
        raise CommandError(
            f"--space {text!r}: accepted is NAME=LOW..HIGH, with :log or :step=N, or NAME=a,b,c; "
            "for example --space learning_rate=1e-4..1e-1:log"
        )
    if ".." not in said:
        return name, {"choices": [_value(one) for one in said.split(",")]}
    low, _, rest = said.partition("..")
    high, *further = rest.split(":")
    found: dict[str, Any] = {"low": _value(low), "high": _value(high)}
    for one in further:
        key, _, value = one.partition("=")
        if key not in ("log", "step"):
            raise CommandError(f"--space {text!r}: {one!r} is not known; accepted after the interval: log, step=N")
        found[key] = _value(value) if value else True
    return name, found


def _pair(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise CommandError(f"--set {text!r}: accepted is NAME=VALUE, for example --set epochs=20")
    return name, _value(value)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"True": True, "False": False, "None": None}.get(text, text)
