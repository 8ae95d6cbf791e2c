"""What a manifest must be beyond its form: rules that depend on the family, and those between two values.

They look at plain JSON, so that they speak also where something else is wrong with the form.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from experiments.learning.architectures import ARCHITECTURES_OF, find
from experiments.learning.families import ABOUT, Family
from experiments.learning.tabular.splits import METHODS_OF
from experiments.recipes.cron import check_cron
from experiments.recipes.metric_keys import SIGNALS, metric_keys
from experiments.recipes.problems import ManifestProblem, problem, shown

Content = Mapping[str, Any]
_INTERACTION_METHODS = ("random", "time", "leave_last_out", "given")
INTERACTION_ROLES = ("user", "item", "value", "timestamp", "user_features", "item_features")


def problems(content: Content, family: Family) -> list[ManifestProblem]:
    return [found for rule in _RULES for found in rule(content, family)]


def methods_of(family: Family) -> tuple[str, ...]:
    """Validation methods a manifest of the family may name."""
    own = METHODS_OF[family] if family.is_tabular else _INTERACTION_METHODS
    return ("auto", *own)


def roles_of(family: Family) -> tuple[str, ...]:
    return tuple(role.name for role in ABOUT[family].roles) or INTERACTION_ROLES


def at(content: Any, *path: str) -> Any:
    """What stands at a place; None where there is nothing, or something of another form on the way."""
    for step in path:
        if not isinstance(content, Mapping):
            return None
        content = content.get(step)
    return content


def entries(content: Any, *path: str) -> Mapping[str, Any]:
    found = at(content, *path)
    return found if isinstance(found, Mapping) else {}


def texts(content: Any, *path: str) -> Sequence[str]:
    found = at(content, *path)
    return [item if isinstance(item, str) else "" for item in found] if isinstance(found, list) else []


def _family(content: Content, family: Family) -> Iterator[ManifestProblem]:
    said = content.get("family")
    if said in list(Family) and said != family:
        yield problem(("family",), f"is {said!r}; the recipe is of {family.value}, and a recipe keeps its family")


def _architecture(content: Content, family: Family) -> Iterator[ManifestProblem]:
    place = ("pipeline", "training", "architecture")
    key = at(content, *place)
    if not isinstance(key, str) or not key:
        return
    accepted = ARCHITECTURES_OF[family]
    if key not in accepted:
        other = find(key) is not None
        what = f"belongs to another family than {family.value}" if other else "is not known"
        yield problem(place, f"{shown(key)} {what}{_choose(key, accepted)}")
        return
    parameters = at(content, "pipeline", "training", "parameters")
    if isinstance(parameters, Mapping):
        yield from _parameters(key, family, parameters)


def _parameters(key: str, family: Family, parameters: Content) -> Iterator[ManifestProblem]:
    model = ARCHITECTURES_OF[family][key].parameters
    try:
        model.model_validate_json(json.dumps(dict(parameters)), strict=True)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            place = ("pipeline", "training", "parameters", *item["loc"])
            if item["type"] == "extra_forbidden":
                yield problem(place, f"is no parameter of {key}{_choose(str(item['loc'][-1]), model.model_fields)}")
            else:
                given = "" if isinstance(item["input"], (dict, list)) else f" (given: {shown(item['input'])})"
                yield problem(place, f"{item['msg'][0].lower()}{item['msg'][1:]}{given}")


def _metrics(content: Content, family: Family) -> Iterator[ManifestProblem]:
    lengths = at(content, "pipeline", "evaluation", "list_lengths")
    whole = isinstance(lengths, list) and bool(lengths) and all(type(item) is int and item > 0 for item in lengths)
    known = metric_keys(family, sorted(set(lengths))) if whole else metric_keys(family)
    for place in (("pipeline", "evaluation", "metrics"), ("monitoring", "metrics")):
        for key, bounds in entries(content, *place).items():
            if key not in known:
                yield problem((*place, key), f"is no metric of {family.value}{_choose(key, known)}")
            yield from _bounds((*place, key), bounds)
    headline = at(content, "pipeline", "evaluation", "headline")
    if isinstance(headline, str) and headline not in known:
        place = ("pipeline", "evaluation", "headline")
        yield problem(place, f"{shown(headline)} is no metric of {family.value}{_choose(headline, known)}")
    for name, rule in entries(content, "monitoring", "alerts").items():
        signal = at(rule, "signal")
        if isinstance(signal, str) and signal not in SIGNALS and signal not in known:
            where = ("monitoring", "alerts", name, "signal")
            yield problem(
                where, f"{shown(signal)} is neither a signal nor a metric{_choose(signal, (*SIGNALS, *known))}"
            )


def _bounds(place: tuple[str, ...], bounds: Any) -> Iterator[ManifestProblem]:
    low, high = at(bounds, "minimum"), at(bounds, "maximum")
    if _number(low) and _number(high) and low > high:
        yield problem((*place, "minimum"), f"{low} is above the maximum {high}; accepted: {high} or less")


def _validation(content: Content, family: Family) -> Iterator[ManifestProblem]:
    place = ("pipeline", "evaluation", "validation", "method")
    method = at(content, *place)
    accepted = methods_of(family)
    if isinstance(method, str) and method and method not in accepted:
        yield problem(place, f"{shown(method)} is no method of {family.value}; accepted: {', '.join(accepted)}")


def _lists(content: Content, family: Family) -> Iterator[ManifestProblem]:
    place = ("pipeline", "evaluation", "list_lengths")
    lengths = at(content, *place)
    if isinstance(lengths, list) and all(type(item) is int for item in lengths):
        if not lengths:
            yield problem(place, "is empty; accepted: at least one length, such as [10]")
        elif lengths != sorted(set(lengths)):
            yield problem(place, f"{lengths} must ascend, each length once; accepted: {sorted(set(lengths))}")
    if family.is_tabular and at(content, "pipeline", "evaluation", "relevant_from") is not None:
        yield problem(
            ("pipeline", "evaluation", "relevant_from"), f"is of recommendation alone; {family.value} has none"
        )


def _features(content: Content, family: Family) -> Iterator[ManifestProblem]:
    prep = at(content, "pipeline", "feature_prep")
    used, left_out = texts(prep, "use"), texts(prep, "leave_out")
    for position, column in enumerate(left_out):
        if column and column in used:
            place = ("pipeline", "feature_prep", "leave_out", position)
            yield problem(place, f"{shown(column)} is used and left out at once; name it in one of the two")
    sets = entries(content, "requirements", "feature_sets")
    accepted = roles_of(family)
    named: set[str] = set(entries(content, "requirements", "labels"))
    for name, feature_set in sets.items():
        named.update(texts(feature_set, "columns"), texts(feature_set, "roles"))
        for position, role in enumerate(texts(feature_set, "roles")):
            if role and role not in accepted:
                where = ("requirements", "feature_sets", name, "roles", position)
                yield problem(where, f"{shown(role)} is no role of {family.value}{_choose(role, accepted)}")
    for column in entries(content, "lineage", "inputs"):
        if column not in named:
            yield problem(
                ("lineage", "inputs", column),
                f"is in no feature set and no label{_choose(column, sorted(named))}",
            )


def _history(content: Content, family: Family) -> Iterator[ManifestProblem]:
    least = at(content, "requirements", "min_history")
    for name in ("users", "items") if family.is_tabular else ():
        if _number(value := at(least, name)) and value > 0:
            yield problem(("requirements", "min_history", name), f"{value} is of interactions; {family.value} has rows")


def _deployment(content: Content, family: Family) -> Iterator[ManifestProblem]:
    stage = ("pipeline", "deployment")
    mode, schedule, endpoint = (at(content, *stage, name) for name in ("mode", "schedule", "endpoint"))
    if mode == "batch" and not schedule:
        yield problem((*stage, "schedule"), "is left out; a batch deployment needs five cron fields, such as 0 2 * * 1")
    elif isinstance(schedule, str) and schedule:
        if mode in (None, "realtime"):
            yield problem((*stage, "schedule"), "is of batch deployments; this one is realtime. Leave it empty")
        try:
            check_cron(schedule)
        except ValueError as error:
            yield problem((*stage, "schedule"), str(error))
    if isinstance(endpoint, str) and endpoint and not _is_path(endpoint):
        yield problem((*stage, "endpoint"), f"{shown(endpoint)} is no path; accepted: such as /api/predict/demand")


def _is_path(text: str) -> bool:
    return text.startswith("/") and "//" not in text and all(char.isalnum() or char in "/-_." for char in text)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _choose(given: str, accepted: Iterable[str]) -> str:
    """The end of a sentence that says what is accepted, the nearest first."""
    names = list(accepted)
    close = difflib.get_close_matches(given, names, n=1)
    hint = f". Did you mean {close[0]}?" if close else ""
    return f"{hint or ';'} {'Accepted' if hint else 'accepted'}: {', '.join(names[:40]) or 'nothing'}"


_RULES: tuple[Callable[[Content, Family], Iterator[ManifestProblem]], ...] = (
    _family,
    _history,
    _features,
    _architecture,
    _validation,
    _lists,
    _metrics,
    _deployment,
)
