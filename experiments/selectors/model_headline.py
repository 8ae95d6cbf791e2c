"""The one figure of a version that lists and tiles show, with its protocol, from what was copied at registration."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.learning.families import ABOUT, Family
from experiments.metric_words import label, protocol_label
from experiments.models import ModelVersion


@dataclass(frozen=True)
class Headline:
    protocol: str
    name: str
    value: float | None

    @property
    def label(self) -> str:
        return label(self.name)

    @property
    def protocol_label(self) -> str:
        return protocol_label(self.protocol)


def headline_of(version: ModelVersion, like: Headline | None = None) -> Headline | None:
    """The model's own choice where this version has it, else its family's, else NDCG@10 of the catalogue; no query.

    ``like`` is another version's, to show the same figure of both where both have it.
    """
    about = ABOUT[Family(version.model.family)]
    chosen = version.model.headline.partition(".")
    first = [(like.protocol, like.name)] if like else []
    wanted = [*first, (chosen[0], chosen[2]), (about.protocol, about.headline), ("catalogue", "ndcg_at_10")]
    for protocol, name in wanted:
        value = (version.metrics.get(protocol) or {}).get(name)
        if isinstance(value, (int, float)):
            return Headline(protocol, name, float(value))
    return None
