"""Writes what a person changed in the form into the manifest, which stays the one source of truth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from experiments.forms.manifest_form import (
    ADD_MAXIMUM,
    ADD_METRIC,
    ADD_MINIMUM,
    ARCHITECTURE,
    PARAMETERS,
    REMOVE,
    THRESHOLDS,
    WAS,
    FormField,
    ManifestForm,
)
from experiments.forms.manifest_paths import MISSING, Path, value_at, value_of, with_value, without_value

MAX_TEXT = 5_000


def changed_fields(data: Mapping[str, Any], form: ManifestForm | None = None) -> dict[str, str]:
    """{name: text} of the fields that no longer show what the page gave them; boxes are "true" or "false".

    What the page gave comes back with the form, so a field nobody touched never overwrites a text typed meanwhile.
    """
    try:
        was = json.loads(data.get(WAS) or "{}")
    except ValueError:
        return {}
    if not isinstance(was, dict):
        return {}
    boxes = {one.name for one in form.fields if one.kind is bool} if form else set()
    found = {}
    for name, before in was.items():
        is_box = name in boxes if form else before in ("true", "false")
        now = ("true" if name in data else "false") if is_box else data.get(name)
        if isinstance(now, str) and len(now) <= MAX_TEXT and now.strip() != before:
            found[name] = now.strip()
    return found


def has_changes(data: Mapping[str, Any]) -> bool:
    return bool(changed_fields(data) or data.get(ADD_METRIC, "").strip() or any(map(_removes, data)))


def written(form: ManifestForm, data: Mapping[str, Any]) -> dict[str, Any]:
    """What this level says after the form's changes.

    A value equal to what holds without it is taken out, so that the manifest says only what is its own; an emptied
    field as well. Another architecture takes out hyperparameters it does not know.
    """
    own = dict(form.own)
    changes = changed_fields(data, form)
    by_name = {one.name: one for one in form.fields}
    architecture = ".".join(ARCHITECTURE)
    if architecture in changes:
        own = _of_architecture(_put(own, by_name[architecture], changes.pop(architecture), form), form)
    for name, text in changes.items():
        if name in by_name:
            own = _put(own, by_name[name], text, form)
    for key in [name.removeprefix(REMOVE) for name in data if _removes(name)]:
        own = without_value(own, (*THRESHOLDS, key))
        if value_at(form.parent, (*THRESHOLDS, key)) is not MISSING:
            own = with_value(own, (*THRESHOLDS, key), None)
    return _with_added(own, data)


def _put(own: dict[str, Any], one: FormField, text: str, form: ManifestForm) -> dict[str, Any]:
    value = value_of(text, one.kind)
    inherited = form.inherited(one.path)
    same = value == inherited and isinstance(value, bool) == isinstance(inherited, bool)
    if text == "" or same:
        return without_value(own, one.path)
    return with_value(own, one.path, value)


def _of_architecture(own: dict[str, Any], form: ManifestForm) -> dict[str, Any]:
    """Without the hyperparameters that the architecture now chosen does not have; inherited ones become null."""
    chosen = ManifestForm(own, form.parent, form.family).architecture
    if chosen is None:
        return own
    known = set(chosen.parameters.model_fields)
    for name in _names(own, PARAMETERS) - known:
        own = without_value(own, (*PARAMETERS, name))
    for name in _names(form.parent, PARAMETERS) - known:
        own = with_value(own, (*PARAMETERS, name), None)
    return own


def _names(value: Mapping[str, Any], path: Path) -> set[str]:
    found = value_at(value, path)
    return set(found) if isinstance(found, dict) else set()


def _with_added(own: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    key = data.get(ADD_METRIC, "").strip()[:200]
    if not key:
        return own
    given = {"minimum": data.get(ADD_MINIMUM, ""), "maximum": data.get(ADD_MAXIMUM, "")}
    value = {name: value_of(text[:MAX_TEXT], float) for name, text in given.items() if text.strip()}
    return with_value(own, (*THRESHOLDS, key), value)


def _removes(name: str) -> bool:
    return name.startswith(REMOVE)
