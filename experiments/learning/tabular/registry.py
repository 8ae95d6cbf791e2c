"""Every architecture for tables that a person can choose, in the order in which forms list them. No scikit-learn."""

from __future__ import annotations

from experiments.learning.tabular import forecasting, location_scoring, next_best_action, pricing
from experiments.learning.tabular.base import TabularArchitecture

TABULAR: dict[str, TabularArchitecture] = {
    architecture.key: architecture
    for architecture in (
        # one line a family
        *forecasting.ARCHITECTURES,
        *pricing.ARCHITECTURES,
        *next_best_action.ARCHITECTURES,
        *location_scoring.ARCHITECTURES,
    )
}
