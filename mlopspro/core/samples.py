"""Sample values of the component page. Nothing else uses them."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django import forms
from django.utils import timezone

from mlopspro.core.charts import (
    Axis,
    BarChart,
    Chart,
    HistogramChart,
    LineChart,
    ScatterChart,
    Series,
    Threshold,
    bars,
)

STATES = (
    {"label": "Queued", "tone": "neutral", "icon": "clock"},
    {"label": "Running", "tone": "info", "icon": "loader-circle"},
    {"label": "Completed", "tone": "good", "icon": "circle-check"},
    {"label": "Worker lost", "tone": "warning", "icon": "unplug"},
    {"label": "Failed", "tone": "bad", "icon": "circle-x"},
    {"label": "Cancelled", "tone": "neutral", "icon": "ban"},
)


MANIFEST = """family: recommendation
epochs: 10
learning_rate: 0.001
embedding_dim: 50
batch_size: 256
l2: 0.01
seed: 42
loss: mse
"""


class SampleForm(forms.Form):
    """Every kind of field."""

    name = forms.CharField(max_length=80, help_text="Seen in lists and in both trackers.")
    epochs = forms.IntegerField(min_value=1, max_value=500, help_text="1 to 500; the default is 10.")
    learning_rate = forms.FloatField(required=False, help_text="Above 0, at most 1.")
    dataset = forms.ChoiceField(
        choices=[("ml-100k", "MovieLens 100k"), ("ml-1m", "MovieLens 1M"), ("own", "Own events")]
    )
    trackers = forms.MultipleChoiceField(
        choices=[("mlflow", "MLflow"), ("wandb", "W&B")], widget=forms.CheckboxSelectMultiple, required=False
    )
    split = forms.ChoiceField(choices=[("random", "Random 80/20"), ("time", "By time")], widget=forms.RadioSelect)
    notes = forms.CharField(widget=forms.Textarea, required=False)
    biased = forms.BooleanField(required=False, label="User, item and global bias", help_text="Ratings are centred.")
    file = forms.FileField(required=False, help_text="CSV, Parquet or JSON lines, up to 1 GB.")


def refused_form() -> SampleForm:
    form = SampleForm({"name": "night run", "epochs": "0", "dataset": "gone", "split": "random"})
    form.full_clean()
    form.add_error(None, "A run with the same name is queued already.")
    return form


@dataclass(frozen=True)
class SampleRun:
    name: str
    state: dict[str, str]
    f1: float
    ndcg: float
    change: float
    seconds: float
    started_at: dt.datetime
    course: tuple[float, ...]


def runs() -> list[SampleRun]:
    names = (
        "hybrid-20261121-020509",
        "hybrid-biased",
        "matrix factorisation",
        "item-kNN, 40 neighbours",
        "popularity",
        "hybrid",
    )
    now = timezone.now()
    return [
        SampleRun(
            name,
            STATES[index],
            0.62 - 0.031 * index,
            0.373 * (0.9**index),
            (0.012, 0.0, -0.0041, 0.0007, -0.12, 0.03)[index],
            3.4 * 3**index,
            now - dt.timedelta(minutes=7**index),
            tuple(0.3 + 0.1 * math.sin(step * (index + 1) / 2) for step in range(12)),
        )
        for index, name in enumerate(names)
    ]


def _loss(epoch: int, start: float, floor: float) -> float:
    wobble = 0.02 * math.sin(epoch * 2.4 + start)
    return floor + (start - floor) * math.exp(-epoch / 5) + wobble


def loss_chart(epochs: int) -> LineChart:
    steps = range(1, epochs + 1)
    seconds = tuple(1.31 * step for step in steps)
    return LineChart(
        key="loss",
        title="Loss",
        x=Axis("Epoch", kind="integer"),
        x_choices=(Axis("Time since start", kind="duration", key="seconds"),),
        y=Axis("Mean squared error"),
        series=(
            Series.of("Training", [_loss(step, 1.9, 0.72) for step in steps], colour=1, also_at={"seconds": seconds}),
            Series.of("Validation", [_loss(step, 1.7, 0.88) for step in steps], colour=2, also_at={"seconds": seconds}),
        ),
        smoothing=True,
        outliers=True,
    )


def charts() -> list[Chart]:
    grid = [i / 40 for i in range(41)]
    counts = [3, 9, 24, 51, 88, 120, 104, 67, 31, 12]
    later = [1, 4, 15, 40, 70, 118, 125, 92, 50, 21]
    return [
        LineChart(
            key="roc",
            title="ROC",
            x=Axis("False positive rate", minimum=0, maximum=1),
            y=Axis("True positive rate", minimum=0, maximum=1),
            series=(
                Series("hybrid", tuple((x, x**0.35) for x in grid)),
                Series("popularity", tuple((x, x**0.6) for x in grid), colour=4),
                Series("random", ((0.0, 0.0), (1.0, 1.0)), colour="reference", dashed=True),
            ),
        ),
        LineChart(
            key="f1",
            title="F1 by window",
            x=Axis("Window", kind="integer"),
            y=Axis("F1"),
            series=(Series.of("F1", [0.78, 0.79, None, 0.77, 0.78, 0.74, 0.72, 0.76]),),
            thresholds=(Threshold("threshold 0.75", 0.75),),
        ),
        BarChart(
            key="segments",
            title="NDCG@10 by segment",
            categories=("New users", "Light users", "Heavy users", "Head items", "Tail items"),
            x=Axis("Segment"),
            y=Axis("NDCG@10"),
            series=(bars("hybrid", [0.21, 0.34, 0.41, 0.44, 0.09]), bars("popularity", [0.19, 0.2, 0.16, 0.31, 0.0])),
        ),
        HistogramChart(
            key="scores",
            title="Predicted ratings",
            edges=tuple(0.5 + 0.45 * i for i in range(11)),
            x=Axis("Rating"),
            y=Axis("Predictions"),
            series=(bars("Reference", counts, colour="reference"), bars("Current", later)),
        ),
        ScatterChart(
            key="trade",
            title="Quality against time",
            x=Axis("Training time", kind="duration"),
            y=Axis("NDCG@10"),
            series=(
                Series("hybrid", tuple((3.0 + 2 * i, 0.2 + 0.05 * math.log1p(i)) for i in range(9))),
                Series("item-kNN", tuple((0.4 + 0.3 * i, 0.24 + 0.012 * i) for i in range(6))),
            ),
        ),
        LineChart(
            key="none", title="Nothing yet", x=Axis("Epoch"), y=Axis("Loss"), series=(),
            empty="The first epoch is not over yet.",
        ),
        LineChart(
            key="broken", title="Not readable", x=Axis("Epoch"), y=Axis("Loss"), series=(),
            error="The figures of this run could not be read. The log says why.",
        ),
    ]  # fmt: skip


def next_log_line() -> SimpleNamespace:
    now = timezone.now()
    return SimpleNamespace(text=f"epoch {now:%S}: loss 0.741, val_loss 0.902", level="info", at=now)


def context() -> dict[str, Any]:
    now = timezone.now()
    ago = now - dt.timedelta(hours=2)
    levels = ("info", "info", "debug", "warning", "error")
    texts = (
        "claimed by worker train@host, attempt 1 of 3",
        "epoch 1/10: loss 1.742, val_loss 1.604",
        "learning rate 0.001",
        "gradient norm 11.2 is above 10 and is clipped",
        "mlflow does not answer; its entries wait in the outbox",
    )
    return {
        "states": STATES,
        "now": now,
        "ago": ago,
        "eta": dt.timedelta(seconds=72),
        "identity": "5f0c2a9e-6c1d-4f0e-9a8b-3f8f2f6f1c11",
        "metric": SimpleNamespace(value=0.373, random=0.004, popularity=0.171, oracle=0.951, everything=None),
        "rated": SimpleNamespace(value=0.402, random=0.31, popularity=0.36, oracle=0.90, everything=0.65),
        "log": [SimpleNamespace(text=t, level=x, at=ago) for t, x in zip(texts, levels, strict=True)],
        "steps": [
            {"label": "Data", "state": "done", "note": "100 836 rows"},
            {"label": "Train", "state": "current", "note": "epoch 3 of 10"},
            {"label": "Gate", "state": "waiting"},
            {"label": "Canary", "state": "failed", "note": "loses to production"},
        ],
        "events": [
            {"at": now, "title": "Version 1.4.2 promoted", "tone": "good", "icon": "rocket", "actor": "Ada"},
            {"at": ago, "title": "Gate refused 1.4.1", "tone": "bad", "icon": "shield-x",
             "text": "NDCG@10 is 0.004 below production."},
            {"at": ago, "title": "Run completed", "icon": "circle-check", "href": "#timeline"},
        ],
        "facts": [("Dataset", "MovieLens 100k"), ("Interactions", "100 000"), ("Sparsity", "93.7 %"), ("Notes", "")],
        "before": MANIFEST,
        "after": MANIFEST.replace("epochs: 10", "epochs: 20").replace("dim: 50", "dim: 64") + "biased: true\n",
        "chips": [{"label": "status = failed", "remove": "?a"}, {"label": "metrics.f1 > 0.8", "remove": "?b"}],
        "columns": [{"key": k, "label": k.upper(), "shown": k != "mrr"} for k in ("f1", "ndcg", "map", "mrr")],
        "tab_items": [
            {"key": "overview", "label": "Overview", "icon": "layout-list"},
            {"key": "metrics", "label": "Metrics", "icon": "chart-line"},
            {"key": "artifacts", "label": "Artifacts", "icon": "package", "count": 7},
            {"key": "log", "label": "Log", "icon": "scroll-text"},
        ],
        "crumbs": [("Experiments", "/"), ("hybrid-20261121-020509", "")],
        "shares": (0.18, 0.31, 0.92),
    }  # fmt: skip
