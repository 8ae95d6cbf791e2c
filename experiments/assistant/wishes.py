"""Sentences that ask for a change of the manifest, read by rules: each gives a patch and says it back in words.

Rules are deliberately narrow: what is not understood changes nothing, and the answer says what would be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticUndefined

from experiments.assistant import metric_names
from experiments.learning.architectures import ARCHITECTURES_OF
from experiments.learning.families import Family

NUMBER = r"-?\d+(?:[.,]\d+)?(?:e-?\d+)?"
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


@dataclass(frozen=True)
class Wish:
    """One change: where in the manifest, the value, and the sentence that says it back."""

    path: tuple[str, ...]
    value: Any
    words: str

    @property
    def patch(self) -> dict[str, Any]:
        nested: Any = self.value
        for key in reversed(self.path):
            nested = {key: nested}
        found: dict[str, Any] = nested
        return found


def wishes(text: str, family: Family, architecture: str) -> list[Wish]:
    """Every change a message asks for, in the order of the manifest; parameters are those of the architecture that is
    in use after it."""
    found = list(_architecture(text, family))
    chosen = found[0].value["architecture"] if found else architecture
    for rule in (_parameters, _seed):
        found += rule(text, family, chosen)
    for simple in (_validation, _thresholds, _history, _columns, _deployment, _monitoring):
        found += simple(text, family)
    return found


def _number(text: str) -> float | int:
    value = float(text.replace(",", "."))
    return int(value) if value.is_integer() and "e" not in text and "." not in text else value


def _architecture(text: str, family: Family) -> Iterator[Wish]:
    """The first architecture of the family that is named; its parameters start from their defaults."""
    places: list[tuple[int, int, str]] = []
    for key, architecture in ARCHITECTURES_OF[family].items():
        for name in {key, key.replace("_", " "), key.replace("_", "-"), architecture.label}:
            verbs = r"(?:use|try|take|choose|want|switch to|change to|architecture(?: is| to| =|:)?|with)"
            if found := re.search(rf"{verbs}\s+(?:an?\s+|the\s+)?{re.escape(name)}\b", text, re.IGNORECASE):
                places.append((found.start(), -len(name), key))
    if places:
        key = min(places)[2]
        label = ARCHITECTURES_OF[family][key].label
        # The old architecture's parameters mean nothing to the new one: the value is put whole.
        yield Wish(
            ("pipeline", "training"),
            {"architecture": key},
            f"it trains {label}; parameters not named here take its defaults",
        )


def _parameters(text: str, family: Family, architecture: str) -> Iterator[Wish]:
    chosen = ARCHITECTURES_OF[family].get(architecture)
    fields: Mapping[str, Any] = chosen.parameters.model_fields if chosen else {}
    for name, field in fields.items():
        spoken = name.replace("_", r"[ _-]")
        after = re.search(rf"\b{spoken}\b(?:\s*(?:to|=|of|:|is|at)\s*|\s+)({NUMBER}|true|false)\b", text, re.IGNORECASE)
        before = re.search(rf"\b({NUMBER})\s+{spoken}\b", text, re.IGNORECASE)
        match = after or before
        if match is None or field.default is PydanticUndefined:
            continue
        raw = match.group(1).lower()
        value = raw == "true" if raw in ("true", "false") else _number(raw)
        yield Wish(("pipeline", "training", "parameters", name), value, f"{name} is {raw}")


def _seed(text: str, family: Family, architecture: str) -> Iterator[Wish]:
    if match := re.search(r"\bseed\b(?:\s*(?:to|=|of|:|is)\s*|\s+)(\d{1,9})\b", text, re.IGNORECASE):
        yield Wish(("pipeline", "training", "seed"), int(match.group(1)), f"the seed is {match.group(1)}")


_METHODS = (
    (r"leave[ -]last[ -](?:one[ -])?out", "leave_last_out", "each user's last interaction is tested"),
    (r"rolling[ -]origins?|backtest\w*", "rolling_origin", "it is validated by rolling origin"),
    (r"spatial(?:ly)?[ -]block\w*|blocks? of places", "spatial_blocks", "whole squares of the map are tested"),
    (
        r"(?:split|validat\w*|test\w*) (?:\w+ )?by time|time[ -](?:based )?split|chronological\w*",
        "time",
        "the newest rows are tested",
    ),
    (r"random(?:ly)? split|split (?:\w+ )?(?:at )?random\w*", "random", "rows are drawn at random for the test"),
)


def _validation(text: str, family: Family) -> Iterator[Wish]:
    base = ("pipeline", "evaluation", "validation")
    for expression, method, words in _METHODS:
        if re.search(rf"\b(?:{expression})\b", text, re.IGNORECASE):
            yield Wish((*base, "method"), method, words)
            break
    if match := re.search(r"\b(\d{1,2})\s+(?:folds|origins)\b", text, re.IGNORECASE):
        yield Wish((*base, "folds"), int(match.group(1)), f"{match.group(1)} folds are tested")
    ahead = re.search(
        r"\b(?:horizon(?:\s+(?:of|to|=|is))?|next|coming)\s+(\d{1,3})[ -]?(days?|weeks?)\b"
        r"|\b(\d{1,3})[ -](days?|weeks?)[ -](?:ahead|horizon)\b",
        text,
        re.IGNORECASE,
    )
    if ahead and family is Family.FORECASTING:
        count = int(ahead.group(1) or ahead.group(3)) * (7 if (ahead.group(2) or ahead.group(4)).startswith("w") else 1)
        yield Wish((*base, "horizon"), count, f"it forecasts {count} days ahead")
    if match := re.search(rf"\btest share\b\s*(?:of|to|=|is)?\s*({NUMBER})\s*(%?)", text, re.IGNORECASE):
        share = float(match.group(1).replace(",", ".")) / (100 if match.group(2) else 1)
        yield Wish((*base, "test_share"), share, f"{share:.0%} of the rows are tested")


_AT_LEAST = r"at least|above|over|>=|>|≥|minimum(?: of)?|no less than|not below|reach(?:es)?"
_AT_MOST = r"at most|below|under|<=|<|≤|maximum(?: of)?|no more than|not above"


def _thresholds(text: str, family: Family) -> Iterator[Wish]:
    names = metric_names.pattern(family)
    expression = (
        rf"\b({names})(?:\s+(?:must|should|has to|to))?(?:\s+(?:be|stay|is))?"
        rf"\s*({_AT_LEAST}|{_AT_MOST})\s*({NUMBER})\s*(%?)"
    )
    for match in re.finditer(expression, text, re.IGNORECASE):
        key = metric_names.key_of(family, match.group(1))
        if key is None:
            continue
        value = float(match.group(3).replace(",", ".")) / (100 if match.group(4) else 1)
        side = "minimum" if re.fullmatch(_AT_LEAST, match.group(2), re.IGNORECASE) else "maximum"
        words = "at least" if side == "minimum" else "at most"
        yield Wish(
            ("pipeline", "evaluation", "metrics", key), {side: value}, f"{key} must be {words} {value:g} to be promoted"
        )


def _history(text: str, family: Family) -> Iterator[Wish]:
    expression = r"\b(?:at least|minimum(?: of)?|no less than)\s+(\d[\d,. ]{0,12}?)\s+(rows|users|items|days)\b"
    for match in re.finditer(expression, text, re.IGNORECASE):
        count, what = int(re.sub(r"[,. ]", "", match.group(1))), match.group(2).lower()
        yield Wish(("requirements", "min_history", what), count, f"data must have at least {count} {what}")


def _columns(text: str, family: Family) -> Iterator[Wish]:
    match = re.search(
        r"\b(?:leave out|without|ignore|exclude|do not use|don't use)\s+(?:the\s+)?columns?"
        r"\s+([\w ,]+?)(?=[.;!?]|$|\bbut\b)",
        text,
        re.IGNORECASE,
    )
    if match:
        columns = [name for name in re.split(r"\s*,\s*|\s+and\s+|\s+", match.group(1).strip()) if name]
        yield Wish(("pipeline", "feature_prep", "leave_out"), columns, f"columns {', '.join(columns)} are not used")


def _deployment(text: str, family: Family) -> Iterator[Wish]:
    base = ("pipeline", "deployment")
    if re.search(r"\b(?:in|as|by|nightly|daily)?\s*batch\b", text, re.IGNORECASE):
        yield Wish((*base, "mode"), "batch", "it answers in batches")
    elif re.search(r"\breal[ -]?time\b|\bonline\b", text, re.IGNORECASE):
        yield Wish((*base, "mode"), "realtime", "it answers requests as they come")
    when = re.search(
        rf"\b(?:every|each|on)\s+({'|'.join(DAYS)}|day|night|morning)s?(?:\s+at\s+(\d{{1,2}})(?::(\d{{2}}))?)?",
        text,
        re.IGNORECASE,
    )
    if when and int(when.group(2) or 2) < 24 and int(when.group(3) or 0) < 60:
        day = DAYS.index(when.group(1).lower()) if when.group(1).lower() in DAYS else "*"
        hour, minute = int(when.group(2) or 2), int(when.group(3) or 0)
        yield Wish((*base, "schedule"), f"{minute} {hour} * * {day}", f"its batch runs at {hour:02}:{minute:02}")
    if match := re.search(
        r"\b(do not|don't|never|no)?\s*"
        r"(?:auto(?:matic(?:ally)?)?[ -]?promot\w+|promot\w+ (?:it )?(?:by itself|automatically))",
        text,
        re.IGNORECASE,
    ):
        on = not match.group(1)
        yield Wish(
            (*base, "auto_promote"),
            on,
            "a run that passes the gate is " + ("" if on else "not ") + "promoted by itself",
        )
    if match := re.search(r"\b(?:within|under|below|at most)\s+(\d{1,5})\s*(?:ms|milliseconds)\b", text, re.IGNORECASE):
        yield Wish((*base, "max_latency_ms"), int(match.group(1)), f"an answer may take {match.group(1)} ms")


def _monitoring(text: str, family: Family) -> Iterator[Wish]:
    if match := re.search(
        rf"\bdrift\b[^.;]{{0,30}}?\b(?:above|over|beyond|threshold(?: of| to| is)?|exceeds)\s*({NUMBER})",
        text,
        re.IGNORECASE,
    ):
        value = float(match.group(1).replace(",", "."))
        yield Wish(("monitoring", "drift", "threshold"), value, f"drift above {value:g} is reported")
    if match := re.search(
        r"\b(?:data|it) (?:must|should|may) (?:not )?be (?:no )?older than\s+(\d{1,4})\s+(hours?|days?)",
        text,
        re.IGNORECASE,
    ):
        hours = int(match.group(1)) * (24 if match.group(2).startswith("d") else 1)
        yield Wish(("monitoring", "freshness", "max_age_hours"), hours, f"data older than {hours} hours is reported")
