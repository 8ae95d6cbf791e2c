"""Families of models (decision D1): what is predicted, from which shape of data, and how it is validated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    RECOMMENDATION = "recommendation"
    FORECASTING = "forecasting"
    PRICING = "pricing"
    NEXT_BEST_ACTION = "next_best_action"
    LOCATION_SCORING = "location_scoring"

    @property
    def label(self) -> str:
        return ABOUT[self].label

    @property
    def is_tabular(self) -> bool:
        """Learns from a table with roles; recommendation learns from interactions."""
        return self is not Family.RECOMMENDATION


@dataclass(frozen=True)
class Role:
    """What a column of a table is to a family."""

    name: str
    label: str
    description: str
    required: bool = True
    many: bool = False
    """True: any number of columns may have it."""


@dataclass(frozen=True)
class About:
    label: str
    summary: str
    protocol: str
    """Protocol of its metrics (MetricValue.protocol); the recommender's headline one here."""
    headline: str
    """Wire name of the metric that lists sort by and the gate compares; always a function of per-unit results."""
    higher_is_better: bool
    icon: str
    roles: tuple[Role, ...] = ()


_NUMERIC = Role("numeric", "Numeric features", "Numbers the model may learn from.", required=False, many=True)
_CATEGORICAL = Role("categorical", "Categorical features", "Kinds the model may learn from.", required=False, many=True)

ABOUT: dict[Family, About] = {
    Family.RECOMMENDATION: About(
        "Recommendation",
        "Which items to show a user, learnt from who interacted with what.",
        "rated",
        "f1_at_10",
        True,
        "list-ordered",
    ),
    Family.FORECASTING: About(
        "Forecasting",
        "How much of something there will be on coming days, learnt from its past.",
        "forecast",
        "mase",
        False,
        "trending-up",
        (
            Role("time", "Time", "Day of the row; one row a series and day."),
            Role("target", "Target", "The number to forecast."),
            Role("series", "Series", "What tells one series from another, a shop or a product.", False, True),
            Role("numeric", "Known numbers", "Numbers known ahead of time, such as a planned price.", False, True),
            Role("categorical", "Known kinds", "Kinds known ahead of time, such as a holiday.", False, True),
        ),
    ),
    Family.PRICING: About(
        "Pricing",
        "How demand answers to price, learnt from quantities sold at different prices.",
        "demand",
        "rmse_log",
        False,
        "tag",
        (
            Role("price", "Price", "Price at which the quantity was sold; above zero."),
            Role("quantity", "Quantity", "How much was sold; zero or more."),
            Role("product", "Product", "What was sold; each may have an elasticity of its own.", False),
            Role("time", "Time", "When; with it, the newest rows are the test part.", False),
            _NUMERIC,
            _CATEGORICAL,
        ),
    ),
    Family.NEXT_BEST_ACTION: About(
        "Next best action",
        "Which action to take for a customer, learnt from actions taken and what came of them.",
        "action",
        "log_loss",
        False,
        "mouse-pointer-click",
        (
            Role("action", "Action", "What was done for the customer; one value means nothing was done."),
            Role("outcome", "Outcome", "1 where it worked, 0 where it did not."),
            Role("unit", "Customer", "Who it was done for.", False),
            Role("time", "Time", "When; with it, the newest rows are the test part.", False),
            _NUMERIC,
            _CATEGORICAL,
        ),
    ),
    Family.LOCATION_SCORING: About(
        "Location scoring",
        "How well a place would do, learnt from places whose result is known.",
        "spatial",
        "rmse",
        False,
        "map-pin",
        (
            Role("latitude", "Latitude", "Degrees, -90 to 90."),
            Role("longitude", "Longitude", "Degrees, -180 to 180."),
            Role("target", "Target", "The number to predict of a place, such as its sales."),
            _NUMERIC,
            _CATEGORICAL,
        ),
    ),
}
