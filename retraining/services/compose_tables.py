"""A table and the truths that became known since, joined to the features that were asked with, as one table.

1. A logged answer with a true value or label becomes a row: its features, the truth in the column that the model
   predicts, and, where the table has a time and the row none, the time of the question. Rows without a usable truth, or
   without the action that was taken, are counted and left out.
2. A forecast's row stands for its series and day: the new one takes the old one's place. Elsewhere a row that equals
   one of the table says nothing new.
3. The plan's window or half-life leaves old rows out.
4. The split is by time where the family and the table allow it: the newest ``holdout_share`` of the new rows is tested.
   A forecaster's rolling origins are by time anyway. A table without a time is divided as the base's was.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.data.table_snapshot import typed
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles
from experiments.learning.tabular.splits import methods_for
from retraining.plan import DataPlan
from retraining.services.compose_interactions import DAY, Composed, TooLittle
from retraining.services.feedback_rows import TableFeedback

TRUTH = {
    Family.FORECASTING: "target",
    Family.PRICING: "quantity",
    Family.NEXT_BEST_ACTION: "outcome",
    Family.LOCATION_SCORING: "target",
}
LEAST_SHARE, MOST_SHARE = 0.01, 0.9
Mask = NDArray[np.bool_]


def compose(
    parent: pd.DataFrame,
    feedback: TableFeedback,
    plan: DataPlan,
    *,
    family: Family,
    roles: Roles,
    base_split: dict[str, Any],
    cut: float,
) -> Composed:
    """One table of both, with the split to train it with. Raises TooLittle."""
    rows, counts = _rows(parent, feedback, family, roles)
    rows, replaced = _news(parent, rows, family, roles)
    counts |= {"feedback": len(feedback), "new": len(rows), "old": len(parent), "replaced": int(replaced.sum())}
    if len(rows) < plan.minimum_new:
        raise TooLittle(f"{len(rows):,} new rows since the last data; {plan.minimum_new:,} are needed.")
    joined = typed(pd.concat([parent[~replaced], rows], ignore_index=True)[list(parent.columns)])
    kept = _recent(joined, roles.time, plan, cut)
    is_new = np.arange(len(joined)) >= len(joined) - len(rows)
    table, is_new = joined[kept].reset_index(drop=True), is_new[kept]
    split = _split(table, is_new, plan, family, roles, base_split)
    counts |= {"too_old": int((~kept).sum()), "rows": len(table)}
    return Composed(table, counts, None, split)


def _rows(
    parent: pd.DataFrame, feedback: TableFeedback, family: Family, roles: Roles
) -> tuple[pd.DataFrame, dict[str, Any]]:
    truth = getattr(roles, TRUTH[family])
    values = np.where(feedback.kind == "value", feedback.value, _numbers(feedback.label))
    usable = np.isfinite(values)
    made = pd.DataFrame([json.loads(text) for text in feedback.features[usable]], dtype=object)
    made = made.reindex(columns=list(parent.columns))
    made[truth] = values[usable]
    counts = {"without_truth": int((~usable).sum())}
    if roles.time:
        asked = pd.to_datetime(pd.Series(feedback.asked[usable]), unit="s", utc=True)
        told = pd.to_datetime(made[roles.time], utc=True, format="ISO8601", errors="coerce")
        made[roles.time] = told.where(told.notna(), asked)
    if family is Family.NEXT_BEST_ACTION:
        known = (made[roles.action].notna() & (made[roles.action].astype("str") != "")).to_numpy()
        counts["without_action"] = int((~known).sum())
        made = made[known]
    return _as_in(parent, made.reset_index(drop=True)), counts


def _as_in(parent: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The columns with the types of the table."""
    columns: dict[str, Any] = {}
    for name in parent.columns:
        given, kind = rows[name], parent[name].dtype
        if pd.api.types.is_numeric_dtype(kind):
            columns[name] = pd.to_numeric(given, errors="coerce").astype(np.float64)
        elif pd.api.types.is_datetime64_any_dtype(kind):
            columns[name] = pd.to_datetime(given, utc=True, errors="coerce", format="ISO8601")
        else:
            columns[name] = given.map(_text).astype("str").mask(given.isna())
    return typed(pd.DataFrame(columns))


def _text(value: object) -> str:
    """3.0 and 3 are the same kind, as they are for models."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _news(parent: pd.DataFrame, rows: pd.DataFrame, family: Family, roles: Roles) -> tuple[pd.DataFrame, Mask]:
    """(rows that say something new, old rows whose place they take)."""
    seen, mine = _digests(parent), _digests(rows)
    rows = rows[~mine.isin(seen).to_numpy() & ~mine.duplicated(keep="last").to_numpy()]
    if family is not Family.FORECASTING:
        return rows.reset_index(drop=True), np.zeros(len(parent), bool)
    old, new = _days(parent, roles), _days(rows, roles)
    rows, new = rows[~new.duplicated(keep="last").to_numpy()], new[~new.duplicated(keep="last")]
    return rows.reset_index(drop=True), old.isin(new).to_numpy()


def _days(frame: pd.DataFrame, roles: Roles) -> pd.Series[Any]:
    """One number for the series and day of each row."""
    keys = frame[list(roles.series)].assign(**{"": frame[roles.time].dt.floor("D")})
    return _digests(keys)


def _digests(frame: pd.DataFrame) -> pd.Series[Any]:
    """One number a row; two different rows share one in 1 of 10^19 cases."""
    names = [str(name) for name, kind in frame.dtypes.items() if isinstance(kind, pd.DatetimeTZDtype)]
    times = {name: _moments(frame, name) for name in names}
    return pd.util.hash_pandas_object(frame.assign(**times), index=False)


def _moments(frame: pd.DataFrame, time: str) -> NDArray[np.int64]:
    """Microseconds since 1970 UTC."""
    return np.asarray(frame[time].dt.tz_localize(None).to_numpy(dtype="datetime64[us]").astype(np.int64))


def _recent(frame: pd.DataFrame, time: str, plan: DataPlan, cut: float) -> Mask:
    if not time or plan.use == "all":
        return np.ones(len(frame), bool)
    age = np.maximum(cut - _moments(frame, time) / 1e6, 0.0) / DAY
    if plan.use == "days":
        return np.asarray(age <= plan.days)
    chance = (_digests(frame).to_numpy(np.uint64) >> np.uint64(11)) / 2.0**53
    return np.asarray(chance < 0.5 ** (age / plan.half_life_days))


def _split(
    table: pd.DataFrame, is_new: Mask, plan: DataPlan, family: Family, roles: Roles, base: dict[str, Any]
) -> dict[str, Any]:
    methods = methods_for(family, roles)
    if "time" not in methods or base.get("method") == "rolling_origin":
        return base
    moments = _moments(table, roles.time)
    fresh = np.sort(moments[is_new])
    if not len(fresh) or fresh[0] == fresh[-1] == moments.max():
        raise TooLittle("All new rows are of one moment, so none is later than the others.")
    start = fresh[min(len(fresh) - 1, round(len(fresh) * (1 - plan.holdout_share)))]
    share = float(np.mean(moments >= start))
    return {
        "method": "time",
        "test_share": min(max(share, LEAST_SHARE), MOST_SHARE),
        "validation_share": base.get("validation_share", 0.1),
    }


def _numbers(labels: NDArray[np.object_]) -> NDArray[np.float64]:
    words = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
    plain = pd.Series(labels, dtype=object).map(lambda text: words.get(str(text).lower(), text))
    return np.asarray(pd.to_numeric(plain, errors="coerce"), np.float64)
