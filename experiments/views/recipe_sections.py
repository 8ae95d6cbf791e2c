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
    values = leaves(effective)
    found = []
    for title, above, note in SECTIONS:
        rows = [
            _row(path, value, above, origins, own)
            for path, value in values.items()
            if path[: len(above)] == above and not _says_nothing(value, origins, path)
        ]
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
        text = "; ".join(f"{name}: {shown_value(item)}" for name, item in value.items())
    elif isinstance(value, (list, tuple)):
        text = ", ".join(map(shown_value, value))
    else:
        text = str(value)
    return (text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}…") or "empty"


def _row(path: Path, value: Any, above: Path, origins: Mapping[str, str], own: str) -> Row:
    dotted = ".".join(path)
    origin = origins.get(dotted, DEFAULT)
    return Row(dotted, _label(path[len(above) :]), shown_value(value), origin, origin == own, origin == DEFAULT)


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


def _says_nothing(value: Any, origins: Mapping[str, str], path: Path) -> bool:
    """Empty by default: a line for each would bury what is said."""
    return value in ("", [], {}, None) and origins.get(".".join(path), DEFAULT) == DEFAULT


def _label(path: Path) -> str:
    """("validation", "test_share") → "Validation · test share"; names that people choose stay as they are."""
    words = " · ".join(name.replace("_", " ") if "." not in name else name for name in path)
    return words[:1].upper() + words[1:]
