"""Which kind of run a row asks for."""

from __future__ import annotations

from collections.abc import Callable

from experiments.learning.families import Family
from experiments.models import RunType
from experiments.services.runs.backtests import BacktestRecommender, BacktestTable
from experiments.services.runs.evaluations import EvaluateRecommender, EvaluateTable
from experiments.services.runs.recommenders import TrainRecommender
from experiments.services.runs.steps import Site, Work
from experiments.services.runs.tables import TrainTable
from experiments.services.runs.trials import TrialOfRecommender, TrialOfTable

OF_INTERACTIONS: dict[RunType, Callable[[Site], Work]] = {
    RunType.TRAIN: TrainRecommender,
    RunType.EVAL: EvaluateRecommender,
    RunType.BACKTEST: BacktestRecommender,
}
OF_TABLES: dict[RunType, Callable[[Site], Work]] = {
    RunType.TRAIN: TrainTable,
    RunType.EVAL: EvaluateTable,
    RunType.BACKTEST: BacktestTable,
}


TRIALS: dict[bool, Callable[[Site], Work]] = {False: TrialOfRecommender, True: TrialOfTable}
"""By whether they learn from a table."""


def work_for(site: Site) -> Work:
    if site.run.search_id is not None:
        return TRIALS[Family(site.run.family).is_tabular](site)
    kinds = OF_TABLES if Family(site.run.family).is_tabular else OF_INTERACTIONS
    return kinds[RunType(site.run.run_type)](site)
