"""How many users a trial needs, how small an effect it can find, how long it takes: each from the other two.

Two-sided z-tests of a difference between each variant and the control: n = (z₁₋α⸝₂ + z_power)² · (s₁² + s₂² / r) / δ²
users in the control, r times as many in each variant (Fleiss, Levin & Paik 2003, ch. 4, without continuity
correction). For the always-valid test z₁₋α⸝₂ is replaced by its multiplier at that size, so the size is the one by
which an effect is found at the latest with the given power; most trials end before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy import optimize, stats

from retraining.records import between
from retraining.trial.sequential import information, multiplier, precision

Method = Literal["fixed", "sequential"]
MOST_USERS = 1e12


@dataclass(frozen=True)
class Design:
    """``scatter``: standard deviation of one user's value (``Sums.scatter``); ``control_share`` of all users.

    ``variants`` share the rest evenly.
    """

    scatter: float
    variants: int = 1
    control_share: float = 0.5
    alpha: float = 0.05
    power: float = 0.8
    method: Method = "fixed"

    def __post_init__(self) -> None:
        between("scatter", self.scatter, 0, above=True)
        between("variants", self.variants, 1, 20)
        between("control_share", self.control_share, 0.001, 0.999)
        between("alpha", self.alpha, 0.0001, 0.5)
        between("power", self.power, 0.5, 0.9999)

    @classmethod
    def of_share(cls, share: float, **others: float) -> Design:
        """For something that a ``share`` of the control's users does."""
        between("share", share, 0, 1, above=True)
        return cls(math.sqrt(share * (1 - share)), **others)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Size:
    """Users in the control, in each variant, and of all arms."""

    control: int
    variant: int
    total: int


def sample_size(design: Design, effect: float) -> Size:
    """For finding a difference of ``effect``, either way, with the design's power."""
    between("effect", abs(effect), 0, above=True)
    try:
        total = optimize.brentq(lambda users: least_effect(design, users) - abs(effect), 4, MOST_USERS, xtol=1e-6)
    except ValueError:
        total = 4.0 if least_effect(design, 4) <= abs(effect) else math.inf
    if math.isinf(total):
        raise ValueError(f"effect: one that {MOST_USERS:g} users can show is accepted, got {effect!r}.")
    control = math.ceil(total * design.control_share - 1e-6)
    variant = math.ceil(total * (1 - design.control_share) / design.variants - 1e-6)
    return Size(control, variant, control + design.variants * variant)


def least_effect(design: Design, users: float) -> float:
    """The smallest difference that ``users`` of all arms show with the design's power."""
    between("users", users, 2)
    needed, error = _needed(design, users)
    return (needed + float(stats.norm.ppf(design.power))) * error


def power_of(design: Design, effect: float, users: float) -> float:
    """Probability that a difference of ``effect`` is found with ``users`` of all arms (the far tail left out)."""
    needed, error = _needed(design, users)
    return float(stats.norm.cdf(abs(effect) / error - needed))


def days(users: float, new_users_a_day: float, traffic_share: float = 1.0) -> int:
    """Whole days until so many have come. Who comes again is no new user: ask for those of a first visit."""
    between("new_users_a_day", new_users_a_day, 0, above=True)
    between("traffic_share", traffic_share, 0, 1, above=True)
    return math.ceil(users / (new_users_a_day * traffic_share) - 1e-9)


def least_effect_in(design: Design, duration_days: float, new_users_a_day: float, traffic_share: float = 1.0) -> float:
    """The smallest difference that so many days show."""
    between("duration_days", duration_days, 0, above=True)
    return least_effect(design, max(2.0, duration_days * new_users_a_day * traffic_share))


def _needed(design: Design, users: float) -> tuple[float, float]:
    """How many standard errors a difference has to be, and the standard error of one."""
    control = users * design.control_share
    variant = users * (1 - design.control_share) / design.variants
    t, alpha = information(control, variant), design.alpha / design.variants
    if design.method == "sequential":
        return multiplier(t, precision(t, alpha), alpha), design.scatter / math.sqrt(t)
    return float(stats.norm.ppf(1 - alpha / 2)), design.scatter / math.sqrt(t)
