"""How metrics and protocols are called and explained on pages (decision D2). Names on the wire use ``_at_``."""

from __future__ import annotations

import re
from typing import Any

from experiments.metric_words import recommending, tables
from experiments.metric_words.recommending import SEGMENT_HELP

__all__ = [
    "DEFINITIONS",
    "LABELS",
    "PROTOCOLS",
    "SEGMENTS",
    "SEGMENT_HELP",
    "SEGMENT_ORDER",
    "TICKS",
    "base_and_k",
    "definition",
    "direction",
    "has_direction",
    "label",
    "protocol_definition",
    "protocol_label",
    "segment_label",
    "units",
]

AT_K = re.compile(r"^(?P<base>[a-z0-9_]+)_at_(?P<k>\d+)$")
FOLD = re.compile(r"^fold_(?P<number>\d+)$")
WEEK = re.compile(r"^week_(?P<number>\d+)$")

LABELS = recommending.LABELS | tables.LABELS
DEFINITIONS = recommending.DEFINITIONS
PROTOCOLS = recommending.PROTOCOLS | tables.PROTOCOLS
SEGMENTS = recommending.SEGMENTS | tables.SEGMENTS
SEGMENT_ORDER = tuple(SEGMENTS)
TICKS = ("random", "popularity", "everything", "naive", "oracle")


def base_and_k(name: str) -> tuple[str, int | None]:
    """ "ndcg_at_10" → ("ndcg", 10); "rmse" → ("rmse", None)."""
    match = AT_K.match(name)
    return (match["base"], int(match["k"])) if match else (name, None)


def label(name: str) -> str:
    """ "precision_at_10" → "Precision@10", "lift_at_10" → "Lift@10 %"."""
    base, k = base_and_k(name)
    words = LABELS.get(base, base.replace("_", " ").capitalize())
    if k is None:
        return words
    return f"{words}@{k}\u202f%" if base in tables.OF_PERCENT else f"{words}@{k}"


def definition(name: str, protocol: str = "") -> str:
    """What a metric says, in a sentence; RMSE is one thing of ratings and another of forecasts."""
    base = base_and_k(name)[0]
    if protocol in tables.DEFINITIONS:
        return tables.DEFINITIONS[protocol].get(base, "")
    return DEFINITIONS.get(base) or next((found[base] for found in tables.DEFINITIONS.values() if base in found), "")


def direction(name: str, higher_is_better: bool) -> str:
    """How figures of a metric are read, where that is not the usual way; empty where higher is better."""
    base = base_and_k(name)[0]
    if base in tables.WITHOUT_DIRECTION:
        return "nearest to 0 is best" if base == "bias" else "neither way is better"
    return "" if higher_is_better else "lower is better"


def has_direction(name: str) -> bool:
    """Whether one figure can be better than another at all."""
    return base_and_k(name)[0] not in tables.WITHOUT_DIRECTION


def protocol_label(protocol: str) -> str:
    return "As logged" if protocol == "logged" else protocol.capitalize()


def protocol_definition(protocol: str, stored: dict[str, Any] | None = None) -> str:
    """The protocol in a sentence, with the rules this run was measured with."""
    words = PROTOCOLS.get(protocol, protocol)
    found = stored or {}
    if isinstance(found.get("summary"), str):
        words += f" {_sentence(found['summary'])}"
    if isinstance(found.get("naive"), str):
        words += f" Naive: {found['naive']}."
    if isinstance(found.get("relevant_from"), (int, float)):
        words += f" Relevant: {found['relevant_from']:g} and above."
    if isinstance(found.get("cut"), (int, float)):
        words += f" Cut: {found['cut']:.3g}."
    if found.get("backtest") and isinstance(found.get("folds"), list):
        words += f" Backtest: means over {len(found['folds'])} folds, each learnt from everything before it."
    return words


def units(protocol: str) -> str:
    """What is counted: users, series, products …"""
    return tables.UNITS.get(protocol, "users")


def segment_label(segment: str) -> str:
    if fold := FOLD.match(segment):
        return f"Fold {fold['number']}"
    if week := WEEK.match(segment):
        return f"Week {week['number']} ahead"
    return SEGMENTS.get(segment, segment.replace("_", " ").capitalize())


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
