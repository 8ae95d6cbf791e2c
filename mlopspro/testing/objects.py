"""Objects for the addresses of the site, so that tests can walk over every route without knowing it.

An app adds its own in ``<app>/tests/objects.py``, found by itself:

    @objects_for("experiments:dataset*", "pk")
    def dataset(workspace, owner):
        return {"pk": make_dataset(workspace).pk}

The function makes what the named arguments of such a route point at, in the given workspace. The pattern is that of
fnmatch over route names; operations of the API are called ``api:<function>``. The longest matching pattern wins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from django.utils.module_loading import autodiscover_modules

from mlopspro.accounts.models import User, Workspace

Made = dict[str, object]
Factory = Callable[[Workspace, User], Made]


@dataclass(frozen=True)
class _Entry:
    pattern: str
    kwargs: frozenset[str]
    factory: Factory


_entries: list[_Entry] = []


class NoObjects(LookupError):
    """A route has arguments and nobody said what they point at."""


def objects_for(pattern: str, *kwargs: str) -> Callable[[Factory], Factory]:
    def register(factory: Factory) -> Factory:
        _entries.append(_Entry(pattern, frozenset(kwargs), factory))
        return factory

    return register


@cache
def _discover() -> None:
    """Once: looking for a module that an app does not have costs as much as making an object."""
    autodiscover_modules("tests.objects")


def arguments_for(route: str, kwargs: Sequence[str], workspace: Workspace, owner: User) -> Made:
    """Makes the objects that a route's arguments need; values are strings or ids. Raises NoObjects."""
    if not kwargs:
        return {}
    _discover()
    fitting = [entry for entry in _entries if fnmatchcase(route, entry.pattern) and entry.kwargs == set(kwargs)]
    if not fitting:
        raise NoObjects(
            f"{route} takes {', '.join(kwargs)}; say what they point at with "
            f'@objects_for("{route}", …) in the tests/objects.py of its app.'
        )
    entry = max(fitting, key=lambda item: len(item.pattern))
    made = entry.factory(workspace, owner)
    return {name: made[name] for name in kwargs}
