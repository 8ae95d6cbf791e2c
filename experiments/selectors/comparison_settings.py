"""With what compared runs were made, setting by setting: what they share and where they differ."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.learning import architectures
from experiments.models import Experiment
from experiments.selectors.comparison import Selection
from experiments.services.spec import SplitChoice
from mlopspro.core import formats

LONGEST = 80
STATISTICS = {
    "num_users": "Users",
    "num_items": "Items",
    "num_interactions": "Interactions",
    "num_train": "Training rows",
    "num_validation": "Validation rows",
    "num_test": "Test rows",
    "user_features": "User features",
    "item_features": "Item features",
}
ENVIRONMENT = {
    "commit": "Commit",
    "python": "Python",
    "host": "Host",
    "machine": "Machine",
    "processors": "Processors",
    "platform": "Platform",
}


@dataclass(frozen=True)
class SettingCell:
    text: str
    full: str
    """The whole value where ``text`` shows less of it."""
    differs: bool
    """From the reference's."""


@dataclass(frozen=True)
class SettingRow:
    label: str
    cells: tuple[SettingCell, ...]
    differs: bool
    """Whether the runs do not all have the same."""
    hint: str = ""


@dataclass(frozen=True)
class SettingGroup:
    label: str
    rows: tuple[SettingRow, ...]

    @property
    def differing(self) -> tuple[SettingRow, ...]:
        return tuple(row for row in self.rows if row.differs)


@dataclass(frozen=True)
class SettingTable:
    groups: tuple[SettingGroup, ...]

    @property
    def count(self) -> int:
        return sum(len(group.rows) for group in self.groups)

    @property
    def differing(self) -> int:
        return sum(len(group.differing) for group in self.groups)

    def shown(self, *, differences: bool) -> list[tuple[str, tuple[SettingRow, ...]]]:
        """(label, rows) of each group that has any to show."""
        found = [(group.label, group.differing if differences else group.rows) for group in self.groups]
        return [(label, rows) for label, rows in found if rows]


def settings_table(selection: Selection) -> SettingTable:
    """Architecture, parameters, split, dataset and environment of each run side by side; no query."""
    groups = [
        ("Model", _model(selection)),
        ("Parameters", _parameters(selection)),
        ("Split", _split(selection)),
        ("Data", _data(selection)),
        ("Run", _run(selection)),
        ("Environment", _environment(selection)),
        ("Packages", _packages(selection)),
    ]
    return SettingTable(tuple(SettingGroup(label, tuple(rows)) for label, rows in groups if rows))


def _row(selection: Selection, label: str, values: Sequence[Any], hint: str = "") -> SettingRow:
    reference = next(value for one, value in zip(selection.runs, values, strict=True) if one.is_reference)
    texts = [written(value) for value in values]
    if len(set(texts)) < len({_identity(value) for value in values}):
        texts = [exactly(value) for value in values]  # 0.1 and 0.1000000001 would look alike
    cells = tuple(
        SettingCell(
            text if len(text) <= LONGEST else text[: LONGEST - 1] + "…",
            exactly(value) if len(text) > LONGEST or text != exactly(value) else "",
            _identity(value) != _identity(reference),
        )
        for text, value in zip(texts, values, strict=True)
    )
    return SettingRow(label, cells, any(cell.differs for cell in cells), hint)


def _each(selection: Selection, label: str, of: Callable[[Experiment], Any], hint: str = "") -> SettingRow:
    return _row(selection, label, [of(one.run) for one in selection.runs], hint)


def _mapped(
    selection: Selection, of: Callable[[Experiment], Mapping[str, Any]], labels: Mapping[str, str] | None = None
) -> list[SettingRow]:
    """One row a key that any run has, those with a label first, in its order; only those where ``labels`` is given."""
    keys = dict.fromkeys(key for one in selection.runs for key in of(one.run))
    ordered: Iterable[str] = keys if labels is None else [key for key in labels if key in keys]
    return [
        _row(selection, (labels or {}).get(key, key), [of(one.run).get(key) for one in selection.runs])
        for key in ordered
    ]


def _model(selection: Selection) -> list[SettingRow]:
    return [
        _each(selection, "Architecture", lambda run: _architecture(run.architecture)),
        _each(selection, "Model type", lambda run: run.model_type),
        _each(selection, "Trained parameters", lambda run: run.total_parameters),
    ]


def _architecture(key: str) -> str:
    found = architectures.find(key)
    return found.label if found else key


def _parameters(selection: Selection) -> list[SettingRow]:
    """Every hyperparameter any run has, under the title its form gives it, and the seed."""
    titles: dict[str, str] = {}
    for one in selection.runs:
        architecture = architectures.find(one.run.architecture)
        fields = architecture.parameters.model_fields if architecture else {}
        for name in sorted(one.run.parameters, key=lambda key: list(fields).index(key) if key in fields else 999):
            info = fields.get(name)
            titles.setdefault(name, (info and info.title) or name)
    rows = [
        _row(selection, title, [one.run.parameters.get(name) for one in selection.runs])
        for name, title in titles.items()
    ]
    return [*rows, _each(selection, "Seed", lambda run: None if run.is_logged else run.seed)]


def _split(selection: Selection) -> list[SettingRow]:
    return _mapped(
        selection, lambda run: run.split, {name: info.title or name for name, info in SplitChoice.model_fields.items()}
    )


def _data(selection: Selection) -> list[SettingRow]:
    return [
        _each(selection, "Dataset", lambda run: run.dataset.name if run.dataset else None),
        _each(selection, "SHA-256", lambda run: run.dataset.sha256 if run.dataset else None, "of the content"),
        *_mapped(selection, lambda run: run.dataset_statistics, STATISTICS),
    ]


def _run(selection: Selection) -> list[SettingRow]:
    return [
        _each(selection, "Type", lambda run: run.get_run_type_display()),
        _each(selection, "Origin", lambda run: run.get_origin_display()),
        _each(selection, "Author", lambda run: str(run.created_by) if run.created_by else None),
        _each(selection, "Tags", lambda run: ", ".join(sorted(run.tags)) or None),
    ]


def _environment(selection: Selection) -> list[SettingRow]:
    return _mapped(selection, lambda run: run.environment, ENVIRONMENT)


def _packages(selection: Selection) -> list[SettingRow]:
    rows = _mapped(selection, lambda run: run.environment.get("packages") or {})
    return sorted(rows, key=lambda row: row.label)


def written(value: Any) -> str:
    """A setting as people write it: on, 0.001, a, b."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(map(written, value)) or formats.UNDEFINED
    return formats.UNDEFINED if value is None or value == "" else exactly(value)


def exactly(value: Any) -> str:
    """A setting with nothing left out."""
    if isinstance(value, str):
        return value
    if value is None:
        return formats.UNDEFINED
    return repr(float(value)) if isinstance(value, float) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _identity(value: Any) -> str:
    """Equal for values that are the same setting; 1 and 1.0 are, true and "true" are not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value if value != "" else None, sort_keys=True, default=str)
