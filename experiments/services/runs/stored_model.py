"""The model that a training run left behind, read back with every file checked against its recorded SHA-256."""

from __future__ import annotations

from pathlib import Path

from experiments.learning import artifacts
from experiments.learning.recommenders.base import Scorer
from experiments.learning.tabular.artifacts import load_table_scorer_from
from experiments.learning.tabular.base import TableScorer
from experiments.models import Artifact, EvaluationDetail, Experiment


def recommender_of(run: Experiment) -> tuple[Scorer, bool]:
    """(scorer, whether its scores are ratings). Raises ArtifactError."""
    folder, digests = _files(run)
    return artifacts.load_scorer_from(folder, digests), artifacts.predicts_ratings(folder, digests)


def table_model_of(run: Experiment) -> TableScorer:
    """Raises ArtifactError."""
    folder, digests = _files(run)
    return load_table_scorer_from(folder, digests)


def cut_of(run: Experiment) -> float | None:
    """The lowest recommended prediction that its training run chose; None where it has no *rated* protocol."""
    found = EvaluationDetail.objects.filter(experiment=run).values_list("protocols", flat=True).first() or {}
    cut = found.get("rated", {}).get("cut")
    return float(cut) if isinstance(cut, int | float) else None


def _files(run: Experiment) -> tuple[Path, dict[str, str]]:
    rows = {row.name: row for row in Artifact.objects.filter(experiment=run)}
    scorer = rows.get(artifacts.ARRAYS_FILE)
    if scorer is None:
        raise artifacts.ArtifactError(f"{run.name} has no {artifacts.ARRAYS_FILE}; its model cannot be judged again.")
    return scorer.file.parent, {name: row.sha256 for name, row in rows.items()}
