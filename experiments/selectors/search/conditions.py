"""The query's tree → ``Q`` over runs. Fields and operators are looked up in fixed tables; what is in none is refused.

Every condition answers yes or no, never unknown: a comparison with a missing value is no, so NOT and OR mean what they
say (SQL's NULL would drop runs from both ``x`` and ``NOT x``).
"""

from __future__ import annotations

import datetime as dt

from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from experiments.models import MetricValue, ParameterValue
from experiments.query import And, Comparison, Expression, Field, Not, Nullness, Or, Words
from experiments.query.nodes import Operator
from experiments.query.nodes import Value as Written
from experiments.selectors.search.attributes import attribute_comparison, attribute_present
from experiments.selectors.search.comparisons import NEGATIVES, number_condition, text_condition
from experiments.selectors.search.expressions import AnyTag, contains
from experiments.selectors.search.resolve import Resolver
from mlopspro.accounts.models import Workspace

INFINITY = float("inf")


class Compiler:
    """Compiles trees for one workspace at one moment.

    Conditions on metrics and parameters come in two forms of one meaning. The usual one leaves the planner free to make
    sets of them. ``run_by_run`` makes it look each run up, which is right for a few hundred runs that are known: it
    would else read all values of a metric for their sake.
    """

    def __init__(self, workspace: Workspace, now: dt.datetime, *, resolver: Resolver | None = None) -> None:
        self.workspace = workspace
        self.now = now
        self.resolver = resolver or Resolver(workspace)
        self._is_run_by_run = False
        self._known: dict[Expression, Q] = {}

    def run_by_run(self) -> Compiler:
        """The same for runs that are known; it shares what was asked of the database."""
        other = Compiler(self.workspace, self.now, resolver=self.resolver)
        other._is_run_by_run = True
        other._known = self._known
        return other

    def condition(self, node: Expression) -> Q:
        """The condition that a run meets. Raises QueryError for names that no run has."""
        if isinstance(node, And):
            return self._joined(node.parts, Q.AND)
        if isinstance(node, Or):
            return self._joined(node.parts, Q.OR)
        if isinstance(node, Not):
            return ~self.condition(node.part)
        return self.leaf(node)

    def _joined(self, parts: tuple[Expression, ...], connector: str) -> Q:
        whole = Q()
        for part in parts:
            whole = whole._combine(self.condition(part), connector)  # type: ignore[attr-defined]
        return whole

    def leaf(self, node: Expression) -> Q:
        """The condition of a single comparison."""
        if isinstance(node, Comparison | Nullness) and node.field.kind in ("metric", "parameter"):
            return self._of_values(node)
        if node not in self._known:
            self._known[node] = self._of_run(node)
        return self._known[node]

    def _of_run(self, node: Expression) -> Q:
        """What a run has itself; datasets and people are looked up for it."""
        if isinstance(node, Words):
            return Q(contains("name", node.text))
        if isinstance(node, Nullness):
            present = _tag_present(node.field) if node.field.kind == "tag" else attribute_present(node.field.name)
            return ~present if node.missing else present
        if not isinstance(node, Comparison):
            raise TypeError(f"{type(node).__name__} is no condition")
        if node.field.kind == "tag":
            return _tag_comparison(node)
        return attribute_comparison(self.workspace, node, self.now)

    def _of_values(self, node: Expression) -> Q:
        rows = self.value_rows(node).filter(experiment=OuterRef("pk"))
        if self._is_run_by_run:  # a scalar subquery: never made a join or a hash table of
            one = rows.annotate(found=Value(True)).values("found")[:1]
            found = Q(Coalesce(Subquery(one), False, output_field=BooleanField()))
        else:
            found = Q(Exists(rows))
        return ~found if isinstance(node, Nullness) and node.missing else found

    def value_rows(self, node: Expression) -> QuerySet[MetricValue] | QuerySet[ParameterValue]:
        """Rows of metrics or parameters that make a comparison true (for IS NULL: those that make it false)."""
        if not isinstance(node, Comparison | Nullness):
            raise TypeError(f"{type(node).__name__} is about no metric and no parameter")
        rows = self._metric_rows(node.field) if node.field.kind == "metric" else self._parameter_rows(node.field)
        if isinstance(node, Nullness):
            return rows
        if node.field.kind == "metric":
            return rows.filter(number_condition("value", node.operator, node.values))
        return rows.filter(_parameter_condition(node.operator, node.values))

    def _metric_rows(self, field: Field) -> QuerySet[MetricValue]:
        protocol, name = self.resolver.metric(field)
        return metric_rows(self.workspace, protocol, name)

    def _parameter_rows(self, field: Field) -> QuerySet[ParameterValue]:
        return parameter_rows(self.workspace, self.resolver.parameter(field))


def metric_rows(workspace: Workspace, protocol: str, name: str) -> QuerySet[MetricValue]:
    """One metric's values over everybody. NaN is no value: PostgreSQL has it above infinity, which the bound uses."""
    rows = MetricValue.objects.filter(workspace=workspace, protocol=protocol, name=name, segment="all")
    return rows.filter(value__lte=INFINITY).order_by()


def parameter_rows(workspace: Workspace, name: str) -> QuerySet[ParameterValue]:
    return ParameterValue.objects.filter(workspace=workspace, name=name).order_by()


def _parameter_condition(operator: Operator, values: tuple[Written, ...]) -> Q:
    """Numbers against ``number``, text against ``text``; a list may hold both."""
    if operator in NEGATIVES:
        return ~_parameter_condition(NEGATIVES[operator], values)
    numbers = tuple(one for one in values if isinstance(one, float))
    texts = tuple(one for one in values if isinstance(one, str))
    by_number = number_condition("number", operator, numbers) & Q(number__isnull=False) if numbers else None
    by_text = text_condition("text", operator, texts) if texts else None
    if by_number is not None and by_text is not None:
        return by_number | by_text
    return by_number if by_number is not None else by_text or Q()


def _tag_present(field: Field) -> Q:
    return Q(AnyTag("tags", "any", prefix=f"{field.name}=")) if field.name else ~Q(tags=[])


def _tag_comparison(node: Comparison) -> Q:
    """``tags = "x"`` is membership; ``tags.team = "x"`` is membership of "team=x"."""
    positive = NEGATIVES.get(node.operator)
    if positive is not None:
        return ~_tag_comparison(Comparison(node.field, positive, node.values))
    prefix = f"{node.field.name}=" if node.field.name else ""
    texts = [str(one) for one in node.values]
    if node.operator == "=":
        return Q(tags__contains=[prefix + texts[0]])
    if node.operator == "in":
        return Q(tags__overlap=[prefix + text for text in texts])
    return Q(AnyTag("tags", node.operator, texts[0], prefix))
