"""Training a recommender: read → divide → fit, with epochs and checkpoints → judge by all protocols → save."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from django.conf import settings
from django.utils import timezone

from experiments.learning import artifacts
from experiments.learning.data.chosen_features import Features
from experiments.learning.data.folds import fold, training_data
from experiments.learning.data.interactions import Interactions
from experiments.learning.data.snapshot import read_snapshot
from experiments.learning.data.splits import Split, split
from experiments.learning.distributed import fit as distributed
from experiments.learning.metrics.evaluate import EvaluationSettings, evaluate
from experiments.learning.metrics.result import Evaluation
from experiments.learning.model_files import SavedFile
from experiments.learning.recommenders.base import Fitted, Fold, StopTraining, TrainingData
from experiments.learning.recommenders.registry import get
from experiments.models import EpochMetrics, Experiment
from experiments.services import outbox
from experiments.services.runs.steps import Site
from experiments.services.search_pruning import TrialReports
from experiments.services.spec import split_spec

LONGEST_TEXT = 2000


@dataclass(frozen=True)
class Prepared:
    interactions: Interactions
    split: Split
    data: TrainingData
    test: Fold


def read(run: Experiment) -> Interactions:
    """The run's dataset with the features that its recipe leaves it. Raises DatasetError."""
    return Features.of(run.preparation.get("features", {})).applied(read_snapshot(run.trained_on.path))


def prepared(interactions: Interactions, parts: Split) -> Prepared:
    return Prepared(interactions, parts, training_data(interactions, parts), fold(interactions, parts.test))


def settings_of(run: Experiment, cut: float | None = None) -> EvaluationSettings:
    """List lengths and relevance rule of the run's recipe, the product's where it says nothing."""
    said = run.preparation.get("evaluation", {})
    usual = EvaluationSettings()
    ks = tuple(sorted(set(said.get("list_lengths") or usual.ks)))
    return EvaluationSettings(ks=ks, relevant_from=said.get("relevant_from"), cut=cut)


def judged(found: Prepared, fitted: Fitted, settings: EvaluationSettings) -> Evaluation:
    data = found.data
    return evaluate(
        fitted.scorer,
        train=data.train,
        validation=data.validation,
        test=found.test,
        num_items=data.num_items,
        feedback=data.feedback,
        scale=data.scale,
        predicts_ratings=fitted.predicts_ratings,
        settings=settings,
    )


def statistics_of(found: Prepared) -> dict[str, Any]:
    """What MLflow and the overview are told of the data (F43)."""
    data = found.data
    return {
        "num_users": data.num_users,
        "num_items": data.num_items,
        "num_interactions": len(found.interactions),
        "num_train": len(data.train),
        "num_validation": len(data.validation),
        "num_test": len(found.test),
        "user_features": len(data.user_feature_names),
        "item_features": len(data.item_feature_names),
    }


class EpochObserver:
    """Carries what a fit reports into the database, its checkpoints to disk, and a stop back to the fit."""

    def __init__(self, site: Site) -> None:
        self.context = site.context
        self.checkpoints = site.checkpoints
        self.trial = TrialReports(site.context)

    def on_start(self, *, epochs: int, total_parameters: int) -> None:
        def write(run: Experiment) -> None:
            run.total_parameters = total_parameters
            if run.progress_total != epochs:
                run.progress_total = epochs
            outbox.record_start(run)

        self.context.commit(write)
        self.trial.start()

    def on_epoch(self, epoch: int, values: Mapping[str, float], save: Callable[[Path], None]) -> None:
        """The row first and the checkpoint after it: a crash in between repeats an epoch and loses none."""
        recorded_at = timezone.now()
        finite = {name: value if math.isfinite(value) else None for name, value in values.items()}

        def write(run: Experiment) -> None:
            run.progress_done = epoch
            _, new = EpochMetrics.objects.get_or_create(
                experiment=run, epoch=epoch, defaults={"values": finite, "recorded_at": recorded_at}
            )
            if new:
                outbox.record_epoch(run, epoch, finite, recorded_at)

        self.context.write(write)
        if self.context.stop.is_set():
            raise StopTraining
        self.trial.epoch(epoch, values)
        self.checkpoints.write(epoch, save)

    def log(self, message: str) -> None:
        self.context.log(message)


class TrainRecommender:
    best_epoch: int | None = None

    def __init__(self, site: Site) -> None:
        self.site = site
        self.prepared: Prepared
        self.fitted: Fitted

    def read(self) -> None:
        run = self.site.run
        interactions = read(run)
        self.prepared = prepared(interactions, split(interactions, split_spec(run.split)))

    def learn(self) -> None:
        context, run = self.site.context, self.site.run
        architecture = get(run.architecture)
        resume = self.site.checkpoints.newest() if architecture.iterative else None
        if resume is not None:
            context.log(f"Going on from the checkpoint of epoch {resume[0]}.")
        parameters = architecture.validate(run.parameters)
        context.phase("Training", total=getattr(parameters, "epochs", 0) if architecture.iterative else 0)
        if run.processes > 1:
            context.log(f"Training is spread over {run.processes} processes of this machine.")
        self.fitted = distributed.fit(
            architecture,
            self.prepared.data,
            parameters,
            processes=run.processes,
            seed=run.seed,
            observer=EpochObserver(self.site),
            resume_from=resume[1] if resume else None,
            transport=settings.TRAIN_TRANSPORT,
        )
        self.best_epoch = self.fitted.best_epoch
        context.commit(self._record_learning)

    def _record_learning(self, run: Experiment) -> None:
        """How it was learnt, for its page and for trackers (F41): optimiser, loss, layers, what fixes its numbers."""
        details = self.fitted.details
        told = ("optimizer", "loss", "processes")
        learning: dict[str, Any] = {name: details[name] for name in told if name in details}
        if self.fitted.keras_model is not None:
            layers = [f"{layer.name} {type(layer).__name__}" for layer in self.fitted.keras_model.layers]
            learning["layers"] = ", ".join(layers)[:LONGEST_TEXT]
        run.environment = run.environment | {"learning": learning, "determinism": details.get("determinism", {})}

    def judge(self) -> Evaluation:
        return judged(self.prepared, self.fitted, settings_of(self.site.run))

    def save(self, folder: Path, documents: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[SavedFile]:
        return artifacts.save(self.fitted, folder, documents, tables)

    def statistics(self) -> dict[str, Any]:
        return statistics_of(self.prepared)
