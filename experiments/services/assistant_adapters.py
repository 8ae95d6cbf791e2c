"""Which adapters of the assistant there are here: the built-in one always, another where the operator set one up."""

from __future__ import annotations

import contextlib

from django.conf import settings

from experiments.assistant.builtin import BuiltIn
from experiments.assistant.completions import Completions
from experiments.assistant.protocol import Adapter


def adapters() -> dict[str, Adapter]:
    """By key, the one that answers by default first; one whose settings are wrong is left out (``problem``)."""
    found: list[Adapter] = [BuiltIn()]
    if settings.ASSISTANT_URL:
        with contextlib.suppress(ValueError):
            found.insert(0, _from_settings())
    return {adapter.key: adapter for adapter in found}


def problem() -> str:
    """What is wrong with the operator's settings, in words; empty where nothing is."""
    if not settings.ASSISTANT_URL:
        return ""
    try:
        _from_settings()
    except ValueError as error:
        return str(error)
    return ""


def _from_settings() -> Completions:
    return Completions(
        base_url=settings.ASSISTANT_URL, model=settings.ASSISTANT_MODEL, api_key=settings.ASSISTANT_API_KEY
    )


def default() -> Adapter:
    return next(iter(adapters().values()))


def chosen(key: str) -> Adapter:
    """The adapter of this key, the default one where there is none of it."""
    known = adapters()
    return known.get(key) or next(iter(known.values()))
