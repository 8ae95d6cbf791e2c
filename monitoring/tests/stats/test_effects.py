"""Effect sizes are SciPy's on raw values, and lie within their stated bound on bins."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from monitoring.stats import effects
from monitoring.stats.bins import Bins

SAMPLES = ["normal", "ties", "heavy", "one", "equal"]


def sample(name: str, seed: int, shift: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return {
        "normal": lambda: rng.normal(shift, 1, 700),
        "ties": lambda: rng.poisson(3 + shift, 900).astype(float),
        "heavy": lambda: rng.standard_t(2, 400) + shift,
        "one": lambda: np.array([1.5 + shift]),
        "equal": lambda: np.full(50, 2.0 + shift),
    }[name]()


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_raw_distances_are_scipys(name: str, shift: float) -> None:
    one, two = sample(name, 1), sample(name, 2, shift)
    assert effects.ks(one, two) == pytest.approx(stats.ks_2samp(one, two).statistic, abs=1e-9)
    expected = stats.wasserstein_distance(one, two)
    assert effects.wasserstein(one, two, normalised=False) == pytest.approx(expected, abs=1e-9)


def test_wasserstein_is_in_standard_deviations_of_the_reference() -> None:
    one, two = sample("normal", 1), sample("normal", 2, 0.5)
    assert effects.wasserstein(one, two) == pytest.approx(stats.wasserstein_distance(one, two) / one.std(), abs=1e-9)
    assert effects.wasserstein([1, 1, 1], [1, 1]) == 0
    assert effects.wasserstein([1, 1, 1], [2.0]) == np.inf


def test_jensen_shannon_is_scipys_in_bits_and_psi_the_sum_by_hand() -> None:
    one, two = np.array([10, 20, 0, 70]), np.array([30, 0, 5, 165])
    assert effects.jensen_shannon(one, two) == pytest.approx(jensenshannon(one, two, base=2), abs=1e-9)
    p, q = [0.1, 0.2, 1e-4, 0.7], [0.15, 1e-4, 0.025, 0.825]
    by_hand = sum((y - x) * np.log(y / x) for x, y in zip(p, q, strict=True))
    assert effects.psi(one, two) == pytest.approx(by_hand, abs=1e-12)
    assert effects.total_variation(one, two) == pytest.approx((0.05 + 0.2 + 0.025 + 0.125) / 2)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", ["normal", "ties", "heavy"])
def test_binned_distances_lie_within_their_bound(name: str, seed: int) -> None:
    one, two = sample(name, seed), sample(name, 100 + seed, 0.25)
    bins = Bins.fit(np.concatenate([one, two]), "numeric")
    counts, others = bins.compared(bins.count(one)), bins.compared(bins.count(two))
    statistic, bound = effects.ks_binned(counts, others)
    assert statistic - 1e-12 <= effects.ks(one, two) <= statistic + bound + 1e-12
    assert bound < 0.25
    distance, most = effects.wasserstein_binned(bins.edges, counts[1:-1], others[1:-1], one.std())
    assert abs(distance - effects.wasserstein(one, two)) <= most + 1e-12


def test_wasserstein_of_bins_is_exact_for_values_spread_evenly() -> None:
    one, two = np.array([100, 0, 100]), np.array([0, 100, 100])
    distance, _ = effects.wasserstein_binned([0, 1, 2, 3], one, two)
    assert distance == pytest.approx(0.5)
    crossed, _ = effects.wasserstein_binned([0, 1, 2, 3], [1, 0, 1], [0, 2, 0])
    inside = (np.arange(300_000) + 0.5) / 100_000
    shape = np.where(inside < 1, inside / 2, np.where(inside < 2, 1.5 - inside, (inside - 3) / 2))
    assert crossed == pytest.approx(np.abs(shape).sum() / 100_000 / 1, rel=1e-3)


def test_chance_is_taken_off() -> None:
    rng = np.random.default_rng(0)
    shares = np.full(50, 0.02)
    pairs = [(rng.multinomial(1000, shares), rng.multinomial(1000, shares)) for _ in range(200)]
    assert np.mean([effects.psi(one, two) for one, two in pairs]) == pytest.approx(49 * 0.002, rel=0.15)
    assert np.mean([effects.psi_excess(one, two) for one, two in pairs]) < 0.02
    assert np.median([effects.jensen_shannon_excess(one, two) for one, two in pairs]) < 0.06
    one, two = [400_000, 600_000], [500_000, 500_000]
    assert effects.jensen_shannon_excess(one, two) == pytest.approx(effects.jensen_shannon(one, two), rel=1e-3)


def test_an_empty_side_has_no_distance() -> None:
    for found in (
        effects.psi([0, 0], [1, 2]),
        effects.psi_excess([1, 2], [0, 0]),
        effects.jensen_shannon([1, 2], [0, 0]),
        effects.jensen_shannon_excess([0, 0], [0, 0]),
        effects.total_variation([0, 0], [1, 2]),
        effects.ks([], [1.0]),
        effects.wasserstein([1.0], []),
        *effects.ks_binned([0], [1]),
        *effects.wasserstein_binned([0, 1], [0], [1]),
    ):
        assert np.isnan(found)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: effects.psi([1, 2], [1]), "2 bins are accepted"),
        (lambda: effects.psi([1, -2], [1, 1]), "at least 0"),
        (lambda: effects.psi([[1]], [[1]]), "a vector of counts"),
        (lambda: effects.ks([1.0, np.nan], [1.0]), "got NaN"),
        (lambda: effects.ks([[1.0]], [1.0]), "a vector of values"),
        (lambda: effects.wasserstein([1.0, np.inf], [1.0]), "got infinity"),
        (lambda: effects.wasserstein_binned([0, 1], [1, 2], [1, 2]), "3 of them are accepted"),
    ],
)
def test_what_is_no_sample_is_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
