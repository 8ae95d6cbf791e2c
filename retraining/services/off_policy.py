"""What a version would have earned on lists that production showed, as a hint before anybody sees it.

Needed are lists of which it is known with what chance their items were shown (docs/trials.md, "Off-policy in the
product"). Of lists that explore, the drawn last place is what was chosen, and the version would have shown the one of
the champion's candidates that it scores highest. Of lists that others served and sent with the propensities of their
items, each item whose chance is below 1 is a choice, and the version would have shown those of its own list. Earned is
a yes of the user to that item. Only lists count that are newer than what the version has learnt from: on older ones it
would be judged by what it was told.
"""

from __future__ import annotations

import datetime as dt
import math
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from django.core.cache import cache
from django.db import OperationalError
from django.utils import timezone

from experiments.learning.families import Family
from experiments.models import ModelVersion
from experiments.services.datasets import lineage
from experiments.services.deployments import champion
from monitoring.services.own_choices import CannotChoose, Drawn, ranker
from monitoring.stats.intervals import LEVEL, ratio_interval
from retraining.services.off_policy_rows import LoggedList, read
from retraining.trial import off_policy as judge
from retraining.trial.off_policy import CLIP, LEAST_EFFECTIVE, OffPolicy

DAYS = 14
MOST_DAYS = 90
SECONDS = 2.0
"""After so long of choosing, what was asked is what there is; the newest lists come first."""
REMEMBERED_SECONDS = 600
EXPLORED_CLIP = 2_000.0
"""Chances of a drawn place are known exactly and no smaller than share / 20, so weights stay as they are for shares of
1 % and more; what they cost in certainty, the effective sample says."""
PRIOR = 20.0
"""Rows with the mean reward that stand before those of a place, in the model of rewards."""
HOW = (
    "Let a share of the lists explore (model page, Deployments), or send predictions with the propensity of each item, "
    "and ask again when there are some thousands."
)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """``kind``: exploration or external. ``state`` "none": nothing to estimate from, "cannot": the version does not
    answer. ``challenger`` and ``champion`` are OffPolicy documents; ``robust`` {value, low, high}, of exploration.

    ``lists``: read from the log, the newest ``most``; ``unused`` of them: not asked in time, with lists that cannot be
    made again, or without a choice of the version's.
    """

    state: str
    sentence: str
    version: str
    against: str
    kind: str
    days: int
    since: str
    at: str
    lists: int = 0
    unused: int = 0
    challenger: dict[str, Any] | None = None
    champion: dict[str, Any] | None = None
    robust: dict[str, float | None] | None = None


@dataclass(frozen=True)
class _Choices:
    """One a logged choice, (n,) each. ``own``: what the champion itself would have shown there; ``place`` and
    ``target_place``: places among the candidates, of external lists nothing."""

    users: list[str]
    rewards: Floats
    propensities: Floats
    target: Floats
    own: Floats
    place: npt.NDArray[np.int64]
    target_place: npt.NDArray[np.int64]
    unused: int


def estimate(
    version: ModelVersion, *, days: int = DAYS, seconds: float = SECONDS, now: dt.datetime | None = None
) -> Estimate:
    """Of a version of a recommender that is not in production, on the last ``days`` (1 to 90). Never raises for what
    is missing: ``state`` and ``sentence`` say it. Raises OperationalError where the log does not answer in time."""
    at = now or timezone.now()
    live = champion(version.model)
    since = max(at - dt.timedelta(days=days), learnt_until(version))
    told = {
        "version": version.number, "against": live.number if live else "", "kind": "", "days": days,
        "since": _moment(since), "at": _moment(at),
    }  # fmt: skip
    if live is None or live.pk == version.pk:
        why = "is in production itself" if live else "has nothing in production to be held against"
        return Estimate("none", f"{version.number} {why}.", **told)  # type: ignore[arg-type]
    if Family(version.model.family).is_tabular:
        return Estimate("none", "Only lists are estimated; this model answers rows.", **told)  # type: ignore[arg-type]
    logged = read(live, since)
    drawn = [one for one in logged if one.own and one.propensities[-1] < 1]
    sent = [one for one in logged if not one.own and any(0 < chance < 1 for chance in one.propensities)]
    told |= {"kind": "exploration" if drawn else "external" if sent else "", "lists": len(drawn or sent)}
    if not drawn and not sent:
        after = (
            f"since {since:%Y-%m-%d %H:%M} UTC, when what {version.number} learnt from ends or the {days} days begin"
        )
        return Estimate("none", f"No list was logged with propensities {after}. {HOW}", **told)  # type: ignore[arg-type]
    try:
        found = _explored(live, version, drawn, seconds) if drawn else _external(version, sent, seconds)
    except CannotChoose as error:
        return Estimate("cannot", str(error), **told)  # type: ignore[arg-type]
    return _judged(found, told)


def remembered(version: ModelVersion, days: int = DAYS) -> Estimate | None:
    """The estimate that was made in the last ten minutes."""
    found = cache.get(_key(version, days))
    try:
        return Estimate(**found) if isinstance(found, dict) else None
    except TypeError:  # an older release wrote it
        return None


def asked(version: ModelVersion, days: int = DAYS) -> Estimate:
    """The remembered estimate, or a new one, which is remembered."""
    known = remembered(version, days)
    if known is not None:
        return known
    try:
        made = estimate(version, days=days)
    except OperationalError:
        now = _moment(timezone.now())
        words = "The log did not answer in time; try again later, or with fewer days."
        return Estimate("cannot", words, version.number, "", "", days, now, now)
    cache.set(_key(version, days), asdict(made), REMEMBERED_SECONDS)
    return made


def learnt_until(version: ModelVersion) -> dt.datetime:
    """From when on lists are new to the version: the start of a composed dataset's holdout, else the end of its data,
    or when that came, where it has no times."""
    line = lineage(version.dataset)
    start = (line.get("counts") or {}).get("holdout_from")
    if start is not None:
        return dt.datetime.fromtimestamp(float(start), tz=dt.UTC)
    return version.dataset.last_at or version.dataset.created_at


def _key(version: ModelVersion, days: int) -> str:
    live = champion(version.model)
    return f"off-policy:{version.pk}:{live.pk if live else ''}:{days}"


def _explored(live: ModelVersion, version: ModelVersion, lists: Sequence[LoggedList], seconds: float) -> _Choices:
    until = time.monotonic() + seconds
    made = ranker().choices(live, version, [Drawn(one.user, one.items[:-1], one.items[-1]) for one in lists])
    kept = []
    for one in lists:
        choice = next(made)
        if choice is not None and choice.other is not None:
            kept.append((one, choice.logged, choice.other))
        if time.monotonic() > until:
            break
    place = np.array([logged for _, logged, _ in kept], np.int64)
    other = np.array([chosen for _, _, chosen in kept], np.int64)
    return _Choices(
        users=[one.user for one, _, _ in kept],
        rewards=np.array([one.items[-1] in one.liked for one, _, _ in kept], np.float64),
        propensities=np.array([one.propensities[-1] for one, _, _ in kept], np.float64),
        target=(place == other).astype(np.float64),
        own=(place == 0).astype(np.float64),
        place=place,
        target_place=other,
        unused=len(lists) - len(kept),
    )


def _external(version: ModelVersion, lists: Sequence[LoggedList], seconds: float) -> _Choices:
    until = time.monotonic() + seconds
    made = ranker().lists(version, [(one.user, len(one.items)) for one in lists])
    users: list[str] = []
    rows: list[tuple[bool, float, bool]] = []
    used = 0
    for one, shown in zip(islice(lists, None), made, strict=False):
        used += 1
        for item, chance in zip(one.items, one.propensities, strict=True):
            if 0 < chance < 1:
                users.append(one.user)
                rows.append((item in one.liked, chance, item in shown))
        if time.monotonic() > until:
            break
    columns = np.array(rows, np.float64).reshape(-1, 3)
    nothing = np.zeros(len(rows), np.int64)
    return _Choices(
        users, columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 1], nothing, nothing, len(lists) - used
    )


def _judged(found: _Choices, told: dict[str, Any]) -> Estimate:
    exploring = told["kind"] == "exploration"
    clip = EXPLORED_CLIP if exploring else CLIP
    other = _of(found, found.target, clip)
    own = _of(found, found.own, clip)
    robust = _robust(found, clip) if exploring and len(found.rewards) else None
    state = "estimated" if other.state == "estimated" else "not_enough"
    return Estimate(
        state, _sentence(found, other, own, told), **told, unused=found.unused, challenger=_document(other),
        champion=_document(own), robust=robust,
    )  # fmt: skip


def _of(found: _Choices, target: Floats, clip: float) -> OffPolicy:
    return judge.estimate(judge.weighed(found.rewards, found.propensities, target, found.users, clip))


def _robust(found: _Choices, clip: float) -> dict[str, float | None]:
    """Doubly robust: the reward of a place among the candidates is expected to be its mean over the other half of the
    users, drawn to the mean of all where there are few."""
    half = np.array([zlib.crc32(user.encode()) & 1 for user in found.users])
    logged, target = np.zeros(len(half)), np.zeros(len(half))
    for mine in (0, 1):
        others = half != mine
        mean = float(found.rewards[others].mean()) if others.any() else 0.0
        size = int(max(found.place.max(), found.target_place.max())) + 1
        sums = np.bincount(found.place[others], found.rewards[others], size)
        counts = np.bincount(found.place[others], minlength=size)
        expected = (sums + PRIOR * mean) / (counts + PRIOR)
        logged[~others], target[~others] = expected[found.place[~others]], expected[found.target_place[~others]]
    sums_of = judge.doubly_robust(found.rewards, found.propensities, found.target, logged, target, found.users, clip)
    interval = ratio_interval(sums_of.n, sums_of.x, sums_of.y, sums_of.xx, sums_of.yy, sums_of.xy, LEVEL)
    return {name: _finite(getattr(interval, name)) for name in ("value", "low", "high")}


def _sentence(found: _Choices, other: OffPolicy, own: OffPolicy, told: dict[str, Any]) -> str:
    number, against = told["version"], told["against"]
    exploring = told["kind"] == "exploration"
    if other.state != "estimated":
        how = "More lists that explore are needed, or a larger share of them." if exploring else HOW
        more = "" if other.effective >= LEAST_EFFECTIVE else f" {how}"
        return f"Not enough to say how {number} would do. {other.sentence}{more}"
    where = "at the place that is drawn" if exploring else "an item it would show too"
    before = (
        f"; of {against}'s own choice there {_percent(own)}" if exploring else f"; of what was shown {_percent(own)}"
    )
    return (
        f"Users would say yes to {_percent(other)} of what {number} shows {where}{before}. {other.rows:,} logged "
        f"choices of {other.users:,} users count as {other.effective:,.0f}. A hint, and no test."
    )


def _percent(one: OffPolicy) -> str:
    if one.value is None:
        return "an unknown share"
    within = (
        "" if one.low is None or one.high is None else f" ({100 * max(0.0, one.low):.2f} to {100 * one.high:.2f} %)"
    )
    return f"{100 * one.value:.2f} %{within}"


def _document(one: OffPolicy) -> dict[str, Any]:
    return {**asdict(one), "sentence": "", "effective": round(one.effective)}


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(sep=" ", timespec="minutes")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
