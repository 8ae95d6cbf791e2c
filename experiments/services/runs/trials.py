"""Training as a trial of a search, which is judged on the validation part; figures of the test part stand apart.

A recommender is judged as ever, with the validation part in the place of the test part: every item outside its training
part is a candidate, and its cut is the one it will be used with. Of models on tables the validation rows may have
decided when to stop or how to calibrate, and a forecaster has them among what it knows. So another model learns
from the training part, divided once more in the same way, and is judged on the validation part.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from experiments.learning.data.folds import fold
from experiments.learning.metrics.result import Evaluation
from experiments.learning.recommenders.errors import TrainingError
from experiments.learning.search.measures import VALIDATION
from experiments.learning.tabular.evaluations import EVALUATE
from experiments.learning.tabular.splits import judged_on_validation
from experiments.models import Experiment, Search
from experiments.services.runs.recommenders import TrainRecommender, judged, settings_of
from experiments.services.runs.tables import TrainTable, evaluation_of, fit
from experiments.services.spec import table_split


class TrialOfRecommender(TrainRecommender):
    def judge(self) -> Evaluation:
        evaluation, data = super().judge(), self.prepared.data
        if not len(data.validation):
            raise TrainingError(
                "The validation part is empty, so no trial can be judged. Accepted: a larger share of it."
            )
        cut = evaluation.protocols.get("rated", {}).get("cut")
        nothing = fold(self.prepared.interactions, np.empty(0, np.int64))
        on_validation = replace(self.prepared, data=replace(data, validation=nothing), test=data.validation)
        found = judged(on_validation, self.fitted, settings_of(self.site.run, cut=cut))
        return joined(evaluation, found, search_of(self.site.run))


class TrialOfTable(TrainTable):
    def judge(self) -> Evaluation:
        evaluation, split = super().judge(), table_split(self.site.run.split)
        inner = [judged_on_validation(self.data, part, split) for part in self.parts]
        fitted = []
        for part in inner:
            self.site.context.check()
            fitted.append(fit(self.site, self.data, part))
        found = evaluation_of(self.data.family, EVALUATE[self.data.family](fitted, self.data, inner, split))
        return joined(evaluation, found, search_of(self.site.run))


def search_of(run: Experiment) -> Search:
    """The search whose trial a run is."""
    if run.search is None:
        raise LookupError(f"{run.name} is no trial of a search")
    return run.search


def joined(evaluation: Evaluation, found: Evaluation, search: Search) -> Evaluation:
    """``evaluation`` with the figures of the protocol that the search judges by, under a protocol of their own."""
    protocol = search.metric.partition(".")[0]
    kept = [
        replace(one, protocol=VALIDATION) for one in found.metrics if one.protocol == protocol and one.segment == "all"
    ]
    described = {**found.protocols.get(protocol, {}), "of": protocol}
    return replace(
        evaluation,
        metrics=(*evaluation.metrics, *kept),
        protocols={**evaluation.protocols, VALIDATION: described},
    )
