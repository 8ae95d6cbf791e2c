"""Charts of the page of metrics: a metric over time, the last runs beside each other, losses of the last runs."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from experiments.models import EpochMetrics, Experiment
from experiments.selectors.dashboard import Headline, TimedRun
from mlopspro.core.charts import Axis, BarChart, LineChart, Series, Threshold, bars
from mlopspro.core.formats import as_float

COMPARED = 6
SHOWN = {
    "rated": (("precision_at_10", "Precision@10"), ("recall_at_10", "Recall@10"), ("f1_at_10", "F1@10")),
    "catalogue": (("precision_at_10", "Precision@10"), ("recall_at_10", "Recall@10"), ("f1_at_10", "F1@10")),
}
LOSSES = (("train_loss", "Training loss"), ("val_loss", "Validation loss"))


def over_time(runs: Sequence[TimedRun], headline: Headline) -> LineChart:
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


def _value(run: TimedRun, headline: Headline) -> float | None:
    return as_float((run.metrics.get(headline.protocol) or {}).get(headline.name))


def _runs(members: Sequence[tuple[TimedRun, float]], split: str, place: int, splits: int) -> Series:
    return Series(
        "Runs" if splits == 1 else f"Runs, {split}",
        tuple((run.finished_at.timestamp(), value) for run, value in members),
        place,
        drawn="points",
        names=tuple(run.name for run, _ in members),
        links=tuple(reverse("experiments:experiment", args=[run.run_id]) for run, _ in members),
    )


def _best_so_far(members: Sequence[tuple[TimedRun, float]], split: str, place: int, headline: Headline) -> Series:
    better = max if headline.higher_is_better else min
    best: list[tuple[float, float | None]] = []
    reached = members[0][1]
    for run, value in members:
        reached = better(reached, value)
        best.append((run.finished_at.timestamp(), reached))
    return Series(f"Best so far, {split}", tuple(best), place, drawn="steps", dashed=True)


def last_runs(runs: Sequence[TimedRun]) -> BarChart:
    """Precision, recall and F1 of the newest runs that share dataset and split with the newest of all."""
    same = [run for run in runs if run.split == runs[-1].split][-COMPARED:] if runs else []
    protocol = "rated" if any("rated" in run.metrics for run in same) else "catalogue"
    series = tuple(
        bars(label, [as_float((run.metrics.get(protocol) or {}).get(name)) for run in same])
        for name, label in SHOWN[protocol]
    )
    split = f", {same[-1].split}" if same else ""
    return BarChart(
        key="last-runs",
        title=f"The last runs ({protocol}{split})",
        series=series if same else (),
        categories=tuple(_short(run.name) for run in same),
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
