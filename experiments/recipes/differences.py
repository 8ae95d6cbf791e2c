"""What differs between two manifests, value by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from experiments.recipes.merging import same

Parts = tuple[str, ...]
_ABSENT = object()


@dataclass(frozen=True)
class Change:
    """``path`` has dots between names; ``before`` of what was added and ``after`` of what was removed are None."""

    path: str
    kind: Literal["added", "removed", "changed"]
    before: Any
    after: Any

    def document(self) -> dict[str, Any]:
        return {"path": self.path, "kind": self.kind, "before": self.before, "after": self.after}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Every leaf that differs, in the order of ``before``, what is new behind its neighbours. A list is one leaf."""
    return list(_changes(before, after, ()))


def leaves(content: Mapping[str, Any]) -> dict[Parts, Any]:
    """Every value that is no object, and every empty object, by its path; in the order of the content."""
    return dict(_leaves(content, ()))


def path_of(parts: Parts) -> str:
    return ".".join(parts)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], above: Parts) -> Iterator[Change]:
    for name in (*before, *(name for name in after if name not in before)):
        was, now = before.get(name, _ABSENT), after.get(name, _ABSENT)
        here = (*above, name)
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            yield from _changes(was, now, here)
        elif was is _ABSENT or now is _ABSENT or not same(was, now):
            yield from _replaced(was, now, here)


def _replaced(was: Any, now: Any, here: Parts) -> Iterator[Change]:
    """One leaf for another is a change; objects go and come leaf by leaf."""
    gone = {} if was is _ABSENT else dict(_leaf_or_leaves(was, here))
    come = {} if now is _ABSENT else dict(_leaf_or_leaves(now, here))
    for parts, value in gone.items():
        if parts in come:
            yield Change(path_of(parts), "changed", value, come[parts])
        else:
            yield Change(path_of(parts), "removed", value, None)
    for parts, value in come.items():
        if parts not in gone:
            yield Change(path_of(parts), "added", None, value)


def _leaves(content: Mapping[str, Any], above: Parts) -> Iterator[tuple[Parts, Any]]:
    for name, value in content.items():
        yield from _leaf_or_leaves(value, (*above, name))


def _leaf_or_leaves(value: Any, here: Parts) -> Iterator[tuple[Parts, Any]]:
    if isinstance(value, Mapping) and value:
        yield from _leaves(value, here)
    else:
        yield here, value
