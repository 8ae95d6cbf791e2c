"""What people write on a model and its versions: which values are accepted, wherever they come from."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from experiments.learning.comparison.estimators import estimator_for
from experiments.models import Recipe, RecipeStatus
from experiments.services.labels import MAX_NAME_LENGTH, MAX_NOTE_LENGTH, distinct_tags, plain_text
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import Membership, User, Workspace

MINIMUM_IMPROVEMENT = 0.01
"""Decision D6."""
_NAME: Final = re.compile(r"[^\W_][\w .+()-]*")
"""Without the marks that addresses of models use: models:/name@champion, models:/name/1.2.0."""
_HEADLINE = re.compile(r"[a-z_]{1,20}\.[a-z0-9_]{1,80}")


class _Unset:
    """Stays as it is."""


UNSET: Final = _Unset()


@dataclass(frozen=True)
class Changes:
    """Fields of a model that people set; those left out stay as they are.

    ``headline`` is protocol.metric, empty for what suits family and data. ``minimum_improvement`` is what the gate
    asks for: in the metric's own units, of errors as a share of production's value.
    """

    name: str | _Unset = UNSET
    description: str | _Unset = UNSET
    owner: User | _Unset | None = UNSET
    tags: tuple[str, ...] | list[str] | _Unset = UNSET
    headline: str | _Unset = UNSET
    minimum_improvement: float | _Unset = UNSET

    def checked(self, workspace: Workspace, family: str, problems: list[Problem]) -> dict[str, Any]:
        """Clean values of the fields that are given. Raises Refused with ``problems`` and all that are found."""
        problems = list(problems)
        values: dict[str, Any] = {}
        for field in fields(self):
            given = getattr(self, field.name)
            if isinstance(given, _Unset):
                continue
            check: Callable[[Any, Workspace], Any] = _CHECKS[field.name]
            try:
                values[field.name] = check(given, workspace)
            except ValueError as error:
                problems.append(Problem(field.name, str(error)))
        if problems:
            raise Refused(problems)
        return values


def cleaned_note(text: str, field: str = "notes") -> str:
    """Plain text of bounded length. Raises Refused."""
    try:
        cleaned = plain_text(text.replace("\r\n", "\n"))
    except ValueError as error:
        raise Refused([Problem(field, str(error))]) from error
    if len(cleaned) > MAX_NOTE_LENGTH:
        raise Refused([Problem(field, f"{len(cleaned)} characters are too many; up to {MAX_NOTE_LENGTH} are accepted")])
    return cleaned


def recipe_improvement(recipe: Recipe | None) -> float:
    """What the newest approved version of a recipe asks of a new version; 0.01 where none says otherwise."""
    if recipe is None:
        return MINIMUM_IMPROVEMENT
    approved = recipe.versions.filter(status=RecipeStatus.APPROVED).order_by("-major", "-minor", "-patch").first()
    stage = ((approved.effective.get("pipeline") or {}).get("deployment") or {}) if approved is not None else {}
    return float(stage.get("minimum_improvement", MINIMUM_IMPROVEMENT))


def improvement_of(value: Any) -> float:
    """Raises ValueError saying what is accepted."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or not 0 <= number <= 1000:
        raise ValueError(f"{value!r} is not accepted; a number from 0 to 1000 is, 0.01 for instance")
    return number


def _name(value: Any, _: Workspace) -> str:
    name = plain_text(str(value))
    if len(name) > MAX_NAME_LENGTH or _NAME.fullmatch(name) is None:
        raise ValueError(
            f"{name[:60]!r} is not accepted; 1 to {MAX_NAME_LENGTH} letters, digits, spaces and . _ + - ( ) are, "
            "with a letter or digit first"
        )
    return name


def _description(value: Any, _: Workspace) -> str:
    return cleaned_text(str(value))


def cleaned_text(text: str) -> str:
    cleaned = plain_text(text.replace("\r\n", "\n"))
    if len(cleaned) > MAX_NOTE_LENGTH:
        raise ValueError(f"{len(cleaned)} characters are too many; up to {MAX_NOTE_LENGTH} are accepted")
    return cleaned


def _owner(value: Any, workspace: Workspace) -> User | None:
    if value is not None and not Membership.objects.filter(user=value, workspace=workspace).exists():
        raise ValueError(f"{value} is not a member of {workspace.name}; accepted: a member, or nobody")
    return value  # type: ignore[no-any-return]


def _tags(value: Any, _: Workspace) -> list[str]:
    tags = distinct_tags(value)
    if len(tags) > 20:
        raise ValueError(f"{len(tags)} tags are too many; up to 20 are accepted")
    return tags


def _headline(value: Any, _: Workspace) -> str:
    text = str(value).strip()
    protocol, _dot, name = text.partition(".")
    if text and (_HEADLINE.fullmatch(text) is None or estimator_for(protocol, name) is None):
        raise ValueError(
            f"{text[:80]!r} cannot be compared unit by unit; accepted: protocol.metric such as catalogue.ndcg_at_10, "
            "or nothing for what suits the data"
        )
    return text


_CHECKS: Mapping[str, Callable[[Any, Workspace], Any]] = {
    "name": _name,
    "description": _description,
    "owner": _owner,
    "tags": _tags,
    "headline": _headline,
    "minimum_improvement": lambda value, _: improvement_of(value),
}
