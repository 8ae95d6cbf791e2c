"""The charts of a run, as records that are built here and drawn by the page's script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.metric_words import protocol_label
from experiments.models import EpochMetrics
from mlopspro.core.charts import Axis, BarChart, Chart, LineChart, Series, Threshold, bars
from mlopspro.core.formats import metric, share

EPOCH = Axis("Epoch", kind="integer")
LOSS_NAMES = {"train_loss": "Training loss", "val_loss": "Validation loss"}
NOT_CURVES = frozenset({*LOSS_NAMES, "learning_rate"})


def learning_curves(epochs: Sequence[EpochMetrics], best_epoch: int | None = None) -> list[Chart]:
    """Loss, learning rate and whatever else a fit reported, by epoch; the best epoch is marked."""
    if not epochs:
        return [_curve("loss", "Loss", "Loss", (), best_epoch)]
    elapsed = tuple((row.recorded_at - epochs[0].recorded_at).total_seconds() for row in epochs)
    charts: list[Chart] = [
        _curve(
            "loss",
            "Loss",
            "Loss",
            [_series(epochs, name, label, elapsed) for name, label in LOSS_NAMES.items()],
            best_epoch,
        )
    ]
    others = dict.fromkeys(name for row in epochs for name in row.values if name not in NOT_CURVES)
    for name in ("learning_rate", *others):
        series = _series(epochs, name, name.replace("_", " ").capitalize(), elapsed)
        if any(y is not None for _, y in series.points):
            charts.append(_curve(name.replace("_", "-"), series.name, series.name, [series], best_epoch))
    return charts


def _series(epochs: Sequence[EpochMetrics], name: str, label: str, elapsed: tuple[float, ...]) -> Series:
    points = tuple((row.epoch, row.values.get(name)) for row in epochs)
    return Series(label, points, also_at={"seconds": elapsed})


def _curve(key: str, title: str, y: str, series: Sequence[Series], best_epoch: int | None) -> LineChart:
    shown = tuple(one for one in series if any(value is not None for _, value in one.points))
    best = (Threshold(f"Best epoch {best_epoch}", best_epoch, "x"),) if best_epoch and shown else ()
    return LineChart(
        key=key,
        title=title,
        series=shown,
        x=EPOCH,
        y=Axis(y),
        thresholds=best,
        smoothing=True,
        outliers=True,
        x_choices=(Axis("Time", kind="duration", key="seconds"),),
        empty="The first point appears with the first epoch.",
    )


def roc(curves: Mapping[str, Mapping[str, Any]]) -> LineChart:
    """ROC of each protocol, with the diagonal of a coin."""
    series = [_area_series(name, curve, "AUC") for name, curve in curves.items() if curve]
    chance = [Series("Chance", ((0.0, 0.0), (1.0, 1.0)), colour="reference", dashed=True)] if series else []
    return LineChart(
        key="roc",
        title="ROC curve",
        series=(*series, *chance),
        x=Axis("False positive rate", kind="share", minimum=0, maximum=1),
        y=Axis("True positive rate", kind="share", minimum=0, maximum=1),
        empty="Undefined here: it needs relevant and irrelevant decisions.",
    )


def precision_recall(curves: Mapping[str, Mapping[str, Any]]) -> LineChart:
    """Precision against recall of each protocol, with the base rate each would have by chance."""
    shown = {name: curve for name, curve in curves.items() if curve}
    series = [_area_series(name, curve, "AP") for name, curve in shown.items()]
    chance = [
        Series(
            f"{protocol_label(name)} base rate {share(curve['base_rate'])}",
            ((0.0, curve["base_rate"]), (1.0, curve["base_rate"])),
            colour="reference",
            dashed=True,
        )
        for name, curve in shown.items()
        if curve.get("base_rate") is not None
    ]
    return LineChart(
        key="precision-recall",
        title="Precision–recall curve",
        series=(*series, *chance),
        x=Axis("Recall", kind="share", minimum=0, maximum=1),
        y=Axis("Precision", kind="share", minimum=0, maximum=1),
        empty="Undefined here: it needs relevant and irrelevant decisions.",
    )


def _area_series(protocol: str, curve: Mapping[str, Any], area: str) -> Series:
    name = f"{protocol_label(protocol)}, {area} {metric(curve.get('area'))}"
    return Series(name, tuple(zip(curve["x"], curve["y"], strict=True)))


def calibration(found: Mapping[str, Any]) -> LineChart:
    """Mean rating against mean prediction in each bin; a calibrated model lies on the diagonal."""
    pairs = zip(found.get("predicted", ()), found.get("actual", ()), strict=True)
    points = tuple((x, y) for x, y in pairs if x is not None and y is not None)
    edges = found.get("edges") or [0.0, 1.0]
    ideal = Series("Calibrated", ((edges[0], edges[0]), (edges[-1], edges[-1])), colour="reference", dashed=True)
    return LineChart(
        key="calibration",
        title="Calibration",
        series=(Series("Model", points), ideal) if points else (),
        x=Axis("Predicted rating", minimum=edges[0], maximum=edges[-1]),
        y=Axis("Actual rating", minimum=edges[0], maximum=edges[-1]),
        summary=f"Expected calibration error {metric(found.get('error'))} rating points.",
        empty="Only for models that predict ratings.",
    )


def by_k(rows: Sequence[Any], protocol: str) -> BarChart:
    """Precision, recall, F1 and NDCG of one protocol at each k."""
    names = ("precision", "recall", "f1", "ndcg")
    ks = sorted({row.k for row in rows if row.k and row.name.startswith(names)})
    values = {row.name: row.value for row in rows}
    series = tuple(
        bars({"f1": "F1", "ndcg": "NDCG"}.get(name, name.capitalize()), [values.get(f"{name}_at_{k}") for k in ks])
        for name in names
    )
    return BarChart(
        key=f"by-k-{protocol}",
        title="Quality by list length",
        series=series,
        categories=tuple(f"k = {k}" for k in ks),
        x=Axis("List length"),
        y=Axis("Value", minimum=0),
    )
