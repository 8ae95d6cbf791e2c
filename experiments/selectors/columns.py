"""What the history can show, sort and draw: attributes of runs, their metrics with the protocol, their parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from experiments import metric_words
from experiments.query import QueryError
from experiments.query.attributes import PROTOCOLS
from experiments.query.errors import nearest, shortened
from experiments.query.nodes import Field
from experiments.selectors.search.names import MetricName, ParameterName
from experiments.selectors.search.resolve import Resolver, described
from mlopspro.accounts.models import Workspace

ColumnKind = Literal["attribute", "metric", "parameter"]
DEFAULT: tuple[str, ...] = (
    "name",
    "status",
    "created_at",
    "duration",
    "dataset",
    "architecture",
    "metrics.rated.f1_at_10",
    "metrics.catalogue.ndcg_at_10",
    "metrics.pointwise.rmse",
)


class UnknownColumn(LookupError):
    """A key that names no column of the workspace; ``suggestion`` is the key that comes nearest, or empty."""

    def __init__(self, key: str, suggestion: str = "") -> None:
        hint = f": did you mean {suggestion}?" if suggestion else "."
        super().__init__(f"There is no column {shortened(key, 80)}{hint}")
        self.key = key
        self.suggestion = suggestion

    @property
    def message(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Column:
    """``key`` is how addresses write it; ``name`` is the attribute's, metric's or parameter's own."""

    key: str
    label: str
    hint: str
    kind: ColumnKind
    protocol: str
    name: str
    numeric: bool
    higher_is_better: bool | None
    """None where neither is: attributes and parameters."""


def _attribute(name: str, label: str, hint: str, *, numeric: bool = False) -> Column:
    return Column(name, label, hint, "attribute", "", name, numeric, None)


ATTRIBUTE_COLUMNS = (
    _attribute("name", "Name", "Name of the run"),
    _attribute("status", "Status", "Where the run stands"),
    _attribute("created_at", "Created", "When the run was asked for"),
    _attribute("started_at", "Started", "When it first started"),
    _attribute("finished_at", "Finished", "When it ended"),
    _attribute("duration", "Duration", "From the first start to the end; runs in progress have none yet", numeric=True),
    _attribute("dataset", "Dataset", "Data it was trained on"),
    _attribute("architecture", "Architecture", "Which kind of model"),
    _attribute("family", "Family", "What is predicted, from which shape of data"),
    _attribute("recipe", "Recipe", "The version of a recipe that said what to do"),
    _attribute("model_type", "Model type", "Kind of model"),
    _attribute("run_type", "Run type", "Training, evaluation or backtest"),
    _attribute("origin", "Origin", "Trained here, or logged elsewhere"),
    _attribute("created_by", "Created by", "Who asked for it"),
    _attribute("tags", "Tags", "Words people gave it"),
    _attribute("notes", "Notes", "What people wrote about it"),
    _attribute("seed", "Seed", "Seed of everything random in it", numeric=True),
    _attribute("best_epoch", "Best epoch", "Epoch whose weights were kept", numeric=True),
    _attribute("total_parameters", "Weights", "Number of trained weights", numeric=True),
)
ATTRIBUTES = {one.key: one for one in ATTRIBUTE_COLUMNS}


def available(workspace: Workspace, resolver: Resolver | None = None) -> list[Column]:
    """Every column that the workspace's runs can fill: attributes, metrics by protocol, parameters. Three queries,
    which cost a step of an index for each name and never count runs."""
    resolver = resolver or Resolver(workspace)
    metrics = sorted(resolver.metrics.values(), key=_place)
    parameters = sorted(resolver.parameters.values(), key=lambda one: one.name)
    return [*ATTRIBUTE_COLUMNS, *map(metric_column, metrics), *map(parameter_column, parameters)]


def find(workspace: Workspace, key: str) -> Column:
    """The column of a key; a metric may leave its protocol out. Raises UnknownColumn with what is near."""
    return found(workspace, [key])[0]


def found(workspace: Workspace, keys: Iterable[str]) -> list[Column]:
    """The columns of several keys in their order, for the queries of one. Raises UnknownColumn."""
    resolver = Resolver(workspace)
    return [column_of(resolver, key) for key in keys]


def column_of(resolver: Resolver, key: str) -> Column:
    """The same from names that are read already."""
    if key in ATTRIBUTES:
        return ATTRIBUTES[key]
    prefix, _, rest = key.partition(".")
    if prefix == "metrics" and rest:
        return _metric(resolver, key, rest)
    if prefix == "params" and rest in resolver.parameters:
        return parameter_column(resolver.parameters[rest])
    raise UnknownColumn(key, nearest(key, _known(resolver)))


def _metric(resolver: Resolver, key: str, rest: str) -> Column:
    protocol, _, name = rest.partition(".")
    field = Field("metric", name, protocol) if protocol in PROTOCOLS and name else Field("metric", rest)
    try:
        protocol, name = resolver.metric(field)
    except QueryError as error:
        raise UnknownColumn(key, error.suggestion) from None
    return metric_column(resolver.named(protocol, name))


def _known(resolver: Resolver) -> list[str]:
    metrics = [f"metrics.{protocol}.{name}" for protocol, name in resolver.metrics]
    return [*ATTRIBUTES, *metrics, *(f"params.{name}" for name in resolver.parameters)]


def metric_column(metric: MetricName) -> Column:
    protocol, name = metric.protocol, metric.name
    ours = protocol not in ("custom", "logged")
    label = metric_words.label(name) if ours else metric.label or name
    explained = metric_words.definition(name, protocol) if ours else ""
    higher = metric.higher_is_better if not ours or metric_words.has_direction(name) else None
    hint = " ".join(part for part in (described(protocol, label if not ours else name) + ".", explained) if part)
    return Column(f"metrics.{protocol}.{name}", label, hint, "metric", protocol, name, True, higher)


def parameter_column(parameter: ParameterName) -> Column:
    name = parameter.name
    return Column(f"params.{name}", name, f"Parameter {name}", "parameter", "", name, parameter.numeric, None)


def _place(metric: MetricName) -> tuple[int, int, str]:
    """Protocols in the order of pages, short lists before long ones."""
    order = PROTOCOLS.index(metric.protocol) if metric.protocol in PROTOCOLS else len(PROTOCOLS)
    return order, metric_words.base_and_k(metric.name)[1] or 0, metric.name
