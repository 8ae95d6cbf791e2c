"""What speaks against trusting a version everywhere, found in what is stored: the generated words on limitations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from experiments.metric_words import label
from experiments.models import MetricValue, ModelVersion
from experiments.selectors.metrics import MetricGroup
from experiments.selectors.verdict import verdicts
from mlopspro.core.formats import metric, number

CLEARLY = 0.1
"""A segment is named where it is worse than the whole by more than this share of the whole's figure."""
PERSONAL = frozenset(
    {
        *("age", "birth", "birthday", "birthdate", "gender", "sex", "race", "ethnicity", "religion", "nationality"),
        *("citizenship", "disability", "health", "occupation", "job", "profession", "education", "income", "salary"),
        *("marital", "family", "zip", "zipcode", "postcode", "postal", "address", "street", "city", "phone", "email"),
        *("name", "firstname", "lastname", "surname"),
    }
)


def limitations(version: ModelVersion, groups: Sequence[MetricGroup], repeats: int) -> list[str]:
    """Sentences, the gravest first. ``repeats``: completed runs of this configuration over seeds. No query."""
    values = [row.metric for group in groups for row in group.overall]
    found = [one.text for one in verdicts(values, version.architecture) if one.tone != "good"]
    found += worst_segments(groups)
    found += left_out(groups)
    found += [str(one["message"]) for one in version.dataset.findings if one.get("severity") in ("serious", "warning")]
    if version.split.get("method") == "random" and version.dataset.has_timestamps:
        found.append(
            "Its test rows were drawn at random over time, so the figures do not say how it does on later data."
        )
    if repeats < 2:
        found.append("It was trained with one seed; how much the figures vary from seed to seed is not known.")
    said = ((version.experiment.manifest or {}).get("metadata") or {}).get("limitations")
    return found + ([f"Of the recipe: {said}"] if said else [])


def worst_segments(groups: Iterable[MetricGroup]) -> list[str]:
    """The segment that each protocol's first segmented metric serves worst, where it is clearly worse than all."""
    found = []
    for group in groups:
        overall = {row.metric.name: row.metric for row in group.overall}
        for place, name in enumerate(group.segment_names):
            whole = overall.get(name)
            worse = [
                (gap, segment) for segment in group.segments if (gap := _gap(whole, segment.cells[place])) > CLEARLY
            ]
            if whole is None or not worse:
                continue
            _, segment = max(worse, key=lambda pair: pair[0])
            cell = segment.cells[place]
            figures = f"{metric(cell.value if cell else None)} against {metric(whole.value)} over all"
            found.append(f"{segment.label} are served worst: {label(name)} {figures} ({group.protocol}).")
            break
    return found


def left_out(groups: Iterable[MetricGroup]) -> list[str]:
    """How many are in no figure of a protocol, a sentence each."""
    found = []
    for group in groups:
        counted, left = group.users
        if left:
            who = f"{number(left)} of {number(counted + left)} users"
            found.append(f"{who} are in no {group.protocol} figure, as nothing is known to be relevant to them.")
    return found


def personal_columns(names: Iterable[str] | Mapping[str, str]) -> list[str]:
    """Columns whose name has a word that usually describes a person: a hint to look, not a finding."""
    return [name for name in names if PERSONAL & set(re.split(r"[^a-z]+", name.lower()))]


def _gap(whole: MetricValue | None, part: MetricValue | None) -> float:
    """By what share of the whole's figure the part is worse; 0 where either is unknown or the whole is 0."""
    if whole is None or part is None or not whole.value or part.value is None:
        return 0.0
    gap = (whole.value - part.value) / abs(whole.value)
    return gap if whole.higher_is_better else -gap
