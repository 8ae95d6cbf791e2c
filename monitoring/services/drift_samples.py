"""Raw rows of both samples of a version, by column, for a report that is made of rows and not of windows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from experiments.models import ModelVersion
from monitoring.models import NOT_OWN, Reference, Source
from monitoring.services import own_answers
from monitoring.services.pinned_rows import pinned_rows
from monitoring.services.window_reads import Period
from monitoring.stats.bins import Kind
from monitoring.stats.drift_report import Columns
from monitoring.summaries import signals
from monitoring.summaries.rows import Rows


def samples(version: ModelVersion, reference: Reference, period: Period) -> tuple[Columns, Columns]:
    """(reference, current): at most some 20,000 predictions of a stretch, or 5,000 answers to the version's own data.

    Raises CannotAnswerOwn where the reference is that of training and the version cannot answer its data any more.
    """
    sources = list(Source.objects.filter(version=version).exclude(role__in=NOT_OWN))
    current = columns_of(*pinned_rows(sources, period))
    if reference.start is None or reference.end is None:
        found = own_answers.answers_of(version)
        return columns_of(Rows.of(found.predictions, features=list(found.features)), found.features), current
    stretch = Period("", reference.start, reference.end, period.level)
    return columns_of(*pinned_rows(sources, stretch)), current


def columns_of(rows: Rows, features: Mapping[str, Kind]) -> Columns:
    """The signals of rows, and features; (n,) each, with NaN or None where a row has none."""
    found: dict[str, np.ndarray] = {}
    for name, (which, values) in signals.numbers(rows).items():
        column = np.full(len(rows), np.nan)
        column[which] = values
        found[name] = column
    if np.isfinite(rows.value).any():
        found["prediction"] = rows.value
    elif any(labels := rows.label.to_pylist()):
        found["prediction"] = np.array([label or None for label in labels], object)
    for name, kind in features.items():
        texts = rows.features[name]
        if kind == "numeric":
            found[signals.FEATURE + name] = signals.feature_numbers(texts)
        else:
            found[signals.FEATURE + name] = np.array([signals.word_of(text) for text in texts.to_pylist()], object)
    return found
