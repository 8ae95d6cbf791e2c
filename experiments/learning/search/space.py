"""The space a search draws from: for each parameter an interval or a list of choices, within the architecture's bounds.

Written as {"learning_rate": {"low": 1e-4, "high": 1e-1, "log": true}, "objective": {"choices": ["rating", "joint"]}}.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from experiments.learning.parameter_fields import accepted, bare, bounds, is_open_below

Value = float | int | str | bool
MOST_PARAMETERS = 12
MOST_CHOICES = 50
SIGNIFICANT_DIGITS = 4
"""To which drawn numbers are rounded, so that people can read and repeat them."""


@dataclass(frozen=True)
class SpaceProblem:
    """One thing wrong with a space: which field, and what would be accepted."""

    field: str
    message: str


@dataclass(frozen=True)
class Interval:
    """Numbers from ``low`` to ``high``, both included; evenly on a logarithmic scale, or in steps from ``low``."""

    low: float
    high: float
    log: bool = False
    step: float | None = None
    whole: bool = False

    def stored(self) -> dict[str, Any]:
        found: dict[str, Any] = {"low": self._typed(self.low), "high": self._typed(self.high)}
        if self.log:
            found["log"] = True
        if self.step is not None:
            found["step"] = self._typed(self.step)
        return found

    def holds(self, value: Any) -> bool:
        """Whether a value could be drawn."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        steps = 0.0 if self.step is None else (value - self.low) / self.step
        return abs(steps - round(steps)) < 1e-9

    def at(self, share: float) -> Value:
        """The value at a place between 0 and 1 along the interval, rounded as drawn values are."""
        if self.log:
            return self.written(math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low))))
        if self.step is not None or self.whole:
            step = self.step or 1.0
            count = math.floor((self.high - self.low) / step + 1e-9) + 1
            return self.written(self.low + step * min(int(share * count), count - 1))
        return self.written(self.low + share * (self.high - self.low))

    def written(self, value: float) -> Value:
        """A drawn number as it is tried: whole where it must be, else with few digits, and never outside."""
        if self.whole:
            return int(min(max(round(value), self.low), self.high))
        return min(max(float(f"{value:.{SIGNIFICANT_DIGITS}g}"), self.low), self.high)

    def _typed(self, number: float) -> float:
        return int(number) if self.whole else float(number)


@dataclass(frozen=True)
class Choices:
    """One of some values, in the order in which they were given."""

    choices: tuple[Value, ...]

    def stored(self) -> dict[str, Any]:
        return {"choices": list(self.choices)}

    def holds(self, value: Any) -> bool:
        return any(value == choice and isinstance(value, bool) == isinstance(choice, bool) for choice in self.choices)

    def at(self, share: float) -> Value:
        return self.choices[min(int(share * len(self.choices)), len(self.choices) - 1)]

    def written(self, value: Value) -> Value:
        return value


Dimension = Interval | Choices
Space = dict[str, Dimension]


def read(parameters: type[BaseModel], given: Mapping[str, Any]) -> tuple[Space, list[SpaceProblem]]:
    """The space as it was given, typed, with everything that is wrong with it; wrong parameters are left out."""
    problems: list[SpaceProblem] = []
    if not given:
        problems.append(SpaceProblem("space", "say at least one parameter to search over"))
    if len(given) > MOST_PARAMETERS:
        problems.append(
            SpaceProblem("space", f"{len(given)} parameters are too many to search over; at most {MOST_PARAMETERS}")
        )
    space: Space = {}
    for name, said in given.items():
        info = parameters.model_fields.get(name)
        if info is None:
            known = ", ".join(parameters.model_fields) or "none"
            problems.append(SpaceProblem(f"space.{name}", f"there is no parameter {name!r}; it has {known}"))
            continue
        found = list(_read_one(name, info, said))
        wrong = [one for one in found if isinstance(one, SpaceProblem)]
        problems += wrong
        if not wrong:
            space[name] = next(one for one in found if not isinstance(one, SpaceProblem))
    return space, problems


def restored(parameters: type[BaseModel], stored: Mapping[str, Any]) -> Space:
    """A stored space. Raises ValueError where the architecture has changed so that it does not hold any more."""
    space, problems = read(parameters, stored)
    if problems:
        raise ValueError("; ".join(f"{one.field}: {one.message}" for one in problems))
    return space


def stored(space: Space) -> dict[str, Any]:
    return {name: dimension.stored() for name, dimension in space.items()}


def is_number(info: FieldInfo) -> bool:
    """Whether a field holds numbers, so that it can have an interval."""
    return bare(info.annotation)[0] in (int, float)


def choices_of(info: FieldInfo) -> tuple[Value, ...]:
    """All that a field accepts, where that is a short list."""
    kind, _ = bare(info.annotation)
    if kind is bool:
        return (True, False)
    return tuple(get_args(kind)) if get_origin(kind) is Literal else ()


def _read_one(name: str, info: FieldInfo, said: Any) -> Iterator[Dimension | SpaceProblem]:
    field = f"space.{name}"
    if not isinstance(said, Mapping):
        yield SpaceProblem(field, 'accepted: {"low": …, "high": …, "log": …, "step": …} or {"choices": […]}')
    elif "choices" in said:
        yield from _read_choices(field, info, said)
    else:
        yield from _read_interval(field, info, said)


def _read_choices(field: str, info: FieldInfo, said: Mapping[str, Any]) -> Iterator[Dimension | SpaceProblem]:
    if extra := sorted(set(said) - {"choices"}):
        yield SpaceProblem(f"{field}.{extra[0]}", "either choices or an interval, not both")
    choices = said["choices"]
    if not isinstance(choices, list | tuple) or not choices:
        yield SpaceProblem(f"{field}.choices", "a list of at least one value is needed")
        return
    if len(choices) > MOST_CHOICES:
        yield SpaceProblem(f"{field}.choices", f"{len(choices)} values are too many; at most {MOST_CHOICES}")
        return
    typed: list[Value] = []
    for choice in choices:
        try:
            typed.append(_adapter(info).validate_python(choice))
        except ValidationError:
            yield SpaceProblem(f"{field}.choices", f"{str(choice)[:60]} is not accepted; accepted: {accepted(info)}")
    yield Choices(tuple(dict.fromkeys(typed)))


def _read_interval(field: str, info: FieldInfo, said: Mapping[str, Any]) -> Iterator[Dimension | SpaceProblem]:
    if not is_number(info):
        words = ", ".join(map(str, choices_of(info)))
        yield SpaceProblem(field, f"it holds no numbers; accepted: choices{f' out of {words}' if words else ''}")
        return
    if extra := sorted(set(said) - {"low", "high", "log", "step"}):
        yield SpaceProblem(f"{field}.{extra[0]}", "not known; accepted: low, high, log, step, or choices")
    whole = bare(info.annotation)[0] is int
    numbers: dict[str, float] = {}
    for name in ("low", "high", "step"):
        if said.get(name) in (None, ""):
            if name != "step":
                yield SpaceProblem(f"{field}.{name}", "a number is needed")
            continue
        number = _number(said[name])
        if number is None or (whole and number != int(number)):
            noun = "a whole number" if whole else "a number"
            yield SpaceProblem(f"{field}.{name}", f"{str(said[name])[:60]} is not {noun}")
        else:
            numbers[name] = number
    if {"low", "high"} <= set(numbers):
        yield from _checked(field, info, Interval(whole=whole, log=_truth(said.get("log")), **_named(numbers)))


def _checked(field: str, info: FieldInfo, found: Interval) -> Iterator[Dimension | SpaceProblem]:
    lowest, highest = bounds(info)
    if found.low >= found.high:
        yield SpaceProblem(f"{field}.high", f"{found.high:g} must be greater than the lowest value, {found.low:g}")
    below = lowest is not None and (found.low < lowest or (is_open_below(info) and found.low == lowest))
    if below:
        yield SpaceProblem(f"{field}.low", f"{found.low:g} is not accepted; accepted: {accepted(info)}")
    if highest is not None and found.high > highest:
        yield SpaceProblem(f"{field}.high", f"{found.high:g} is not accepted; accepted: {accepted(info)}")
    if found.log and found.low <= 0:
        yield SpaceProblem(f"{field}.low", f"a logarithmic scale begins above 0, not at {found.low:g}")
    if found.step is not None:
        if found.log:
            yield SpaceProblem(f"{field}.step", "a logarithmic scale has no steps; leave one of both out")
        elif not 0 < found.step <= found.high - found.low:
            yield SpaceProblem(f"{field}.step", f"{found.step:g} must be above 0 and no longer than the interval")
    yield found


def _named(numbers: Mapping[str, float]) -> dict[str, Any]:
    return {"low": numbers["low"], "high": numbers["high"], "step": numbers.get("step")}


def _number(said: Any) -> float | None:
    """A finite number, also where it is written as text."""
    if isinstance(said, bool):
        return None
    try:
        number = float(said)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _truth(said: Any) -> bool:
    return str(said).strip().lower() in ("true", "1", "on", "yes")


def _adapter(info: FieldInfo) -> TypeAdapter[Any]:
    annotation: Any = info.annotation
    return TypeAdapter(Annotated[annotation, *info.metadata] if info.metadata else annotation)
