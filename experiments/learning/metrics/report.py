"""From per-user tables to named results: means, F1 of means, reference lines, and the table kept for comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.metrics.arrays import Bools, Floats
from experiments.learning.metrics.catalogue import CatalogueFindings
from experiments.learning.metrics.context import Context
from experiments.learning.metrics.f1 import f1
from experiments.learning.metrics.lines import LINES, Line, Lines, Table
from experiments.learning.metrics.rated_findings import RatedFindings
from experiments.learning.metrics.result import MetricResult, ProtocolName

SEGMENT_METRICS = ("precision", "recall", "ndcg")
LOWER_IS_BETTER = frozenset({"popularity_bias"})


def catalogue_metrics(
    context: Context, findings: CatalogueFindings, test_users: NDArray[np.int64], random_diversity: float | None
) -> list[MetricResult]:
    """All metrics of the catalogue protocol, whole and by segment."""
    k = context.settings.headline_k
    results = _with_segments(context, "catalogue", findings.lines, findings.relevant, findings.users, test_users)
    diversity_name = f"diversity_at_{k}"
    results = [replace(r, random=random_diversity) if r.name == diversity_name else r for r in results]
    counted = len(findings.users)
    for each in context.settings.ks:
        lines = {line: findings.coverage[line][each] if counted else None for line in LINES}
        results.append(
            MetricResult(
                name=f"coverage_at_{each}",
                protocol="catalogue",
                value=lines["model"],
                k=each,
                users_counted=counted,
                users_left_out=len(test_users) - counted,
                random=lines["random"],
                popularity=lines["popularity"],
                oracle=lines["oracle"],
            )
        )
    return results


def rated_metrics(context: Context, findings: RatedFindings, test_users: NDArray[np.int64]) -> list[MetricResult]:
    """All metrics of the rated protocol, whole and by segment, with the line of recommending everything."""
    results = _with_segments(context, "rated", findings.lines, findings.relevant, findings.users, test_users)
    return [replace(result, everything=result.random) for result in results]


def per_user_table(
    context: Context, catalogue: CatalogueFindings, rated: RatedFindings | None, pointwise: pd.DataFrame | None
) -> pd.DataFrame:
    """One row a counted user and protocol: user, protocol, segment (of the user), one column a metric or count."""
    frames = [("catalogue", _frame(catalogue.users, catalogue.lines["all"]["model"] | catalogue.counts))]
    if rated is not None:
        frames.append(("rated", _frame(rated.users, rated.lines["all"]["model"] | rated.counts)))
    if pointwise is not None:
        frames.append(("pointwise", pointwise))
    for protocol, frame in frames:
        frame.insert(1, "protocol", protocol)
        frame.insert(2, "segment", context.segment_of(frame["user"].to_numpy()))
    return pd.concat([frame for _, frame in frames], ignore_index=True)


def _frame(users: NDArray[np.int64], table: Table) -> pd.DataFrame:
    return pd.DataFrame({"user": users, **table})


def _with_segments(
    context: Context,
    protocol: ProtocolName,
    lines: Mapping[str, Lines],
    relevant: Mapping[str, NDArray[np.int64]],
    users: NDArray[np.int64],
    test_users: NDArray[np.int64],
) -> list[MetricResult]:
    """Results of everybody, then P, R, F1 and NDCG at the headline k of each segment."""
    k = context.settings.headline_k
    everybody = np.ones(len(users), dtype=np.bool_)
    results = _results(
        lines["all"], everybody, protocol, "all", len(test_users) - len(users), list(lines["all"]["model"])
    )
    names = [f"{key}_at_{k}" for key in SEGMENT_METRICS]
    for segment, members in context.users_of.items():
        counted = members[users]
        left_out = int(np.count_nonzero(members[test_users])) - int(np.count_nonzero(counted))
        results += _results(lines["all"], counted, protocol, segment, left_out, names)
    for segment in context.items_of:
        counted = relevant[segment] > 0
        left_out = len(test_users) - int(np.count_nonzero(counted))
        results += _results(lines[segment], counted, protocol, segment, left_out, names)
    return results


def _results(
    lines: Lines, counted: Bools, protocol: ProtocolName, segment: str, left_out: int, names: Iterable[str]
) -> list[MetricResult]:
    results: list[MetricResult] = []
    users = int(np.count_nonzero(counted))
    for name in names:
        means = {line: _mean(lines[line].get(name), counted) for line in LINES}
        results.append(_result(name, means, protocol, segment, users, left_out))
        if name.startswith("recall_at_"):
            results.append(_f1_of(results[-2], results[-1]))
    return results


def _result(
    name: str, means: Mapping[Line, float | None], protocol: ProtocolName, segment: str, users: int, left_out: int
) -> MetricResult:
    key, _, k = name.rpartition("_at_")
    return MetricResult(
        name=name,
        protocol=protocol,
        value=means["model"],
        k=int(k),
        segment=segment,
        higher_is_better=key not in LOWER_IS_BETTER,
        users_counted=users,
        users_left_out=left_out,
        random=means["random"],
        popularity=means["popularity"],
        oracle=means["oracle"],
    )


def _f1_of(precision: MetricResult, recall: MetricResult) -> MetricResult:
    """F1 of the means, for the model and for each reference line; ``recall`` follows its ``precision``."""

    def both(first: float | None, second: float | None) -> float | None:
        return f1(first, second) if first is not None and second is not None else None

    return replace(
        recall,
        name=f"f1_at_{recall.k}",
        value=both(precision.value, recall.value),
        random=both(precision.random, recall.random),
        popularity=both(precision.popularity, recall.popularity),
        oracle=both(precision.oracle, recall.oracle),
    )


def _mean(values: Floats | None, counted: Bools) -> float | None:
    """Mean over counted users for whom the metric is defined; None where there is none."""
    if values is None:
        return None
    chosen = values[counted]
    defined = chosen[~np.isnan(chosen)]
    return float(defined.mean()) if len(defined) else None
