"""The state of a comparison as its address carries it: runs, metric, what is shown."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlencode

from django.http import QueryDict

from experiments.selectors.comparison import Asked

Rows = Literal["all", "differences"]
MOST_CURVES = 6


@dataclass(frozen=True)
class CompareQuery:
    """What is asked of a comparison.

    Attributes:
        metric: what to judge by, as catalogue.ndcg_at_10; empty for the headline.
        reference: id of the run to measure against; empty for the person's baseline, or the first run.
        metrics, settings: which rows of the two tables are shown.
        loss: the epoch whose losses stand in the table.
        curves: figures by epoch that are drawn; empty for the losses.
        search: name of a run to add.
        now: work the verdict out with the page rather than after it, for browsers without scripts.
    """

    asked: Asked
    metric: str = ""
    reference: str = ""
    metrics: Rows = "all"
    settings: Rows = "differences"
    loss: Literal["last", "best"] = "last"
    curves: tuple[str, ...] = field(default=())
    search: str = ""
    now: bool = False

    @classmethod
    def of(cls, address: QueryDict) -> CompareQuery:
        """Read from an address: ``ids`` between commas or repeated; what is not understood takes its default."""
        return cls(
            asked=Asked.of(_clean(text) for text in address.getlist("ids")),
            metric=_clean(address.get("metric", ""))[:300],
            reference=_clean(address.get("reference", ""))[:40],
            metrics="differences" if address.get("metrics") == "differences" else "all",
            settings="all" if address.get("settings") == "all" else "differences",
            loss="best" if address.get("loss") == "best" else "last",
            curves=tuple(dict.fromkeys(_clean(name) for name in address.getlist("curve")))[:MOST_CURVES],
            search=_clean(address.get("add", ""))[:200],
            now=address.get("verdict") == "now",
        )

    @property
    def reference_id(self) -> uuid.UUID | None:
        try:
            return uuid.UUID(self.reference)
        except ValueError:
            return None

    def querystring(self, *, ids: Iterable[uuid.UUID] | None = None, **changes: Any) -> str:
        """The address's part after the question mark, with other runs or other fields."""
        asked = self.asked if ids is None else Asked(tuple(ids))
        return replace(self, **{"search": "", "now": False, "asked": asked, **changes})._written()

    def _written(self) -> str:
        pairs = [("ids", ",".join(map(str, self.asked.ids)))]
        plain = replace(self, asked=Asked(()))
        names = {"metric": "metric", "reference": "reference", "metrics": "metrics", "settings": "settings"}
        for name, written in {**names, "loss": "loss", "search": "add"}.items():
            if getattr(plain, name) != getattr(DEFAULT, name):
                pairs.append((written, getattr(plain, name)))
        pairs += [("curve", name) for name in self.curves]
        if self.now:
            pairs.append(("verdict", "now"))
        return urlencode(pairs, safe=",")


DEFAULT = CompareQuery(Asked(()))


def _clean(text: str) -> str:
    """Without what no text in the database can contain."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode().strip()
