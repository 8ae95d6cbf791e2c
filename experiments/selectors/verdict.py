"""What a run's metrics amount to, in sentences that can be checked: the first thing its page says (decision D2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from experiments.learning.families import ABOUT
from experiments.metric_words import label
from experiments.models import MetricValue
from experiments.services.popularity import LISTS, find_metric, loses_to_popularity
from mlopspro.core.formats import metric as figure

RATED = "f1_at_10"

__all__ = ["Verdict", "loses_to_popularity", "verdicts"]


@dataclass(frozen=True)
class Verdict:
    """One sentence with the tone of its banner: good, warning or bad."""

    tone: str
    text: str


def verdicts(metrics: Iterable[MetricValue], architecture: str) -> list[Verdict]:
    """Sentences about the whole test set, the gravest first; empty where nothing can be said."""
    values = [value for value in metrics if value.segment == "all"]
    found = [_on_catalogue(values, architecture), _on_rated(values), _on_table(values)]
    order = {"bad": 0, "warning": 1, "good": 2}
    return sorted((verdict for verdict in found if verdict), key=lambda verdict: order[verdict.tone])


def _on_catalogue(values: list[MetricValue], architecture: str) -> Verdict | None:
    row = find_metric(values, "catalogue", LISTS)
    if row is None or row.value is None or row.popularity is None or architecture == "popularity":
        return None
    figures = f"{label(row.name)} {figure(row.value)} against {figure(row.popularity)} (catalogue)"
    if row.value < row.popularity:
        return Verdict(
            "warning",
            f"It ranks the catalogue worse than a popularity list: {figures}. "
            "Do not let it choose lists on its own; its ratings may still be good.",
        )
    return Verdict("good", f"It ranks the catalogue better than a popularity list: {figures}.")


def _on_table(values: list[MetricValue]) -> Verdict | None:
    """The family's headline against what the simplest honest method reaches on the same rows."""
    for about in ABOUT.values():
        row = find_metric(values, about.protocol, about.headline)
        if row is None or row.value is None or row.naive is None or row.value == row.naive:
            continue
        figures = f"{label(row.name)} {figure(row.value)} against {figure(row.naive)} ({about.protocol})"
        if (row.value > row.naive) == row.higher_is_better:
            return Verdict("good", f"It does better than the naive method: {figures}.")
        return Verdict("warning", f"It does worse than the naive method, which costs nothing: {figures}.")
    return None


def _on_rated(values: list[MetricValue]) -> Verdict | None:
    row = find_metric(values, "rated", RATED)
    if row is None or row.value is None or row.everything is None:
        return None
    figures = f"{label(row.name)} {figure(row.value)} against {figure(row.everything)} (rated)"
    if row.value <= row.everything:
        return Verdict("warning", f"On rated items it is no better than recommending everything: {figures}.")
    oracle = f", at most {figure(row.oracle)} is possible" if row.oracle is not None else ""
    return Verdict("good", f"On rated items it is better than recommending everything: {figures}{oracle}.")
