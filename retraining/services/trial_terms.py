"""What is agreed before a trial's first user, and the document in which somebody asks for a trial."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from django.db.models import QuerySet

from experiments.learning.families import Family
from experiments.models import ModelVersion, RegisteredModel, Stage
from experiments.services.labels import plain_text
from experiments.services.spec import Problem, Refused
from experiments.services.traffic import LEAST_SHARE
from retraining.models import Trial
from retraining.records import JSON, between, from_json, to_json
from retraining.services.trial_metrics import CREDIT, METRICS, choices

MOST_VARIANTS = 5
LEAST_USERS = 20
LONGEST_NAME = 120
_FIELDS = ("name", "kind", "method", "metric", "variants", "shares", "control_share")
_OPEN = (Stage.DEVELOPMENT, Stage.STAGING)


@dataclass(frozen=True)
class TrialGuards:
    """What no variant may make worse than the control: the trial's metric by a share of the control's figure, the share
    of failed answers, and of those slower than ``slow_ms`` (0.02 is two of a hundred)."""

    quality_drop: float = 0.05
    error_rise: float = 0.01
    slow_rise: float = 0.02
    slow_ms: float = 200.0

    def __post_init__(self) -> None:
        between("guards.quality_drop", self.quality_drop, 0.0, 1.0)
        between("guards.error_rise", self.error_rise, 0.0, 1.0)
        between("guards.slow_rise", self.slow_rise, 0.0, 1.0)
        between("guards.slow_ms", self.slow_ms, 0.0, 600_000.0, above=True)


@dataclass(frozen=True)
class TrialTerms:
    """``least_effect`` in the unit of the metric, 0: not said. ``planned_users`` of all arms, 0: as the planner says.
    ``days``: planned length, 0: as the planner says."""

    alpha: float = 0.05
    power: float = 0.8
    least_effect: float = 0.0
    planned_users: int = 0
    days: float = 0.0
    guards: TrialGuards = field(default_factory=TrialGuards)

    def __post_init__(self) -> None:
        between("alpha", self.alpha, 0.001, 0.2)
        between("power", self.power, 0.5, 0.99)
        between("least_effect", self.least_effect, 0.0)
        between("planned_users", self.planned_users, 0, 1_000_000_000)
        if 0 < self.planned_users < LEAST_USERS:
            raise ValueError(f"planned_users: 0 or at least {LEAST_USERS} is accepted, got {self.planned_users}.")
        between("days", self.days, 0.0, 366.0)

    def to_json(self) -> JSON:
        return to_json(self)

    @classmethod
    def of(cls, trial: Trial) -> TrialTerms:
        return from_json(cls, trial.plan)


@dataclass(frozen=True)
class Asked:
    """A document that holds: variants with their shares of the users, 0 to 1, in the order of the document."""

    name: str
    kind: str
    method: str
    metric: str
    shares: dict[ModelVersion, float]
    terms: TrialTerms

    @property
    def control_share(self) -> float:
        return 1.0 - sum(self.shares.values())


def asked(model: RegisteredModel, document: Mapping[str, Any], trial: Trial | None = None) -> Asked:
    """What the document asks for. Raises Refused with every problem, under the names of the document.

    ``trial``: the one that is changed, whose own name is not taken.
    """
    problems = [
        Problem(name, f"no such field; accepted: {', '.join(_known())}") for name in document if name not in _known()
    ]
    name = _name(model, document.get("name", ""), trial, problems)
    kind = _choice("kind", document.get("kind", Trial.Kind.SPLIT), Trial.Kind.values, problems)
    method = _choice("method", document.get("method", Trial.Method.SEQUENTIAL), Trial.Method.values, problems)
    metric = _metric(model, kind, document.get("metric", ""), problems)
    variants = _variants(model, kind, document.get("variants") or [], problems)
    shares = _shares(variants, document, problems) if variants else {}
    terms = _terms(document, problems)
    if kind == Trial.Kind.INTERLEAVING and Family(model.family).is_tabular:
        problems.append(Problem("kind", f"only lists are interleaved, and {model.name} answers rows of tables"))
    if problems:
        raise Refused(problems)
    return Asked(name, kind, method, metric, shares, terms)


def _known() -> tuple[str, ...]:
    return (*_FIELDS, *(one.name for one in fields(TrialTerms)))


def _name(model: RegisteredModel, given: Any, trial: Trial | None, problems: list[Problem]) -> str:
    try:
        name = plain_text(given).strip() if isinstance(given, str) else ""
    except ValueError as error:
        problems.append(Problem("name", str(error)))
        return ""
    if not name or len(name) > LONGEST_NAME:
        problems.append(Problem("name", f"has {len(name)} characters; 1 to {LONGEST_NAME} are accepted"))
    elif Trial.objects.filter(model=model, name=name).exclude(pk=trial.pk if trial else uuid.UUID(int=0)).exists():
        problems.append(Problem("name", f"there is a trial {name!r} of {model.name} already; accepted: another name"))
    return name


def _choice(name: str, given: Any, accepted: list[str], problems: list[Problem]) -> str:
    if given in accepted:
        return str(given)
    problems.append(Problem(name, f"{str(given)[:40]!r} is not accepted; {' or '.join(accepted)} is"))
    return accepted[0]


def _metric(model: RegisteredModel, kind: str, given: Any, problems: list[Problem]) -> str:
    """Left out, the model's usual one; interleaving has but one."""
    known = [CREDIT] if kind == Trial.Kind.INTERLEAVING else list(choices(model))
    if not given:
        return known[0]
    if given in known:
        return str(given)
    why = " is of another family of models" if given in METRICS else " is not known"
    problems.append(Problem("metric", f"{str(given)[:40]!r}{why}; accepted: {', '.join(known)}"))
    return known[0]


def _variants(model: RegisteredModel, kind: str, given: Any, problems: list[Problem]) -> list[ModelVersion]:
    found: list[ModelVersion] = []
    most = 1 if kind == Trial.Kind.INTERLEAVING else MOST_VARIANTS
    if not isinstance(given, list | tuple) or not 1 <= len(given) <= most:
        number = len(given) if isinstance(given, list | tuple) else 0
        words = "one version is interleaved with production's" if most == 1 else f"1 to {most} versions are accepted"
        problems.append(Problem("variants", f"{words}, got {number}"))
        return []
    rows = ModelVersion.objects.filter(model=model).select_related("model")
    for one in given:
        version = _version(rows, one)
        if version is None:
            problems.append(Problem("variants", f"{model.name} has no version {str(one)[:40]!r}"))
        elif version in found:
            problems.append(Problem("variants", f"{version.number} stands there twice"))
        elif version.state not in _OPEN:
            words = f"{version.number} is in {version.state.label.lower()}; one in development or staging is accepted"
            problems.append(Problem("variants", words))
        else:
            found.append(version)
    return found


def _version(rows: QuerySet[ModelVersion], given: Any) -> ModelVersion | None:
    """By its number or id."""
    text = str(given)
    parts = text.split(".")
    if len(parts) == 3 and all(part.isdecimal() and len(part) < 9 for part in parts):
        return rows.filter(major=parts[0], minor=parts[1], patch=parts[2]).first()
    try:
        key = uuid.UUID(text)
    except ValueError:
        return None
    return rows.filter(pk=key).first()


def _shares(
    variants: list[ModelVersion], document: Mapping[str, Any], problems: list[Problem]
) -> dict[ModelVersion, float]:
    """By ``shares`` version by version, or evenly what ``control_share`` leaves; left out, all arms the same."""
    given, control = document.get("shares") or {}, document.get("control_share")
    if not isinstance(given, Mapping):
        problems.append(Problem("shares", "an object of shares by version number is accepted"))
        return {}
    if control is not None and not _is_share(control):
        problems.append(
            Problem("control_share", f"{control!r} is not accepted; a share from {LEAST_SHARE} to 0.999 is")
        )
        return {}
    given = {str(name): share for name, share in given.items()}
    left = 1 - (control if control is not None else 1 / (len(variants) + 1))
    names = {one: (one.number, str(one.pk)) for one in variants}
    known = {name for each in names.values() for name in each}
    problems += [Problem("shares", f"{str(one)[:40]!r} is none of the variants") for one in given if one not in known]
    found: dict[ModelVersion, float] = {}
    for one in variants:
        share: Any = next((given[name] for name in names[one] if name in given), None)
        share = left / len(variants) if not given else share
        if not _is_share(share):
            problems.append(
                Problem("shares", f"{share!r} of {one.number} is not accepted; a share from {LEAST_SHARE} is")
            )
        else:
            found[one] = float(share)
    if sum(found.values()) > 1 - LEAST_SHARE + 1e-9:
        words = f"sum to {sum(found.values()):.3g}; the champion keeps at least {LEAST_SHARE}, so less is accepted"
        problems.append(Problem("shares", words))
    if given and control is not None and abs(1 - sum(found.values()) - control) > 1e-6:
        problems.append(Problem("control_share", f"{control:.3g} is not what the shares leave; one of both is enough"))
    return found


def _is_share(given: Any) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and LEAST_SHARE <= given <= 1 - LEAST_SHARE


def _terms(document: Mapping[str, Any], problems: list[Problem]) -> TrialTerms:
    given = {one.name: document[one.name] for one in fields(TrialTerms) if document.get(one.name) is not None}
    try:
        return from_json(TrialTerms, given)
    except ValueError as error:
        name, _, text = str(error).partition(": ")
        problems.append(Problem(name, text or str(error)))
        return TrialTerms()
