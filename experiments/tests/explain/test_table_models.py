"""Every model on tables: parts sum to its prediction; closed forms hold against the definition."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from experiments.learning.explain.errors import NotExplainable
from experiments.learning.explain.shapley import shapley_values
from experiments.learning.explain.table_split import mean_size
from experiments.learning.explain.tables import table_shapley
from experiments.learning.families import Family
from experiments.learning.tabular.registry import TABULAR
from experiments.tests.tabular.tables import made_up, train

SMALL = {
    Family.FORECASTING: {"shops": 3, "products": 2, "days": 150},
    Family.PRICING: {"products": 12, "weeks": 40},
    Family.NEXT_BEST_ACTION: {"customers": 700},
    Family.LOCATION_SCORING: {"places": 300},
}
TREES = {"trees": 20}


@cache
def data_of(family):
    return made_up(family, **SMALL[family])


@cache
def explained(key):
    """(scorer, tested rows, background) of the last part."""
    data = data_of(TABULAR[key].family)
    few = TREES if "trees" in TABULAR[key].parameters.model_fields else {}
    fitted, parts, _ = train(key, data, **few)
    rows = data.frame.iloc[parts[-1].test].reset_index(drop=True)
    # Forecasters answer days after the last one learnt from alone, so their background is of such days too.
    known = data.frame.iloc[parts[-1].train].reset_index(drop=True)
    background = rows if data.family is Family.FORECASTING else known
    return fitted[-1].scorer, rows, background


@pytest.mark.parametrize("key", list(TABULAR))
def test_parts_sum_to_the_prediction(key):
    scorer, rows, background = explained(key)
    found = table_shapley(scorer, rows.iloc[:40], background)
    assert list(found.inputs.columns) == list(found.columns)
    through = {"identity": lambda x: x, "log": np.exp, "logit": lambda x: 1 / (1 + np.exp(-x))}[found.link]
    answers = through(found.raw)
    answers = np.maximum(answers, 0) if TABULAR[key].family is Family.FORECASTING else answers
    assert answers == pytest.approx(scorer.predict(rows.iloc[:40]), abs=1e-6)
    assert found.predicted == pytest.approx(scorer.predict(rows.iloc[:40]), abs=1e-12)


@pytest.mark.parametrize("key", [key for key in TABULAR if TABULAR[key].model_type != "baseline"])
def test_shares_of_columns_sum_to_one_and_the_largest_comes_first(key):
    scorer, rows, background = explained(key)
    found = mean_size(table_shapley(scorer, rows, background))
    assert sum(each["share"] for each in found) == pytest.approx(1)
    sizes = [each["size"] for each in found]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 0


def test_actions_and_columns_share_their_products_as_the_definition_says():
    scorer, rows, background = explained("action_logistic")
    row, few = rows.iloc[[3]], background.iloc[np.linspace(0, len(background) - 1, 100).round().astype(int)]
    found = table_shapley(scorer, row, background)
    columns = found.columns
    worth = np.empty(1 << len(columns))
    for coalition in range(len(worth)):
        present = {name: row[name].iloc[0] for place, name in enumerate(columns) if coalition >> place & 1}
        probability = scorer.predict(few.assign(**present))
        worth[coalition] = np.log(probability / (1 - probability)).mean()
    assert found.values[0] == pytest.approx(shapley_values(worth[:, None])[:, 0], abs=1e-7)
    assert found.base[0] == pytest.approx(worth[0], abs=1e-9)


def test_an_action_that_training_never_had_is_refused_with_what_is_known():
    scorer, rows, background = explained("action_boosting")
    with pytest.raises(NotExplainable, match=r"“skywriting”, which training never had.*accepted: "):
        table_shapley(scorer, rows.iloc[:2].assign(**{scorer.known.column: "skywriting"}), background)
