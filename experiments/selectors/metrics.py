"""The metrics of a run as its page shows them: by protocol, by segment, with reference lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from experiments.metric_words import (
    SEGMENT_HELP,
    SEGMENT_ORDER,
    definition,
    direction,
    label,
    protocol_definition,
    protocol_label,
    segment_label,
    units,
)
from experiments.models import EvaluationDetail, Experiment, MetricValue
from experiments.selectors.tiles import attained
from mlopspro.core.formats import metric as figure

ORDER = ("rated", "catalogue", "pointwise", "forecast", "demand", "action", "spatial")


LINES = ("random", "popularity", "everything", "naive", "oracle")


@dataclass(frozen=True)
class MetricRow:
    """One metric with its words and its share of what any model could reach."""

    metric: MetricValue

    @property
    def label(self) -> str:
        return label(self.metric.name)

    @property
    def definition(self) -> str:
        return definition(self.metric.name, self.metric.protocol)

    @property
    def direction(self) -> str:
        return direction(self.metric.name, self.metric.higher_is_better)

    @property
    def attained(self) -> float | None:
        return attained(self.metric)

    @property
    def lines_of(self) -> list[tuple[str, float | None]]:
        """Every reference line with its figure, in the order of the columns."""
        return [(line, getattr(self.metric, line)) for line in LINES]

    @property
    def beats_popularity(self) -> bool | None:
        """None where either figure is unknown."""
        value, popularity = self.metric.value, self.metric.popularity
        if value is None or popularity is None:
            return None
        return value >= popularity if self.metric.higher_is_better else value <= popularity


@dataclass(frozen=True)
class SegmentRow:
    """One group of users or items: its figures in the order of the group's ``segment_names``."""

    label: str
    users: int
    cells: list[MetricValue | None]


@dataclass(frozen=True)
class MetricGroup:
    """All metrics of one protocol: over everybody, and by segment."""

    protocol: str
    stored: dict[str, Any]
    overall: list[MetricRow]
    segment_names: list[str]
    segments: list[SegmentRow]

    @property
    def label(self) -> str:
        return protocol_label(self.protocol)

    @property
    def definition(self) -> str:
        return protocol_definition(self.protocol, self.stored)

    @property
    def has_ks(self) -> bool:
        """Whether there are lists of several lengths to compare."""
        return len({row.metric.k for row in self.overall if row.metric.k}) > 1

    @property
    def has_everything(self) -> bool:
        return any(row.metric.everything is not None for row in self.overall)

    @property
    def lines(self) -> list[str]:
        """Reference lines that any metric of the protocol has, in the order of their columns."""
        return [line for line in LINES if any(getattr(row.metric, line) is not None for row in self.overall)]

    @property
    def has_attained(self) -> bool:
        return any(row.attained is not None for row in self.overall)

    @property
    def unit(self) -> str:
        """What is counted: users, series, products, customers, places."""
        return units(self.protocol)

    @property
    def segment_title(self) -> str:
        return f"{self.label} by {'fold' if self.by_fold else 'segment'}"

    @property
    def segment_note(self) -> str:
        """What the segments are."""
        if self.by_fold:
            names = "; ".join(f"fold {n}: {fold['name']}" for n, fold in enumerate(self.stored.get("folds") or [], 1))
            return (
                f"Each fold is tested by a model that knows only what came before it. {names[:1].upper()}{names[1:]}."
            )
        said = self.stored.get("segments")
        if isinstance(said, dict):
            return "; ".join(f"{segment_label(key)}: {words}" for key, words in said.items()) + "."
        return SEGMENT_HELP if self.unit == "users" else ""

    @property
    def by_fold(self) -> bool:
        """Whether its segments are folds of a backtest."""
        return bool(self.stored.get("backtest"))

    @property
    def deviations(self) -> list[str]:
        """Standard deviation over folds of each of ``segment_names``, as a text."""
        found = self.stored.get("deviation") or {}
        return [figure(found.get(name)) for name in self.segment_names]

    @property
    def users(self) -> tuple[int, int]:
        """(counted, left out) of the metric that counts the most."""
        return max(((row.metric.users_counted, row.metric.users_left_out) for row in self.overall), default=(0, 0))


def evaluation_of(experiment: Experiment) -> EvaluationDetail | None:
    """Confusion, curves and protocol definitions, or None before the evaluation: one query."""
    return EvaluationDetail.objects.filter(experiment=experiment).first()


def protocols_of(experiment: Experiment) -> dict[str, str]:
    """The definition of each protocol this run was measured with, in words: one query."""
    found = EvaluationDetail.objects.filter(experiment=experiment).values_list("protocols", flat=True).first() or {}
    return {name: protocol_definition(name, stored) for name, stored in found.items()}


def overall_metrics(experiment: Experiment) -> list[MetricValue]:
    """Metrics over all users: one query."""
    return list(MetricValue.objects.filter(experiment=experiment, segment="all"))


def metric_groups(experiment: Experiment) -> list[MetricGroup]:
    """All built-in metrics grouped by protocol: two queries. Those people defined: selectors.custom_metrics."""
    definitions = (
        EvaluationDetail.objects.filter(experiment=experiment).values_list("protocols", flat=True).first() or {}
    )
    rows: dict[str, list[MetricValue]] = {}
    for value in MetricValue.objects.filter(experiment=experiment).exclude(protocol="custom"):
        rows.setdefault(value.protocol, []).append(value)
    names = sorted(rows, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    return [_group(name, definitions.get(name, {}), rows[name]) for name in names]


def _group(protocol: str, stored: dict[str, Any], values: list[MetricValue]) -> MetricGroup:
    overall = sorted((row for row in values if row.segment == "all"), key=lambda row: (row.k or 0, _place(row.name)))
    apart = [row for row in values if row.segment != "all"]
    names = sorted({row.name for row in apart}, key=_place)
    cells = {(row.segment, row.name): row for row in apart}
    segments = sorted(
        {row.segment for row in apart},
        key=lambda key: (SEGMENT_ORDER.index(key) if key in SEGMENT_ORDER else 99, len(key), key),
    )
    return MetricGroup(
        protocol=protocol,
        stored=stored,
        overall=[MetricRow(row) for row in overall],
        segment_names=names,
        segments=[_segment(key, [cells.get((key, name)) for name in names]) for key in segments],
    )


def _segment(key: str, cells: list[MetricValue | None]) -> SegmentRow:
    users = max((cell.users_counted for cell in cells if cell is not None), default=0)
    return SegmentRow(segment_label(key), users, cells)


def _place(name: str) -> tuple[int, str]:
    """Precision, recall, F1 and NDCG first, the others by name."""
    first = ("precision", "recall", "f1", "ndcg", "mase", "rmse_log", "log_loss", "rmse", "mae")
    return next((i for i, start in enumerate(first) if name.startswith(start)), len(first)), name


@dataclass(frozen=True)
class ConfusionMatrix:
    """Item-level decisions of one protocol (decision D3)."""

    protocol: str
    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def label(self) -> str:
        return protocol_label(self.protocol)

    @property
    def decisions(self) -> int:
        return self.tp + self.fp + self.fn + self.tn

    @property
    def false_positive_rate(self) -> float | None:
        return self.fp / (self.fp + self.tn) if self.fp + self.tn else None

    @property
    def false_negative_rate(self) -> float | None:
        return self.fn / (self.fn + self.tp) if self.fn + self.tp else None


def confusion_matrices(evaluation: EvaluationDetail) -> Iterable[ConfusionMatrix]:
    names = sorted(evaluation.confusion, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    return [
        ConfusionMatrix(name, **{key: evaluation.confusion[name][key] for key in ("tp", "fp", "fn", "tn")})
        for name in names
    ]
