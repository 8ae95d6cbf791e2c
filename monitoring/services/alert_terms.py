"""What an alert rule may say: each field, what is accepted, and which values go together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from experiments.models import RegisteredModel
from experiments.services.labels import plain_text
from experiments.services.spec import Problem, Refused
from monitoring.alerts.specs import SIGNALS
from monitoring.models import AlertRule, Channel, Severity
from monitoring.services.window_reads import DAY, HOUR

LONGEST_NAME = 120
LONGEST_WINDOW = 30 * 86400
MOST_DEVIATIONS = 100.0
COMPARISONS = [str(one) for one in AlertRule.Comparison]
SEVERITIES = [str(one) for one in Severity]


def _name(value: Any) -> str:
    text = plain_text(value) if isinstance(value, str) else ""
    if not 0 < len(text) <= LONGEST_NAME or "\n" in text:
        raise ValueError(f"{str(value)[:60]!r} is not accepted; 1 to {LONGEST_NAME} characters in one line are")
    return text


def _one_of(accepted: Iterable[str]) -> Callable[[Any], str]:
    words = list(accepted)

    def clean(value: Any) -> str:
        if value not in words:
            raise ValueError(f"{str(value)[:60]!r} is not accepted; {', '.join(words)} are")
        return str(value)

    return clean


def _number(value: Any) -> float:
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not 0 <= found <= 1e12:
        raise ValueError(f"{str(value)[:60]!r} is not accepted; numbers from 0 to 1e12 are")
    return found


def _number_or_none(value: Any) -> float | None:
    return None if value is None or value == "" else _number(value)


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def clean(value: Any) -> int:
        try:
            found = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            found = math.nan
        if not least <= found <= most or found % 1:
            raise ValueError(f"{str(value)[:60]!r} is not accepted; whole numbers from {least:,} to {most:,} are")
        return int(found)

    return clean


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{str(value)[:60]!r} is not accepted; true and false are")  # noqa: TRY004
    return value


FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "name": _name,
    "signal": _one_of(SIGNALS),
    "comparison": _one_of(COMPARISONS),
    "threshold": _number,
    "clear_at": _number_or_none,
    "window_seconds": _whole(60, LONGEST_WINDOW),
    "minimum_sample": _whole(0, 100_000_000),
    "for_checks": _whole(1, 100),
    "severity": _one_of(SEVERITIES),
    "enabled": _flag,
}
NEEDED = ("name", "signal", "threshold")
"""A new rule cannot do without; the rest has defaults that suit the signal."""
USUAL: Mapping[str, Any] = {
    "clear_at": None,
    "window_seconds": HOUR,
    "minimum_sample": 200,
    "for_checks": 2,
    "severity": Severity.WARNING.value,
    "enabled": True,
}


def cleaned(given: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """The given fields as they are stored; ``current``: values of the fields that are not given.

    Raises Refused with every field that is not accepted, and what would be.
    """
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in FIELDS:
            problems.append(Problem(name, f"is no field of a rule; accepted: {', '.join(FIELDS)}, channels"))
            continue
        try:
            values[name] = FIELDS[name](value)
        except ValueError as error:
            problems.append(Problem(name, str(error)))
    if not problems:
        problems = list(_together({**current, **values}))
    if problems:
        raise Refused(problems)
    return values


def _together(rule: Mapping[str, Any]) -> Iterable[Problem]:
    spec = SIGNALS[rule["signal"]]
    anomaly = rule["comparison"] == AlertRule.Comparison.ANOMALY
    if spec.is_series and not anomaly:
        yield Problem("comparison", f"{rule['comparison']!r} is not accepted for {spec.name}; anomaly is")
    if not spec.is_series and anomaly:
        yield Problem("comparison", f"'anomaly' is not accepted for {spec.name}; above and below are")
    if anomaly and not 2 <= rule["threshold"] <= MOST_DEVIATIONS:
        accepted = f"2 to {MOST_DEVIATIONS:g} robust standard deviations are"
        yield Problem("threshold", f"{rule['threshold']:g} is not accepted; {accepted}")
    clear = rule["clear_at"]
    if clear is not None:
        below = rule["comparison"] == AlertRule.Comparison.BELOW
        if (clear < rule["threshold"]) if below else (clear > rule["threshold"]):
            side = "at least" if below else "at most"
            yield Problem("clear_at", f"{clear:g} is not accepted; {side} the threshold {rule['threshold']:g} is")
    yield from _window(rule, spec.is_series, spec.is_checked)


def _window(rule: Mapping[str, Any], is_series: bool, is_checked: bool) -> Iterable[Problem]:
    seconds = rule["window_seconds"]
    if is_series and seconds not in (HOUR, DAY):
        yield Problem("window_seconds", f"{seconds} is not accepted for a series; {HOUR} and {DAY} are")
    elif not is_checked and seconds % 60:
        yield Problem("window_seconds", f"{seconds} is not accepted; multiples of 60 are")


def usual_comparison(signal: str) -> str:
    """The side on which this signal is bad."""
    spec = SIGNALS.get(signal)
    if spec is None or spec.worse == "both" or spec.is_series:
        return AlertRule.Comparison.ANOMALY.value if spec is None or spec.is_series else "above"
    return spec.worse


def channels_of(model: RegisteredModel, ids: Any) -> list[Channel]:
    """Channels of the model's workspace by their ids. Raises Refused."""
    if not isinstance(ids, (list, tuple)):
        raise Refused([Problem("channels", f"{str(ids)[:60]!r} is not accepted; a list of ids is")])
    known = {str(one.pk): one for one in Channel.objects.filter(workspace=model.workspace_id)}
    unknown = [str(one)[:60] for one in ids if str(one) not in known]
    if unknown:
        raise Refused([Problem("channels", f"{', '.join(unknown)} is no channel of this workspace")])
    return [known[str(one)] for one in dict.fromkeys(map(str, ids))]
