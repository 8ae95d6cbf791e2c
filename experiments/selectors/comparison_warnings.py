"""What must be said above a comparison (decision D2): who loses to popularity, and who is best by RMSE alone."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.metric_words import label
from experiments.selectors.comparison import Compared, Selection
from experiments.selectors.comparison_metrics import Groups, Values
from experiments.selectors.verdict import loses_to_popularity
from mlopspro.core.formats import metric

RMSE = ("pointwise", "rmse")
ORDERINGS = (("catalogue", "ndcg_at_10"), ("rated", "f1_at_10"))


def warnings_of(selection: Selection, values: Values, groups: Groups) -> list[str]:
    """A sentence each; empty where there is nothing to warn of."""
    found = _losing(selection, values)
    for group in groups(RMSE):
        members = [one for one in selection.runs if one.key in group]
        if (words := _by_rmse_alone(members, values)) is not None:
            found.append(words)
    return found


def _losing(selection: Selection, values: Values) -> list[str]:
    losers = []
    for one in selection.runs:
        row = loses_to_popularity(values[one.key].values()) if one.run.architecture != "popularity" else None
        if row is not None:
            losers.append(f"{one.name} ({metric(row.value)} against {metric(row.popularity)})")
    if not losers:
        return []
    verb, pronoun = ("ranks", "it") if len(losers) == 1 else ("rank", "them")
    words = (
        f"{_and(losers)} {verb} the catalogue worse than a popularity list by {label('ndcg_at_10')}. "
        f"Do not let {pronoun} choose lists alone, however good the predicted ratings are."
    )
    return [words]


def _by_rmse_alone(runs: Sequence[Compared], values: Values) -> str | None:
    """Warns of the run with the lowest RMSE where no figure about the order of items is best for it as well."""
    best = _best(runs, values, RMSE)
    if best is None:
        return None
    leaders = {key: leader for key in ORDERINGS if (leader := _best(runs, values, key)) is not None}
    if not leaders or best in leaders.values():
        return None
    key, leader = next(iter(leaders.items()))
    return (
        f"{best.name} has the lowest RMSE, but that alone does not make it the best: by {label(key[1])} ({key[0]}) "
        f"{leader.name} is ahead. RMSE says how near ratings are predicted, not which items come first."
    )


def _best(runs: Sequence[Compared], values: Values, key: tuple[str, str]) -> Compared | None:
    """The one run with the best value; None where fewer than two have one, or the best are equal."""
    rows = [(values[one.key].get(key), one) for one in runs]
    known = [(row.value, row.higher_is_better, one) for row, one in rows if row is not None and row.value is not None]
    if len(known) < 2:
        return None
    ordered = sorted(known, key=lambda each: each[0], reverse=known[0][1])
    return None if ordered[0][0] == ordered[1][0] else ordered[0][2]


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
