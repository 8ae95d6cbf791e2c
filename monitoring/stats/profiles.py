"""What a reference keeps of a signal: its bins and its counts in them. Windows count into the same bins and add up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from monitoring.stats.bins import Bins, Kind
from monitoring.stats.types import JSON, Ints

SEED = 0


def fit(values: npt.ArrayLike | Iterable[object], kind: Kind) -> tuple[Bins, Ints]:
    """(bins, counts (b,)) of a reference's values (n,).

    Popularity is learned on a random half and counted on the other: who leads by luck in the half that ranks falls
    back in any other sample, which would look like drift of the most popular and the least.
    """
    if kind != "popularity":
        given = values if isinstance(values, np.ndarray) else list(values)  # type: ignore[arg-type]
        bins = Bins.fit(given, kind)
        return bins, bins.count(given)
    rows = np.asarray(values if isinstance(values, np.ndarray) else list(values), object)  # type: ignore[arg-type]
    ranking = np.random.default_rng(SEED).random(len(rows)) < 0.5
    bins = Bins.fit(rows[ranking], kind)
    return bins, bins.count(rows[~ranking])


def profile(values: npt.ArrayLike | Iterable[object], kind: Kind, of: str = "") -> JSON:
    """An entry of ``Reference.profile``: {"kind", "bins", "counts", "size"}; ``of`` is the page's word for its kind."""
    bins, counts = fit(values, kind)
    return {"kind": of or kind, "bins": bins.to_json(), "counts": counts.tolist(), "size": int(counts.sum())}
