"""Whether an effective manifest can be carried out by its family: every problem at once, each with its place."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from experiments.learning.families import Family
from experiments.recipes import family_rules, limits
from experiments.recipes.manifest import Manifest
from experiments.recipes.problems import ManifestProblem, ManifestRefused, Place, problem, shown
from experiments.recipes.schema import fields_of, known_names


def check(effective: Mapping[str, Any], family: str) -> Manifest:
    """The typed manifest of a whole (effective) one. ``family`` is the recipe's; a manifest may leave it out.

    Raises:
        ManifestRefused: with every problem of schema and family, in the order of the schema.
        ValueError: ``family`` is none.
    """
    of = Family(family)
    problems = limits.misfits(effective)
    if problems:
        raise ManifestRefused(problems)
    content = {"family": of.value, **effective}
    manifest = None
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        problems = [_said(item) for item in error.errors(include_url=False)]
    of_family = family_rules.problems(content, of)
    said = {item.path for item in of_family}
    problems = [item for item in problems if item.path not in said] + of_family
    if problems or manifest is None:
        raise ManifestRefused(_in_order(problems))
    return manifest


def check_patch(patch: Any) -> None:
    """What a level says by itself: only that it is JSON to keep. What it makes of the whole is checked as the whole."""
    problems = limits.misfits(patch)
    if problems:
        raise ManifestRefused(problems)


def _said(item: ErrorDetails) -> ManifestProblem:
    """pydantic's finding in our words: place, value and what is accepted."""
    place: Place = tuple(step for step in item["loc"] if step != "[key]")
    if item["type"] == "extra_forbidden":
        return problem(place, _unknown(place))
    if item["type"] == "missing":
        return problem(place, "is left out; it must be said, here or in a level above")
    about_name = "[key]" in item["loc"]
    value = "" if isinstance(item.get("input"), (dict, list)) else f" (given: {shown(item.get('input'))})"
    message = (item["msg"][0].lower() + item["msg"][1:]).replace("a valid dictionary", "an object")
    return problem(place, f"{'the name ' if about_name else ''}{message}{value}")


def _unknown(place: Place) -> str:
    names = known_names(place[:-1])
    close = difflib.get_close_matches(str(place[-1]), names, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    return f"is not known here. {hint}Accepted: {', '.join(names) or 'nothing'}"


def _in_order(problems: list[ManifestProblem]) -> list[ManifestProblem]:
    order = {name: position for position, name in enumerate(fields_of(Manifest))}
    return sorted(problems, key=lambda item: order.get(item.path.partition(".")[0], len(order)))
