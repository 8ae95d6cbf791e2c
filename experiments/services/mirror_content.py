"""What a tracker is told of a run, put together from its rows: names, parameters, tags, figures, files (F41-F48)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import Sum

from experiments.learning import architectures
from experiments.learning.families import ABOUT, Family
from experiments.models import Artifact, Dataset, Deployment, Experiment, MetricValue, RunType
from experiments.tracking.messages import DatasetInput, File, Open, Start
from experiments.tracking.names import flatten, group_name, metric_name, run_name
from mlopspro.core.logs import scrub, scrub_text

GROUPS = {RunType.TRAIN: "training", RunType.EVAL: "evaluation", RunType.BACKTEST: "evaluation"}
HOUSE_FILES = frozenset({"per_user.parquet"})
"""What single people did stays here; trackers get aggregates."""
POINTWISE = "pointwise"
PIPELINE = "pipeline"
"""How a run says (created_through) that ``train_zoo`` launched it."""
SCORER = "scorer"
"""Kind of the files with which a model answers; their bytes are its size."""
F1 = "f1_at_10"


def opened(experiment: Experiment) -> Open:
    """Everything that is known at the launch."""
    launched = experiment.queued_at or experiment.created_at
    dataset = experiment.trained_on
    return Open(
        at=launched,
        name=run_name(experiment.architecture, launched),
        group=group_name(GROUPS[RunType(experiment.run_type)], experiment.workspace.slug),
        person=str(experiment.created_by) if experiment.created_by else "",
        notes=scrub_text(experiment.notes),
        params=_parameters(experiment),
        tags=_tags(experiment),
        labels=(experiment.model_type, *experiment.tags),
        dataset=DatasetInput(name=dataset.name, digest=dataset.sha256, source=f"mlopspro:dataset/{dataset.pk}"),
    )


def started(experiment: Experiment, at: dt.datetime) -> Start:
    """What an attempt found out: the size of the model, the data it was given, and where it runs.

    The environment goes into tags, as another attempt may run elsewhere; parameters never change.
    """
    params = {f"data.{name}": value for name, value in flatten(experiment.dataset_statistics).items()}
    params |= flatten(experiment.environment.get("learning", {}))
    if experiment.total_parameters is not None:
        params["total_parameters"] = experiment.total_parameters
    where = {name: value for name, value in experiment.environment.items() if name != "learning"}
    environment = {f"environment.{name}": str(value) for name, value in flatten(scrub(where)).items()}
    if commit := str(experiment.environment.get("commit", "")):
        environment["mlflow.source.git.commit"] = commit.partition("+")[0]
    return Start(at=at, params=params, tags=environment)


def figures_of(experiment: Experiment) -> dict[str, float | None]:
    """Final figures over all users, each protocol under its own name.

    ``rated.precision_at_10`` and ``catalogue.precision_at_10`` are always told apart (decision D2). The headline
    protocol's are repeated without a prefix, as people search for them: ``precision_at_10``, and ``f1_score`` for F1
    at 10. RMSE and MAE have one definition and no prefix. Segments and reference lines are in ``metrics.json``.
    """
    headline = headline_protocol(experiment)
    figures: dict[str, float | None] = {}
    for row in MetricValue.objects.filter(experiment=experiment, segment="all").exclude(protocol="custom"):
        plain = row.protocol in (POINTWISE, headline)
        if row.protocol != POINTWISE:
            figures[metric_name(row.protocol, row.name, headline=False)] = row.value
        if plain:
            figures[metric_name(row.protocol, "f1_score" if row.name == F1 else row.name, headline=True)] = row.value
    for phase, seconds in experiment.timings.items():
        name = "training_time_seconds" if phase == "train" else f"{phase}_time_seconds"
        figures[metric_name("time", name, headline=True)] = float(seconds)
    if experiment.best_epoch is not None:
        figures["best_epoch"] = float(experiment.best_epoch)
    if experiment.total_parameters is not None:
        figures["total_parameters"] = float(experiment.total_parameters)
    size = Artifact.objects.filter(experiment=experiment, kind=SCORER).aggregate(size=Sum("size_bytes"))["size"]
    if size is not None:
        figures["model_size_bytes"] = float(size)
    return figures


def headline_protocol(experiment: Experiment) -> str:
    """*rated* for explicit ratings, *catalogue* for events (decision D2); of tables that of their family."""
    family = Family(experiment.family)
    if family.is_tabular:
        return ABOUT[family].protocol
    return "rated" if experiment.trained_on.feedback == "explicit" else "catalogue"


def files_of(experiment: Experiment) -> tuple[File, ...]:
    """The run's artifacts but for what tells of single people."""
    return tuple(
        File(name=row.name, path=row.path, sha256=row.sha256, size_bytes=row.size_bytes)
        for row in Artifact.objects.filter(experiment=experiment).order_by("name")
        if row.name not in HOUSE_FILES
    )


def _is_live(experiment: Experiment) -> bool:
    """Whether a version of this run is the champion, for mirrors that are made anew from our rows."""
    champions = Deployment.objects.filter(role=Deployment.As.CHAMPION, ended_at__isnull=True)
    return champions.filter(version__experiment=experiment).exists()


def _parameters(experiment: Experiment) -> dict[str, Any]:
    """Hyperparameters under their own names; ours carry a prefix and come last, so that they always hold."""
    dataset = experiment.trained_on
    described = {
        "name": dataset.name,
        "id": str(dataset.pk),
        "sha256": dataset.sha256,
        **_shape(dataset),
    }
    return {
        **flatten(experiment.parameters),
        "architecture": experiment.architecture,
        "seed": experiment.seed,
        **flatten(experiment.split, "split."),
        **flatten(experiment.preparation, "preparation."),
        **flatten(described, "dataset."),
    }


def _shape(dataset: Dataset) -> dict[str, Any]:
    if dataset.is_table:
        return {"family": dataset.family, "num_rows": dataset.num_interactions, "num_columns": len(dataset.columns)}
    return {
        "feedback": dataset.feedback,
        "num_users": dataset.num_users,
        "num_items": dataset.num_items,
        "num_interactions": dataset.num_interactions,
    }


def _tags(experiment: Experiment) -> dict[str, str]:
    architecture = architectures.find(experiment.architecture)
    public_url = str(settings.PUBLIC_URL).rstrip("/")
    tags = {
        "model_type": experiment.model_type,
        "model_name": experiment.name,
        "framework": architecture.framework if architecture else "",
        # Becomes active, and inactive again, with the champion: experiments/services/registry_outbox.py.
        "status": "active" if experiment.is_terminal and _is_live(experiment) else "inactive",
        "pipeline": GROUPS[RunType(experiment.run_type)],
        "is_pipeline": str(experiment.created_through == PIPELINE).lower(),
        "family": experiment.family,
        "recipe": str(experiment.recipe_version) if experiment.recipe_version else "",
        "headline_protocol": headline_protocol(experiment),
        "mlopspro.experiment_id": str(experiment.pk),
        "mlopspro.workspace": experiment.workspace.slug,
        "mlopspro.config_hash": experiment.config_hash,
        "mlopspro.created_through": experiment.created_through,
        "mlopspro.cloned_from": str(experiment.cloned_from_id or ""),
        "mlopspro.evaluates": str(experiment.evaluates_id or ""),
        "mlopspro.search": str(experiment.search_id or ""),
        "mlopspro.trial": "" if experiment.trial is None else str(experiment.trial),
        "mlopspro.tags": ", ".join(experiment.tags),
        "mlopspro.link": f"{public_url}/experiments/{experiment.pk}/" if public_url else "",
    }
    return {name: scrub_text(value) for name, value in tags.items() if value}
