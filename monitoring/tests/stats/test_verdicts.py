"""A signal moves by effect, significance and sample together; what cannot be judged is never well."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.stats.bins import Bins
from monitoring.stats.calibration import calibrate
from monitoring.stats.profiles import fit
from monitoring.stats.thresholds import Thresholds
from monitoring.stats.verdicts import Judged, Signal, drift_score, is_alarm, judge

RNG = np.random.default_rng(0)
REFERENCE = RNG.normal(0, 1, 20_000)


def signal(reference: object, current: object, kind: str = "numeric", name: str = "x") -> Signal:
    bins, counts = fit(reference, kind)  # type: ignore[arg-type]
    return Signal(name, kind, counts, bins.count(current), bins)  # type: ignore[arg-type]


def one(reference: object, current: object, kind: str = "numeric", **more: object) -> Judged:
    return judge([signal(reference, current, kind)], **more)[0]  # type: ignore[arg-type]


def test_a_moved_mean_is_found_by_ks_and_wasserstein_where_psi_is_small() -> None:
    found = one(REFERENCE, RNG.normal(0.2, 1, 5000))
    figures = {figure.statistic: figure for figure in found.figures}
    assert (found.verdict in ("watch", "act"), found.reason) == (True, "moved")
    assert figures["ks"].moved
    assert figures["wasserstein"].moved
    assert not figures["psi"].moved
    assert figures["psi"].value == pytest.approx(0.04, abs=0.02)
    assert figures["total_variation"].threshold is None
    assert figures["ks"].bound < 0.05


def test_twice_the_threshold_asks_to_act() -> None:
    assert one(REFERENCE, RNG.normal(0.5, 1, 5000)).verdict == "act"


def test_a_spread_that_changes_is_found_though_the_mean_stays() -> None:
    assert one(REFERENCE, RNG.normal(0, 1.4, 2000)).moved


def test_an_effect_that_may_be_chance_and_a_sure_one_that_is_small_are_well() -> None:
    by_chance = one(REFERENCE[:600], RNG.normal(0.12, 1, 600))
    assert (by_chance.verdict, by_chance.reason) == ("ok", "chance")
    sure = one(RNG.normal(0, 1, 300_000), RNG.normal(0.05, 1, 300_000))
    assert (sure.verdict, sure.reason) == ("ok", "small")
    assert sure.figures[0].adjusted_p < 1e-9


@pytest.mark.parametrize("size", [0, 1, 499])
def test_too_few_are_not_enough(size: int) -> None:
    found = one(REFERENCE, np.full(size, 9.0))
    assert (found.verdict, found.reason) == ("not_enough", "few" if size else "vanished")
    assert found.severity == 0
    assert one(REFERENCE[:size], REFERENCE).verdict == "not_enough"
    assert drift_score([found]) is None


def test_a_feature_that_appears_or_vanishes() -> None:
    bins, counts = fit(REFERENCE, "numeric")
    appeared, vanished, absent = judge(
        [
            Signal("new", "numeric", None, counts, bins),
            Signal("gone", "numeric", counts, None, bins),
            Signal("absent", "numeric", counts, bins.absent(600), bins),
        ]
    )
    assert (appeared.verdict, appeared.reason) == ("not_enough", "no_reference")
    assert (vanished.verdict, vanished.reason) == ("not_enough", "vanished")
    assert (absent.verdict, absent.decided_by.statistic) == ("act", "missing_share")


def test_an_empty_reference_judges_nothing() -> None:
    found = one([], REFERENCE)
    assert (found.verdict, found.reason, found.reference_size) == ("not_enough", "no_reference", 0)


def test_equal_values_that_become_others() -> None:
    same = one(np.full(1000, 3.0), np.full(1000, 3.0))
    assert (same.verdict, same.decided_by.value) == ("ok", 0)
    other = one(np.full(1000, 3.0), np.full(1000, 3.5))
    assert other.verdict == "act"
    assert {figure.statistic: figure.value for figure in other.figures}["ks"] == 1


def test_missing_and_infinite_values_are_judged_apart() -> None:
    current = RNG.normal(0, 1, 4000)
    current[:400], current[400:800] = np.nan, np.inf
    found = one(REFERENCE, current)
    moved = {figure.statistic: figure for figure in found.figures if figure.moved}
    assert set(moved) == {"missing_share", "infinite_share"}
    assert moved["missing_share"].value == pytest.approx(0.1)
    assert one(current, np.random.default_rng(9).permutation(current)).verdict == "ok"


def test_a_category_never_seen() -> None:
    words = RNG.choice(["a", "b", "c"], 5000)
    current = np.where(RNG.random(5000) < 0.08, "z", words)
    found = one(words, current, "categorical")
    assert found.moved
    assert not one(words, RNG.choice(["a", "b", "c"], 5000), "categorical").moved


def test_a_share_that_doubles_and_one_in_a_million_that_does() -> None:
    doubled = one(RNG.random(5000) < 0.05, RNG.random(5000) < 0.1, "share")
    assert (doubled.moved, doubled.decided_by.statistic) == (True, "ratio")
    rare = Bins.fit([], "share")
    tiny = Signal("x", "share", [10**9, 10_000, 0], [10**9, 20_000, 0], rare)
    assert judge([tiny])[0].verdict == "ok"


def test_many_signals_need_more_evidence() -> None:
    rng = np.random.default_rng(3)
    reference, current = rng.normal(0, 1, 1000), rng.normal(0.22, 1, 1000)
    bins, counts = fit(reference, "numeric")
    moved = Signal("moved", "numeric", counts, bins.count(current), bins)
    still = Signal("still", "numeric", counts, counts, bins)
    alone, among = judge([moved])[0], judge([moved, *[still] * 199])[0]
    assert among.decided_by.adjusted_p == pytest.approx(min(1, 200 * alone.decided_by.p_value))
    assert (alone.moved, among.moved) == (True, False)


def test_dependent_rows_need_more_evidence() -> None:
    bins, counts = fit(REFERENCE[:1000], "numeric")
    current = bins.count(np.random.default_rng(3).normal(0.25, 1, 1000))
    alone, of_ten = (judge([Signal("x", "numeric", counts, current, bins, effect)])[0] for effect in (1.0, 10.0))
    assert (alone.moved, of_ten.moved) == (True, False)


def test_a_models_own_thresholds() -> None:
    current = RNG.normal(0.2, 1, 5000)
    assert one(REFERENCE, current, thresholds={"ks": 0.5, "wasserstein": 0.5}).verdict == "ok"
    assert one(REFERENCE, current, thresholds={"numeric.ks": 0.5, "wasserstein": 0.5}).verdict == "ok"
    assert one(REFERENCE, current, thresholds={"categorical.psi": 0.5}).moved
    for bad, words in (({"kss": 1.0}, "jensen_shannon"), ({"ks": 0.0}, "above 0"), ({"other.ks": 1.0}, "accepted")):
        with pytest.raises(ValueError, match=words):
            Thresholds(bad)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Thresholds(alpha=1.0)


def test_thresholds_calibrated_on_a_reference_that_swings() -> None:
    rng = np.random.default_rng(1)
    bins, counts = fit(rng.normal(0, 1, 20_000), "numeric")
    swinging = [bins.count(rng.normal(level, 1, 2000)) for level in (-0.3, 0.3, -0.2, 0.2, 0.0, 0.25, -0.25)]
    steady = [bins.count(rng.normal(0, 1, 2000)) for _ in range(7)]
    limits = calibrate({"x": swinging, "y": steady, "z": steady[:4]}, {"x": bins, "y": bins, "z": bins})
    assert set(limits) == {"x", "y"}
    current = bins.count(rng.normal(0.25, 1, 5000))
    signals = [Signal(name, "numeric", counts, current, bins) for name in ("x", "y")]
    x, y = judge(signals, Thresholds(by_signal=limits))
    assert (x.moved, y.moved) == (False, True)
    assert limits["x"]["ks"] > 0.1
    assert limits["y"]["ks"] < 0.05
    assert y.figures[0].threshold == 0.05


def test_the_score_is_half_the_worst_and_half_the_share_that_moved() -> None:
    moved = one(REFERENCE, RNG.normal(3, 1, 5000))
    still = one(REFERENCE, RNG.normal(0, 1, 5000))
    few = one(REFERENCE, [1.0])
    ratio = moved.decided_by.ratio
    expected = ratio / (1 + ratio) / 2 + 0.25 / 2
    assert drift_score([moved, still, few, still, still]) == pytest.approx(expected)
    assert drift_score([still]) == 0
    assert drift_score([]) is None
    assert (is_alarm([still, few]), is_alarm([still, moved])) == (False, True)


def test_no_signal_no_verdict() -> None:
    assert judge([]) == []
