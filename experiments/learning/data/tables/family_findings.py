"""What stands out in a table given what it is for: gaps in a series, a price that never moves, one action only …"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from experiments.learning.data.findings import Finding
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles

SHORT_SERIES_DAYS = 56
"""Eight weeks: less holds too few seasons of a week to learn from and be tested on."""
FEW_OF_AN_ACTION = 50
RARE_OUTCOME = 0.01
FEW_PLACES = 100


def _forecasting(frame: pd.DataFrame, roles: Roles) -> Iterator[Finding]:
    days = frame[roles.time].dt.floor("D")
    series = [frame[name] for name in roles.series] or [pd.Series("", index=frame.index)]
    grouped = days.groupby(series, dropna=False)
    spans = (grouped.max() - grouped.min()).dt.days + 1
    gaps = spans - grouped.nunique()
    with_gaps = int((gaps > 0).sum())
    if with_gaps:
        share = float(gaps.sum() / spans.sum())
        yield Finding(
            "warning" if share > 0.02 else "info",
            "time_gaps",
            f"{with_gaps:,} of {len(gaps):,} series miss days between their first and last, {int(gaps.sum()):,} in all "
            f"({share:.1%}).",
        )
    short = int((spans < SHORT_SERIES_DAYS).sum())
    if short:
        yield Finding(
            "warning",
            "short_series",
            f"{short:,} of {len(spans):,} series are shorter than {SHORT_SERIES_DAYS} days.",
        )
    target = frame.groupby(series, dropna=False)[roles.target]
    still = int((target.nunique() <= 1).sum())
    if still:
        yield Finding(
            "serious" if still == len(spans) else "warning",
            "constant_series",
            f"{still:,} of {len(spans):,} series hold one value all the time.",
        )


def _pricing(frame: pd.DataFrame, roles: Roles) -> Iterator[Finding]:
    if frame[roles.price].nunique() <= 1:
        yield Finding("serious", "constant_price", "The price is the same in every row; nothing can be said of it.")
    elif roles.product:
        prices = frame.groupby(roles.product)[roles.price].nunique()
        still = int((prices <= 1).sum())
        if still:
            yield Finding(
                "warning",
                "constant_price_of_products",
                f"The price of {still:,} of {len(prices):,} products never changes; their elasticity is that of all.",
            )
    zero = float((frame[roles.quantity] == 0).mean())
    if zero > 0.2:
        yield Finding("info", "zero_quantities", f"{zero:.0%} of the rows sold nothing.")


def _next_best_action(frame: pd.DataFrame, roles: Roles) -> Iterator[Finding]:
    outcome, actions = frame[roles.outcome], frame[roles.action].value_counts()
    rate = float(outcome.mean())
    if outcome.nunique() <= 1:
        word = "worked" if rate else "failed"
        yield Finding("serious", "constant_outcome", f"Every row {word}; there is nothing to predict.")
    elif min(rate, 1 - rate) < RARE_OUTCOME:
        yield Finding("warning", "rare_outcome", f"The outcome is 1 in {rate:.2%} of the rows; figures vary by chance.")
    if len(actions) <= 1:
        yield Finding(
            "serious", "one_action", f"Every row had the action {actions.index[0]!r}; actions cannot be compared."
        )
    elif roles.control not in actions.index:
        yield Finding(
            "warning",
            "no_control",
            f"No row has the action {roles.control!r}, which means that nothing was done; uplift cannot be measured.",
        )
    for name, count in actions.items():
        if count < FEW_OF_AN_ACTION:
            yield Finding("warning", "rare_action", f"The action {name!r} was taken {count:,} times only.")


def _location_scoring(frame: pd.DataFrame, roles: Roles) -> Iterator[Finding]:
    places = frame[[roles.latitude, roles.longitude]]
    same = int(places.duplicated().sum())
    if same:
        yield Finding("info", "same_place", f"{same:,} rows stand at the very place of another row.")
    if len(places.drop_duplicates()) < FEW_PLACES:
        yield Finding("warning", "few_places", f"There are {len(places.drop_duplicates()):,} places only.")
    if bool(np.isclose(places.to_numpy(), 0).all(axis=1).any()):
        yield Finding(
            "warning", "null_island", "Some rows stand at latitude 0, longitude 0, which often means unknown."
        )
    if frame[roles.target].nunique() <= 1:
        yield Finding("serious", "constant_target", "The target is the same in every row; there is nothing to predict.")


OF_FAMILY: dict[Family, Callable[[pd.DataFrame, Roles], Iterator[Finding]]] = {
    Family.FORECASTING: _forecasting,
    Family.PRICING: _pricing,
    Family.NEXT_BEST_ACTION: _next_best_action,
    Family.LOCATION_SCORING: _location_scoring,
}
