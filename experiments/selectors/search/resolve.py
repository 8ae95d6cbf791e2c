"""What a metric's or parameter's name in a query means in a workspace (decision D2: metrics have a protocol)."""

from __future__ import annotations

from functools import cached_property

from experiments import metric_words
from experiments.metric_words import recommending, tables
from experiments.query import Field, QueryError
from experiments.query.errors import nearest, shortened
from experiments.selectors.search.names import MetricName, ParameterName, metric_names, parameter_names
from mlopspro.accounts.models import Workspace

HEADLINES = {
    "f1_score": "f1_at_10",
    "f1": "f1_at_10",
    "precision": "precision_at_10",
    "recall": "recall_at_10",
    "ndcg": "ndcg_at_10",
    "map": "map_at_10",
    "mrr": "mrr_at_10",
    "hit_rate": "hit_rate_at_10",
}
LOWER_IS_BETTER = tables.LOWER_IS_BETTER | {"popularity_bias"}
OURS = ("rated", "catalogue", "pointwise", *tables.DEFINITIONS)
PROTOCOL_ORDER = (*OURS, "custom", "logged")


class Resolver:
    """Reads names of one workspace, once each and only when asked; keeps what it read a name as in ``notes``."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.notes: list[str] = []

    @cached_property
    def metrics(self) -> dict[tuple[str, str], MetricName]:
        return {(one.protocol, one.name): one for one in metric_names(self.workspace)}

    @cached_property
    def parameters(self) -> dict[str, ParameterName]:
        return {one.name: one for one in parameter_names(self.workspace)}

    def metric(self, field: Field) -> tuple[str, str]:
        """(protocol, name). Raises QueryError with the nearest name where no run has such a metric."""
        if field.protocol:
            if _is_ours(field.protocol, field.name) or (field.protocol, field.name) in self.metrics:
                return field.protocol, field.name
            raise self._unknown_metric(field)
        name = HEADLINES.get(field.name, field.name)
        candidates = [*((protocol, name) for protocol in PROTOCOL_ORDER), ("logged", field.name)]
        found = next((one for one in candidates if one in self.metrics), None) or _first_of_ours(name)
        if found is None:
            raise self._unknown_metric(field)
        self._say(f"metrics.{field.name} is read as {described(*found)}")
        return found

    def named(self, protocol: str, name: str) -> MetricName:
        """A metric that ``metric`` gave, with what is known of it; our own need no query."""
        if _is_ours(protocol, name):
            return MetricName(protocol, name, metric_words.base_and_k(name)[0] not in LOWER_IS_BETTER)
        return self.metrics[protocol, name]

    def parameter(self, field: Field) -> str:
        """The name. Raises QueryError with the nearest one where runs have parameters and none is called so."""
        if field.name not in self.parameters and self.parameters:
            near = nearest(field.name, self.parameters)
            hint = f": did you mean params.{near}?" if near else "."
            message = f"No run has a parameter {shortened(field.name)}{hint}"
            raise QueryError(message, field.position, field.length, f"params.{near}" if near else "")
        return field.name

    def _unknown_metric(self, field: Field) -> QueryError:
        written = f"{field.protocol}.{field.name}" if field.protocol else field.name
        by_name = {name: name for _, name in self.metrics} | {one: one for one in HEADLINES}
        by_key = {f"{protocol}.{name}": name for protocol, name in self.metrics}
        near = nearest(written, by_key if field.protocol else by_name) or nearest(written, by_key)
        hint = f": did you mean metrics.{near}?" if near else "."
        message = f"No run has a metric {shortened(written)}{hint}"
        return QueryError(message, field.position, field.length, f"metrics.{near}" if near else "")

    def _say(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def described(protocol: str, name: str) -> str:
    """ "Rated NDCG@10"; names that people gave stay as they are."""
    words = metric_words.label(name) if protocol in OURS else name
    return f"{metric_words.protocol_label(protocol)} {words}"


def _is_ours(protocol: str, name: str) -> bool:
    """Whether our own evaluation can give it, though no run has it yet."""
    base, k = metric_words.base_and_k(name)
    if protocol in tables.DEFINITIONS:
        return base in tables.DEFINITIONS[protocol] and (k is not None) == (base in tables.OF_PERCENT)
    if base not in recommending.LABELS:
        return False
    pointwise = base in ("rmse", "mae")
    return protocol == "pointwise" if pointwise else protocol in ("rated", "catalogue") and k is not None


def _first_of_ours(name: str) -> tuple[str, str] | None:
    return next(((protocol, name) for protocol in OURS if _is_ours(protocol, name)), None)
