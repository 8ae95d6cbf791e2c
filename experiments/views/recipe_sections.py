"""An effective manifest as people read it: sections of values, each with the level that said it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.learning.architectures import find
from experiments.recipes.differences import leaves
from experiments.recipes.provenance import DEFAULT
from mlopspro.core import formats

Path = tuple[str, ...]
TRAINING: Path = ("pipeline", "training")
SECTIONS: tuple[tuple[str, Path, str], ...] = (
    ("Training", TRAINING, "Architecture and hyperparameters"),
    ("Evaluation", ("pipeline", "evaluation"), "How it is judged, and what it must reach"),
    ("Requirements", ("requirements",), "What data must be before anything is built on it"),
    ("Data quality", ("pipeline", "quality"), "Checked before training"),
    ("Feature preparation", ("pipeline", "feature_prep"), "Which columns are used, and how"),
    ("Deployment", ("pipeline", "deployment"), "How a version is brought to production"),
    ("Monitoring", ("monitoring",), "What is watched once it is live"),
    ("Features in and out", ("lineage",), "Lineage"),
    ("Purpose", ("metadata",), "Who wants this, and why"),
)
SHOWN = {"all": "Everything", "said": "Without defaults", "own": "Only what this level says"}
MAX_VALUE = 400
NAMED = {"metrics", "labels", "feature_sets", "inputs", "outputs", "alerts"}
"""Objects whose entries people name; an entry that one level says as a whole is one line."""


@dataclass(frozen=True)
class Row:
    path: str
    label: str
    value: str
    origin: str
    """Name of the level that says it, or "default"."""
    is_own: bool
    is_default: bool


@dataclass(frozen=True)
class ReadSection:
    title: str
    note: str
    rows: list[Row]
    """Those to be shown."""
    hidden: int


def sections_of(
    effective: Mapping[str, Any], origins: Mapping[str, str], own: str, shown: str = "all"
) -> list[ReadSection]:
    """Sections with what ``shown`` (all, said, own) leaves of them. ``own``: how origins call this level."""
    values = {
        path: (value, origin)
        for path, value in leaves(effective).items()
        if not ((origin := origins.get(".".join(path), DEFAULT)) == DEFAULT and value in ("", [], {}, None))
    }
    found = []
    for title, above, note in SECTIONS:
        inside = {path: one for path, one in values.items() if path[: len(above)] == above}
        rows = [_row(path, *one, above, own) for path, one in _entries_as_one(inside).items()]
        if above == TRAINING:
            rows += _defaults_of_architecture(effective)
        kept = [row for row in rows if shown == "all" or row.is_own or (shown == "said" and not row.is_default)]
        if rows:
            found.append(ReadSection(title, note, kept, len(rows) - len(kept)))
    return found


def counted(sections: list[ReadSection]) -> dict[str, int]:
    """How many values come from where."""
    found: dict[str, int] = {}
    for section in sections:
        for row in section.rows:
            found[row.origin] = found.get(row.origin, 0) + 1
    return found


def shown_value(value: Any) -> str:
    """A value of a manifest in words; long ones are cut."""
    if value is None:
        return "left out"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return formats.number(value) if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        text = "; ".join(f"{name.replace('_', ' ')} {shown_value(item)}" for name, item in value.items())
    elif isinstance(value, (list, tuple)):
        text = ", ".join(map(shown_value, value))
    else:
        text = str(value)
    return (text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}…") or "empty"


def _row(path: Path, value: Any, origin: str, above: Path, own: str) -> Row:
    label = _label(path[len(above) :])
    return Row(".".join(path), label, shown_value(value), origin, origin == own, origin == DEFAULT)


def _entries_as_one(values: Mapping[Path, tuple[Any, str]]) -> dict[Path, tuple[Any, str]]:
    """Entries of named objects as one value each, where one level says all of it."""
    groups: dict[Path, list[Path]] = {}
    for path in values:
        groups.setdefault(_entry_of(path), []).append(path)
    found: dict[Path, tuple[Any, str]] = {}
    for entry, paths in groups.items():
        levels = {values[path][1] for path in paths}
        if paths == [entry] or len(levels) > 1:
            found |= {path: values[path] for path in paths}
        else:
            said = {path[-1]: values[path][0] for path in paths if values[path][0] not in ("", [], {})}
            found[entry] = said, levels.pop()
    return found


def _entry_of(path: Path) -> Path:
    place = next((place for place, name in enumerate(path[:-2]) if name in NAMED), None)
    return path if place is None else path[: place + 2]


def _defaults_of_architecture(effective: Mapping[str, Any]) -> list[Row]:
    """Hyperparameters nobody says: they are the architecture's, and decide the run as well."""
    training = effective.get("pipeline", {}).get("training", {})
    architecture = find(str(training.get("architecture", "")))
    if architecture is None:
        return []
    said = training.get("parameters") or {}
    above = ".".join(TRAINING)
    return [
        Row(
            f"{above}.parameters.{name}",
            _label(("parameters", name)),
            shown_value(info.get_default(call_default_factory=True)),
            DEFAULT,
            False,
            True,
        )
        for name, info in architecture.parameters.model_fields.items()
        if name not in said
    ]


def _label(path: Path) -> str:
    """("validation", "test_share") → "Validation · test share"; names that people choose stay as they are."""
    words = " · ".join(name.replace("_", " ") if "." not in name else name for name in path)
    return words[:1].upper() + words[1:]
