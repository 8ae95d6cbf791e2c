"""Whether data is what a recipe asks for: its requirements and its limits of quality, one finding each.

Pure: what is known of a dataset comes in as ``DataFacts``, and the same facts always give the same findings.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.recipes.manifest import Manifest


@dataclass(frozen=True)
class DataFacts:
    """What a dataset's row says.

    Attributes:
        rows, users, items: counts; users and items are None for tables.
        columns: names of what may be learnt from: of a table its columns, of interactions the features.
        roles: those that the data fills: of a table those that have a column, of interactions user, item …
        used: those of them that the run uses.
        missing: share of missing values of a column, where it is known.
        refused, duplicates: rows of the import that were refused, and that occurred more than once.
        first_at, last_at: time range; None where there are no times.
    """

    name: str
    rows: int
    users: int | None = None
    items: int | None = None
    columns: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    missing: Mapping[str, float] = field(default_factory=dict)
    refused: int = 0
    duplicates: int = 0
    first_at: dt.datetime | None = None
    last_at: dt.datetime | None = None


@dataclass(frozen=True)
class DataCheck:
    """One check: ``passed`` is None where the data does not say. ``text`` is a sentence with the figures."""

    key: str
    label: str
    passed: bool | None
    text: str


def checked(manifest: Manifest, facts: DataFacts, at: dt.datetime) -> list[DataCheck]:
    """Every check that the manifest asks for, in its order; ``at`` is when freshness is judged."""
    return [*_columns(manifest, facts), *_history(manifest, facts), *_quality(manifest, facts, at)]


def failed(checks: Iterable[DataCheck]) -> list[DataCheck]:
    return [check for check in checks if check.passed is False]


def _columns(manifest: Manifest, facts: DataFacts) -> Iterable[DataCheck]:
    for name, wanted in manifest.requirements.feature_sets.items():
        if wanted.required and (wanted.columns or wanted.roles):
            missing = [column for column in wanted.columns if column not in facts.columns]
            missing += [f"a column with the role {role}" for role in wanted.roles if role not in facts.roles]
            yield _there(f"requirements.feature_sets.{name}", f"Columns of {name}", missing)
    use = manifest.pipeline.feature_prep.use
    if use:
        missing = [column for column in use if column not in facts.columns]
        yield _there("pipeline.feature_prep.use", "Columns to use", missing)


def _there(key: str, label: str, missing: list[str]) -> DataCheck:
    return DataCheck(key, label, not missing, f"Missing: {', '.join(missing)}." if missing else "All there.")


def _history(manifest: Manifest, facts: DataFacts) -> Iterable[DataCheck]:
    least = manifest.requirements.min_history
    days = None
    if facts.first_at is not None and facts.last_at is not None:
        days = (facts.last_at - facts.first_at).days
    for name, asked, found in (
        ("rows", least.rows, facts.rows),
        ("users", least.users, facts.users),
        ("items", least.items, facts.items),
        ("days", least.days, days),
    ):
        if asked:
            key = f"requirements.min_history.{name}"
            passed = None if found is None else found >= asked
            shown = "not known of this data" if found is None else f"{found:,} {name}"
            yield DataCheck(key, f"Enough {name}", passed, f"{shown.capitalize()}; asked for: {asked:,}.")


def _quality(manifest: Manifest, facts: DataFacts, at: dt.datetime) -> Iterable[DataCheck]:
    limits = manifest.pipeline.quality
    yield _missing(facts, limits.max_missing_share)
    for name, label, count, most in (
        ("max_refused_share", "Refused rows", facts.refused, limits.max_refused_share),
        ("max_duplicate_share", "Duplicate rows", facts.duplicates, limits.max_duplicate_share),
    ):
        share = count / (facts.rows + count) if facts.rows + count else 0.0
        text = f"{count:,} of {facts.rows + count:,} rows of the import, {_percent(share)}; at most {_percent(most)}."
        yield DataCheck(f"pipeline.quality.{name}", label, share <= most, text)
    if limits.newest_within_days:
        yield _freshness(facts, limits.newest_within_days, at)


def _missing(facts: DataFacts, most: float) -> DataCheck:
    key, label = "pipeline.quality.max_missing_share", "Missing values"
    known = {name: facts.missing[name] for name in facts.used if name in facts.missing}
    if not known:
        said = "No column is used" if not facts.used else "Not counted for this data before it is read"
        return DataCheck(key, label, True if not facts.used else None, f"{said}; at most {_percent(most)} a column.")
    worst = max(known, key=lambda name: known[name])
    over = [name for name, share in known.items() if share > most]
    listed = ", ".join(f"{name} {_percent(known[name])}" for name in over) or f"{worst} {_percent(known[worst])}"
    return DataCheck(
        key, label, not over, f"{'Too many in' if over else 'Most in'} {listed}; at most {_percent(most)}."
    )


def _freshness(facts: DataFacts, most: int, at: dt.datetime) -> DataCheck:
    key, label = "pipeline.quality.newest_within_days", "Freshness"
    if facts.last_at is None:
        return DataCheck(key, label, None, f"The data has no times; at most {most} days old.")
    age = (at - facts.last_at).days
    text = f"The newest row is {age:,} days old ({facts.last_at.date().isoformat()}); at most {most:,} days."
    return DataCheck(key, label, age <= most, text)


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"


def parsed(stored: Mapping[str, Any]) -> Manifest | None:
    """The manifest of a run; None where it has none. Raises pydantic.ValidationError for one of another format."""
    return Manifest.model_validate(dict(stored)) if stored else None
