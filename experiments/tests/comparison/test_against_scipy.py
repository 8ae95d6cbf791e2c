"""Intervals and p-values agree with SciPy's, within the error that drawn resamples have."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from experiments.learning.comparison.bootstrap import RESAMPLES, expanded_tail, interval, resampled_sums
from experiments.learning.comparison.randomisation import SWAPS, Swapped, upper_limit
from experiments.tests.comparison.scenes import SCENES, pair_of, value, verdict

USERS = 120


def statistic(metric):
    """The difference of two runs as SciPy calls it: arrays of each column, users last."""
    names = {"rmse": ("squared_error", "ratings"), "f1_at_10": ("precision_at_10", "recall_at_10")}.get(metric)

    def of(columns):
        if metric == "rmse":
            return np.sqrt(columns[0].sum(axis=-1) / columns[1].sum(axis=-1))
        if metric == "f1_at_10":
            p, r = columns[0].mean(axis=-1), columns[1].mean(axis=-1)
            return 2 * p * r / (p + r)
        return columns[0].mean(axis=-1)

    return names or (metric,), of


@pytest.mark.parametrize("metric", ["ndcg_at_10", "f1_at_10", "rmse"])
def test_interval_is_that_of_scipys_paired_bootstrap_at_the_expanded_level(metric):
    a, b = SCENES[metric](np.random.default_rng(1), USERS, 0.3 if metric != "rmse" else 0.1)
    names, of = statistic(metric)
    columns = [each[name] for each in (a, b) for name in names]
    resampled = resampled_values(metric, a, b)
    error, weights = jackknife(metric, a, b), a.get("ratings", np.ones(USERS))
    level = 1 - 2 * expanded_tail(resampled, error, weights.sum() ** 2 / np.square(weights).sum(), 0.95)
    assert 0.93 < level < 0.98
    theirs = stats.bootstrap(
        columns,
        lambda *drawn, axis: of(drawn[len(names) :]) - of(drawn[: len(names)]),
        paired=True,
        n_resamples=RESAMPLES,
        method="percentile",
        confidence_level=level,
        vectorized=True,
        rng=np.random.default_rng(2),
    )
    pair = pair_of(metric, a, b)
    # Standard error of a 2.5 % quantile of 4,000 draws is 4.3 % of a standard deviation, of the difference of two 6 %.
    allowed = 4 * 0.06 * theirs.standard_error
    assert pair.low == pytest.approx(theirs.confidence_interval.low, abs=allowed)
    assert pair.high == pytest.approx(theirs.confidence_interval.high, abs=allowed)
    assert pair.difference == pytest.approx(value(metric, b) - value(metric, a), abs=1e-12)


def resampled_values(metric, a, b):
    """Differences over users drawn one by one."""
    generator = np.random.default_rng(7)
    found = []
    for _ in range(2000):
        drawn = generator.integers(0, USERS, USERS)
        found.append(np.subtract(*(value(metric, {name: x[drawn] for name, x in each.items()}) for each in (b, a))))
    return np.array(found)


def jackknife(metric, a, b):
    left = []
    for user in range(USERS):
        without = [{name: np.delete(x, user) for name, x in each.items()} for each in (b, a)]
        left.append(value(metric, without[0]) - value(metric, without[1]))
    return np.sqrt((USERS - 1) / USERS * np.square(np.array(left) - np.mean(left)).sum())


@pytest.mark.parametrize("seed", range(3))
def test_p_value_of_a_mean_is_that_of_scipys_permutation_test(seed):
    a, b = SCENES["ndcg_at_10"](np.random.default_rng(seed), USERS, 0.5)
    theirs = stats.permutation_test(
        (a["ndcg_at_10"], b["ndcg_at_10"]),
        lambda x, y, axis: y.mean(axis=axis) - x.mean(axis=axis),
        permutation_type="samples",
        n_resamples=SWAPS,
        vectorized=True,
        rng=np.random.default_rng(seed + 100),
    ).pvalue
    assert abs(pair_of("ndcg_at_10", a, b).p_value - theirs) < monte_carlo(theirs)


@pytest.mark.parametrize("metric", ["f1_at_10", "rmse"])
def test_p_value_of_f1_and_rmse_is_that_of_swapping_whole_users(metric):
    """SciPy is given the positions of users' rows and swaps those, so its statistic is ours and its draws its own."""
    a, b = SCENES[metric](np.random.default_rng(5), USERS, 0.3 if metric != "rmse" else 0.07)
    names, of = statistic(metric)
    rows = [np.concatenate([a[name], b[name]]) for name in names]

    def difference(first, second, axis):
        first, second = np.asarray(first, dtype=int), np.asarray(second, dtype=int)
        return of([row[second] for row in rows]) - of([row[first] for row in rows])

    theirs = stats.permutation_test(
        (np.arange(USERS), np.arange(USERS) + USERS),
        difference,
        permutation_type="samples",
        n_resamples=SWAPS,
        vectorized=True,
        rng=np.random.default_rng(6),
    ).pvalue
    assert abs(pair_of(metric, a, b).p_value - theirs) < monte_carlo(theirs)


def monte_carlo(p, theirs=SWAPS):
    """Four standard errors of the difference of two estimates from drawn swaps."""
    return 4 * np.sqrt(max(p, 0.002) * (1 - p) * (1 / SWAPS + 1 / theirs))


def test_upper_limit_is_clopper_and_pearsons():
    for extreme in (0, 3, 400, 4000):
        exact = stats.binomtest(extreme, SWAPS).proportion_ci(0.9998, method="exact").high
        assert upper_limit(extreme, SWAPS) == pytest.approx(exact, rel=1e-9)
    assert upper_limit(SWAPS, SWAPS) == 1.0


def test_bound_far_out_is_above_the_exact_probability():
    """All 2^14 swaps of 14 users are counted: the bound is never below the share that is as extreme."""
    signs = 1 - 2 * ((np.arange(2**14)[:, None] >> np.arange(14)) & 1)
    for seed in range(20):
        gains = np.random.default_rng(seed).exponential(size=14) ** 2
        sums = np.abs(signs @ gains)
        exact = np.mean(sums >= gains.sum() - 1e-9)
        bound = Swapped(10**6, 10**6, gains.sum() / np.sqrt(np.square(gains).sum())).p_limit
        assert bound >= exact


def test_every_resample_draws_as_many_users_as_there_are():
    units = np.column_stack([np.arange(50.0), np.ones(50)])
    sums = resampled_sums(units, 500, seed=1)
    assert (sums[:, 1] == 50).all()
    assert sums[:, 0].mean() == pytest.approx(units[:, 0].sum(), rel=0.02)
    assert sums[:, 0].std() == pytest.approx(np.sqrt(50) * units[:, 0].std(), rel=0.15)


def test_expanded_level_of_a_normal_mean_is_students_interval():
    """On exact normal quantiles of a bootstrap (deviation sigma / sqrt(n)), the interval is that of Student's t."""
    users, sample = 40, np.random.default_rng(3).normal(size=40)
    mean, deviation = sample.mean(), sample.std(ddof=0) / np.sqrt(users)
    quantiles = stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000, mean, deviation)
    low, high = interval(quantiles, stats.sem(sample), users, 0.95)
    expected = stats.t.interval(0.95, users - 1, mean, stats.sem(sample))
    assert (low, high) == pytest.approx(expected, abs=1e-4)


def test_standard_error_of_a_mean_is_the_textbooks():
    a, b = SCENES["ndcg_at_10"](np.random.default_rng(1), USERS)
    found = verdict("ndcg_at_10", a, b).runs[0]
    assert found.standard_error == pytest.approx(stats.sem(a["ndcg_at_10"]), rel=1e-9)
