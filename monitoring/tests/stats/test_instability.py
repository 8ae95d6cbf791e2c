"""F1 instability: coefficient of variation with its uncertainty."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from monitoring.stats.instability import instability, interval_of_cv


def test_the_figures_are_those_of_scipy() -> None:
    f1s = [0.7, 0.6, 0.8, 0.65, float("nan"), 0.75]
    found = instability(f1s)
    known = np.array([0.7, 0.6, 0.8, 0.65, 0.75])
    assert (found.n, found.mean, found.sd) == (5, pytest.approx(known.mean()), pytest.approx(known.std(ddof=1)))
    assert found.cv == pytest.approx(stats.variation(known, ddof=1))
    assert (found.verdict, found.p_value > 0.9) == ("ok", True)
    assert found.low < found.cv < found.high


def test_swings_ask_to_watch_and_sure_ones_to_act() -> None:
    assert instability([0.2, 0.7, 0.5, 0.9, 0.4, 0.6]).verdict == "watch"
    assert instability([0.05, 0.9] * 10).verdict == "act"
    noisy = instability([0.2, 0.7, 0.5, 0.9, 0.4, 0.6], standard_errors=[0.25] * 6)
    assert (noisy.verdict, noisy.noise_p_value > 0.05) == ("ok", True)
    sharp = instability([0.2, 0.7, 0.5, 0.9, 0.4, 0.6], standard_errors=[0.02] * 6)
    assert (sharp.verdict, sharp.noise_p_value < 1e-6) == ("watch", True)
    assert instability([0.2, 0.7, 0.5, 0.9, 0.4, 0.6], standard_errors=[0.0] * 6).noise_p_value is None


def test_too_few_windows_and_a_mean_of_zero_are_not_enough() -> None:
    assert instability([]).verdict == instability([0.5]).verdict == instability([0.1, 0.9]).verdict == "not_enough"
    assert instability([0.1, 0.9]).cv == pytest.approx(math.sqrt(0.32) / 0.5)
    assert instability([0.0] * 6).cv is None
    steady = instability([0.6] * 6)
    assert (steady.verdict, steady.cv, steady.p_value) == ("ok", pytest.approx(0, abs=1e-12), pytest.approx(1))


def test_the_interval_and_the_p_value_keep_their_word() -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(1, 0.3, (2000, 10)).clip(1e-6) / 4
    found = [instability(sample.clip(0, 1)) for sample in samples]
    covered = np.mean([one.low <= 0.3 <= one.high for one in found])
    assert covered == pytest.approx(0.95, abs=0.02)
    assert np.mean([one.p_value < 0.05 for one in found]) == pytest.approx(0.05, abs=0.02)
    assert interval_of_cv(3.0, 5)[1] == math.inf


def test_what_is_no_f1_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        instability([0.5, 1.5])
    with pytest.raises(ValueError, match="one a window"):
        instability([0.5, 0.6], standard_errors=[0.1])
