"""The nodes and edges of a lineage, made from rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.urls import reverse

from experiments.models import Dataset, Deployment, Experiment, ModelVersion, RecipeStatus, RecipeVersion
from experiments.selectors.lineage_rows import Rows
from mlopspro.core.formats import number, short_id

KINDS = {
    "dataset": ("Data", "database"),
    "recipe": ("Recipe version", "scroll-text"),
    "configuration": ("Configuration", "sliders-horizontal"),
    "run": ("Run", "flask-conical"),
    "version": ("Model version", "box"),
    "deployment": ("Deployment", "rocket"),
}
"""Label and icon of each kind, from the origin to the use."""


@dataclass(frozen=True)
class Node:
    """One thing. ``relation``: focus (what was asked about), upstream, downstream, or beside."""

    key: str
    kind: str
    title: str
    note: str = ""
    href: str = ""
    state: str = ""
    tone: str = "neutral"
    relation: str = "beside"
    made_from: tuple[str, ...] = ()
    leads_to: tuple[str, ...] = ()
    """Titles, for readers who do not see the lines."""

    @property
    def icon(self) -> str:
        return KINDS[self.kind][1]


@dataclass
class Graph:
    """Nodes by key in the order in which they were met, and edges as (from, to)."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[tuple[str, str], None] = field(default_factory=dict)

    def add(self, node: Node, *before: str) -> str:
        """Its key. Empty keys before it are left out."""
        self.nodes.setdefault(node.key, node)
        self.edges.update({(key, node.key): None for key in before if key})
        return node.key

    def add_recipe(self, version: RecipeVersion | None, levels: int) -> str:
        """A recipe version after what it inherits from, ``levels`` in all."""
        if version is None or not levels:
            return ""
        parent = version.parent_version if version.parent_version_id and levels > 1 else None
        return self.add(_recipe_node(version), self.add_recipe(parent, levels - 1))

    def add_run(self, run: Experiment) -> None:
        data = self.add(_dataset_node(run.dataset)) if run.dataset else ""
        recipe = self.add_recipe(run.recipe_version, 3)
        setup = self.add(_configuration_node(run), data, recipe) if run.config_hash else ""
        self.add(_run_node(run), *([setup] if setup else [data, recipe]))


def graph_of(rows: Rows) -> Graph:
    """No query: rows come with all that is read here."""
    graph = Graph()
    if isinstance(rows.start, Dataset):
        graph.add(_dataset_node(rows.start))
    for version in rows.recipes:
        graph.add_recipe(version, 2)
    for run in rows.runs:
        graph.add_run(run)
    runs = {run.pk for run in rows.runs}
    for run in rows.runs:
        if run.evaluates_id in runs:
            graph.edges[f"run-{run.evaluates_id}", f"run-{run.pk}"] = None
    for made in rows.versions:
        graph.add(_version_node(made), f"run-{made.experiment_id}" if made.experiment_id in runs else "")
    versions = {version.pk for version in rows.versions}
    for one in rows.deployments:
        graph.add(_deployment_node(one), f"version-{one.version_id}" if one.version_id in versions else "")
    return graph


def _dataset_node(dataset: Dataset) -> Node:
    rows = f"{number(dataset.num_interactions)} rows"
    gone = "deleted" if dataset.deleted_at else ""
    href = "" if gone else reverse("experiments:dataset", args=[dataset.pk])
    return Node(f"dataset-{dataset.pk}", "dataset", dataset.name, f"{rows} · {dataset.digest[:8]}", href, gone)


def _recipe_node(version: RecipeVersion) -> Node:
    status = RecipeStatus(version.status)
    href = reverse("experiments:recipe_version", args=[version.recipe_id, version.pk])
    title = f"{version.recipe.name} {version.number}"
    note = version.recipe.get_level_display()
    return Node(f"recipe-{version.pk}", "recipe", title, note, href, status.label, status.tone)


def _configuration_node(run: Experiment) -> Node:
    note = f"{run.architecture.replace('_', ' ')}, seed {run.seed}"
    key = f"configuration-{run.config_hash}"
    return Node(key, "configuration", short_id(run.config_hash), note)


def _run_node(run: Experiment) -> Node:
    gone = run.deleted_at is not None
    href = "" if gone else reverse("experiments:experiment", args=[run.pk])
    note = run.get_run_type_display()
    state, tone = ("Deleted", "neutral") if gone else (run.status_label, run.status_tone)
    return Node(f"run-{run.pk}", "run", run.name, note, href, state, tone)


def _version_node(version: ModelVersion) -> Node:
    href = reverse("experiments:model_version", args=[version.model_id, version.pk])
    state = version.state
    title = f"{version.model.name} {version.number}"
    return Node(f"version-{version.pk}", "version", title, f"registered {version.created_at:%-d %b %Y}", href,
                state.label, state.tone)  # fmt: skip


def _deployment_node(one: Deployment) -> Node:
    live = one.ended_at is None
    until = "now" if one.ended_at is None else f"{one.ended_at:%-d %b %Y %H:%M}"
    href = reverse("experiments:model", args=[one.model_id]) + "?tab=deployments"
    title = f"{one.model.name} {one.version.number} as {one.get_role_display().lower()}"
    note = f"{one.started_at:%-d %b %Y %H:%M} – {until}"
    return Node(f"deployment-{one.pk}", "deployment", title, note, href, "Live" if live else "Ended",
                "good" if live else "neutral")  # fmt: skip
