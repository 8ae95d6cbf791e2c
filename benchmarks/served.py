"""A model in production on a benchmark's site: data, training, registration and promotion by the product itself."""

from __future__ import annotations

from benchmarks.site import Site
from experiments.models import Dataset, Experiment, ModelVersion, RegisteredModel
from experiments.services import promotion, registry
from experiments.tests import realdata
from experiments.tests.stored import stored_dataset

MOVIELENS = "MovieLens 100k"


def movielens_or_like_it(bench: Site) -> Dataset:
    """MovieLens 100k where it is at hand, else synthetic data of its size."""
    workspace = bench.dataset.workspace
    folder = realdata.root() / "ml-100k"
    if not folder.is_dir():
        return stored_dataset(workspace, "As large", users=943, items=1682, interactions=100_000, seed=0)
    if not Dataset.objects.filter(workspace=workspace, name=MOVIELENS).exists():
        bench.stack.manage("import_dataset", str(folder), "--name", MOVIELENS)
    return Dataset.objects.get(workspace=workspace, name=MOVIELENS)


def in_production(bench: Site, dataset: Dataset, name: str, architecture: str, *settings: str) -> ModelVersion:
    """A model of this name with one version, trained on the dataset by the stack's worker."""
    options = [part for setting in settings for part in ("--set", setting)]
    bench.stack.manage(
        "train_model", "--dataset", str(dataset.pk), "--architecture", architecture, "--name", name,
        "--split", "random", "--tracker", "none", *options,
    )  # fmt: skip
    run = Experiment.objects.filter(name=name).latest("created_at")
    if run.status != "completed":
        raise RuntimeError(f"{name} ended as {run.status}: {run.failure_reason}")
    model = RegisteredModel.objects.filter(name=name).first() or registry.create_model(
        workspace=dataset.workspace, name=name, actor=None, family="recommendation"
    )
    version = registry.register(run, actor=None, model=model)
    promotion.promote(version, actor=None, force=True, reason="A benchmark needs it to be live", through="command")
    return version
