"""Charts of the page of metrics: a metric over time, the last runs beside each other, losses of the last runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from experiments.explore_charts import address_of
from experiments.models import EpochMetrics, Experiment
from experiments.selectors.dashboard import HEADLINES, Headline, RecentRun
from mlopspro.core.charts import Axis, BarChart, LineChart, Series, Threshold, bars
from mlopspro.core.formats import as_float

SHOWN = (("precision_at_10", "Precision@10"), ("recall_at_10", "Recall@10"), ("f1_at_10", "F1@10"))
LOSSES = (("train_loss", "Training loss"), ("val_loss", "Validation loss"))


def over_time(runs: Sequence[RecentRun], headline: Headline) -> LineChart:
    """One figure of each run by the time it ended, and the best so far; runs of different splits stay apart."""
    splits = list(dict.fromkeys(run.split for run in runs))
    series: list[Series] = []
    for place, split in enumerate(splits[:4], 1):
        members = [(run, value) for run in runs if run.split == split and (value := _value(run, headline)) is not None]
        if members:
            series += [_runs(members, split, place, len(splits)), _best_so_far(members, split, place, headline)]
    return LineChart(
        key=f"over-time-{headline.protocol}-{headline.name.replace('_', '-')}",
        title=f"{headline.label} ({headline.protocol}) over time",
        series=tuple(series),
        x=Axis("Ended", kind="time"),
        y=Axis(headline.label, "lower is better" if not headline.higher_is_better else ""),
        empty="No completed run has this figure yet.",
    )


def _value(run: RecentRun, headline: Headline) -> float | None:
    return as_float(run.figures[HEADLINES.index(headline)])


def _runs(members: Sequence[tuple[RecentRun, float]], split: str, place: int, splits: int) -> Series:
    return Series(
        "Runs" if splits == 1 else f"Runs, {split}",
        tuple((run.ended, value) for run, value in members),
        place,
        drawn="points",
        names=tuple(run.name for run, _ in members),
        links=tuple(address_of(run.run_id) for run, _ in members),
    )


def _best_so_far(members: Sequence[tuple[RecentRun, float]], split: str, place: int, headline: Headline) -> Series:
    better = max if headline.higher_is_better else min
    best: list[tuple[float, float | None]] = []
    reached = members[0][1]
    for run, value in members:
        reached = better(reached, value)
        best.append((run.ended, reached))
    return Series(f"Best so far, {split}", tuple(best), place, drawn="steps", dashed=True)


def last_runs(runs: Sequence[tuple[RecentRun, Mapping[str, Mapping[str, float | None]]]]) -> BarChart:
    """Precision, recall and F1 of runs that share dataset and split."""
    protocol = "rated" if any("rated" in metrics for _, metrics in runs) else "catalogue"
    series = tuple(
        bars(label, [as_float((metrics.get(protocol) or {}).get(name)) for _, metrics in runs]) for name, label in SHOWN
    )
    split = f", {runs[-1][0].split}" if runs else ""
    return BarChart(
        key="last-runs",
        title=f"The last runs ({protocol}{split})",
        series=series if runs else (),
        categories=tuple(_short(run.name) for run, _ in runs),
        x=Axis("Run"),
        y=Axis("Value", minimum=0),
        empty="No completed run has figures yet.",
    )


def _short(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:21]}…"


def loss(run: Experiment, epochs: Sequence[EpochMetrics], place: int) -> LineChart:
    """Training and validation loss of one run by epoch."""
    series = [Series(label, tuple((row.epoch, row.values.get(name)) for row in epochs)) for name, label in LOSSES]
    shown = tuple(one for one in series if any(as_float(y) is not None for _, y in one.points))
    best = (Threshold(f"Best epoch {run.best_epoch}", run.best_epoch, "x"),) if run.best_epoch and shown else ()
    return LineChart(
        key=f"loss-{place}",
        title=run.name,
        series=shown,
        x=Axis("Epoch", kind="integer"),
        y=Axis("Loss"),
        thresholds=best,
        empty="This run reported no loss.",
    )
