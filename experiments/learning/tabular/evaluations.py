"""How runs of each family on tables are judged. Adding a family is one line."""

from __future__ import annotations

from experiments.learning.families import Family
from experiments.learning.tabular import location_scoring
from experiments.learning.tabular.base import TabularEvaluate

EVALUATE: dict[Family, TabularEvaluate] = {
    Family.LOCATION_SCORING: location_scoring.evaluate,
}
