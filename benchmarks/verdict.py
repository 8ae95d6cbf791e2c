"""Is the verdict right as often as it says? Coverage, false claims and speed beside SciPy; one JSON line a figure.

    python -m benchmarks.verdict [--pairs 1000] [--users 100,943] [--skip calibration,methods,speed]

Each scene draws per-user results of two models from a population in which the truth is known: NDCG-like values with
many zeros and a long tail, precision and recall from hits of short lists (F1 of their means), and rating errors with a
long-tailed number of ratings a user (RMSE). Users differ in difficulty, which both models feel.

"rmse, heavy" is a limit and no ordinary case: a twentieth of the users holds most of the ratings.

- ``calibration``: two equal models, and two that differ. Reported are the share of pairs in which compare() claims a
  difference (equal models; "unequal spread" has the same F1 from another precision and recall), how often the intervals
  of differences and of single values cover the truth, and how often a real difference is found.
- ``methods``: coverage of the interval methods that were candidates, on the same data.
- ``speed``: compare() beside scipy.stats.bootstrap and permutation_test with as many resamples, in turn.
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import time

import numpy as np
from scipy import stats

from experiments.learning.comparison.bootstrap import RESAMPLES, expanded_tail
from experiments.learning.comparison.per_user import PerUser
from experiments.learning.comparison.randomisation import SWAPS
from experiments.learning.comparison.verdict import RunScores, compare

POPULATION = 2_000_000
LIST = 10


def ndcg(generator, users, better=0.0):
    """Two models: a user is served at all with a chance that falls with difficulty, and then more or less well."""
    ease = generator.normal(size=users)

    def one(shift):
        served = generator.random(users) < 1 / (1 + np.exp(-(1.2 * ease - 0.7 + shift)))
        return {"ndcg_at_10": np.where(served, generator.beta(1.2, 3.0, users), 0.0)}

    return one(0.0), one(better)


def lists(generator, users, better=0.0, spread=(LIST, LIST)):
    """Two models: each user has some relevant items, each found with a chance; lists of ``spread`` items."""
    relevant = 1 + generator.geometric(0.2, users)
    ease = generator.normal(size=users)

    def one(shift, length):
        chance = 1 / (1 + np.exp(-(0.8 * ease - 1.5 + shift)))
        hits = np.minimum(generator.binomial(relevant, chance), length)
        return {"precision_at_10": hits / length, "recall_at_10": hits / relevant}

    return one(0.0, spread[0]), one(better, spread[1])


def errors(generator, users, better=0.0, heavy=False):
    """Two models: sums of squared errors over a long-tailed number of ratings; some users are hard to predict.

    Ratings a user have a coefficient of variation of 1.1, as in the test part of MovieLens 100k (1.0); 2.3 if heavy.
    """
    if heavy:
        ratings = np.minimum(1 + np.floor(generator.pareto(1.2, users) * 8), 400)
    else:
        ratings = 1 + np.floor(generator.lognormal(2.5, 0.9, users))
    scale = generator.lognormal(0.0, 0.35, users)

    def one(shift):
        sums = generator.gamma(ratings / 2, 2 * scale * 0.8 * (1 - shift))
        return {"squared_error": sums, "ratings": ratings}

    return one(0.0), one(better)


SCENES = {
    "ndcg_at_10": ("catalogue", ndcg, {"better": 0.3}),
    "f1_at_10": ("catalogue", lists, {"better": 0.25}),
    "rmse": ("pointwise", errors, {"better": 0.05}),
    "rmse, heavy": ("pointwise", functools.partial(errors, heavy=True), {"better": 0.05}),
}


def scores(protocol, columns, key):
    return RunScores(key, PerUser.of(protocol, np.arange(len(next(iter(columns.values())))), columns))


def truth(metric, protocol, scene, options):
    """(value of a, value of b) in the population."""
    a, b = scene(np.random.default_rng(99), POPULATION, **options)
    return tuple(point(metric, columns) for columns in (a, b))


def point(metric, columns):
    """The metric, written down once more so that ours is not its own judge."""
    if metric.startswith("rmse"):
        return float(np.sqrt(columns["squared_error"].sum() / columns["ratings"].sum()))
    if metric == "f1_at_10":
        p, r = columns["precision_at_10"].mean(), columns["recall_at_10"].mean()
        return float(2 * p * r / (p + r))
    return float(columns[metric].mean())


def say(**figure):
    print(json.dumps(figure), flush=True)


def share(flags):
    """A share with the standard error it has from so many pairs."""
    found = float(np.mean(flags))
    return round(found, 4), round(float(np.sqrt(found * (1 - found) / len(flags))), 4)


def calibrate(users, pairs):
    """False claims among equal models, coverage of intervals, claims among different ones."""
    for metric, (protocol, scene, different) in SCENES.items():
        for models, options in (("equal", {}), ("different", different)):
            true = truth(metric, protocol, scene, options) if options else None
            generator = np.random.default_rng(7)
            outcomes, p_values, covers, covers_a = [], [], [], []
            population = true or (truth(metric, protocol, scene, {})[0],) * 2
            for number in range(pairs):
                a, b = scene(generator, users, **options)
                runs = [scores(protocol, a, "a"), scores(protocol, b, "b")]
                found = compare(runs, metric.partition(",")[0], protocol, seed=number)
                pair, run = found.pairs[0], found.runs[0]
                outcomes.append(pair.outcome in ("a_better", "b_better"))
                p_values.append(pair.p_value < 0.05)
                covers.append(pair.low <= population[1] - population[0] <= pair.high)
                covers_a.append(run.low <= population[0] <= run.high)
            for what, flags in (
                ("claims", outcomes),
                ("p below 0.05", p_values),
                ("interval of the difference covers", covers),
                ("interval of a value covers", covers_a),
            ):
                found, error = share(flags)
                say(what=what, models=models, metric=metric, users=users, pairs=pairs, share=found, error=error)
    unequal_spread(users, pairs)


def unequal_spread(users, pairs):
    """Equal F1 from unlike precision and recall: not exchangeable, so the randomisation test is not exact here."""
    options = {"spread": (LIST, LIST - 3)}
    low, high = -1.0, 1.0
    for _ in range(30):  # the second model's strength at which both have the same F1
        middle = (low + high) / 2
        a, b = truth("f1_at_10", "catalogue", lists, {**options, "better": middle})
        low, high = (middle, high) if b < a else (low, middle)
    generator = np.random.default_rng(8)
    claims, covers = [], []
    for number in range(pairs):
        a, b = lists(generator, users, better=(low + high) / 2, **options)
        runs = [scores("catalogue", a, "a"), scores("catalogue", b, "b")]
        pair = compare(runs, "f1_at_10", "catalogue", seed=number).pairs[0]
        claims.append(pair.outcome in ("a_better", "b_better"))
        covers.append(pair.low <= 0 <= pair.high)
    for what, flags in (("claims", claims), ("interval of the difference covers", covers)):
        found, error = share(flags)
        say(
            what=what,
            models="equal, unequal spread",
            metric="f1_at_10",
            users=users,
            pairs=pairs,
            share=found,
            error=error,
        )


def candidates(values, rows, metric, weights, confidence=0.95):
    """Interval of each method from values resampled by ``weights``; ``rows`` are the columns of one run or of two."""
    users = len(rows[0][next(iter(rows[0]))])
    left = [leave_one_out(metric, columns) for columns in rows]
    left = left[0] if len(left) == 1 else left[1] - left[0]
    whole = point(metric, rows[0]) if len(rows) == 1 else point(metric, rows[1]) - point(metric, rows[0])
    error = np.sqrt((users - 1) / users * np.square(left - left.mean()).sum())
    tail = (1 - confidence) / 2
    quantile = stats.t.ppf(1 - tail, users - 1)
    off = left.mean() - left
    acceleration = (off**3).sum() / (6 * (off**2).sum() ** 1.5)
    bias = stats.norm.ppf((np.sum(values < whole) + 0.5 * np.sum(values == whole)) / len(values))
    ends = bias + stats.norm.ppf([tail, 1 - tail])
    corrected = stats.norm.cdf(bias + ends / (1 - acceleration * ends))
    sizes = rows[0].get("ratings", np.ones(users))
    expanded = expanded_tail(values, error, sizes.sum() ** 2 / np.square(sizes).sum(), confidence)
    influence = [influences(metric, columns, weights) for columns in rows]
    influence = influence[0] if len(influence) == 1 else influence[1] - influence[0]
    errors_there = np.sqrt(np.maximum((weights * influence**2).sum(axis=1) * users / (users - 1), 1e-30))
    lowest, highest = np.quantile((values - whole) / errors_there, [tail, 1 - tail])
    return {
        "percentile": np.quantile(values, [tail, 1 - tail]),
        "expanded percentile": np.quantile(values, [expanded, 1 - expanded]),
        "BCa": np.quantile(values, corrected),
        "studentised": (whole - highest * error, whole - lowest * error),
        "t": (whole - quantile * error, whole + quantile * error),
    }


def leave_one_out(metric, columns):
    if metric.startswith("rmse"):
        squares, ratings = columns["squared_error"], columns["ratings"]
        return np.sqrt((squares.sum() - squares) / (ratings.sum() - ratings))
    users = len(next(iter(columns.values())))
    means = [(column.sum() - column) / (users - 1) for column in columns.values()]
    return 2 * means[0] * means[1] / (means[0] + means[1]) if metric == "f1_at_10" else means[0]


def influences(metric, columns, weights):
    """Linear part of each user in the metric of each resample, shape (resamples, users)."""
    if metric.startswith("rmse"):
        squares, ratings = columns["squared_error"], columns["ratings"]
        total = (weights @ ratings)[:, None]
        value = np.sqrt((weights @ squares)[:, None] / total)
        return (squares - value**2 * ratings) / (2 * value * total)
    users = len(next(iter(columns.values())))
    means = [(weights @ column)[:, None] / users for column in columns.values()]
    apart = [column - mean for column, mean in zip(columns.values(), means, strict=True)]
    if metric == "f1_at_10":
        both = (means[0] + means[1]) ** 2 * users
        return 2 * (means[1] ** 2 * apart[0] + means[0] ** 2 * apart[1]) / both
    return apart[0] / users


def resampled(metric, columns, weights):
    sums = {name: weights @ column for name, column in columns.items()}
    if metric.startswith("rmse"):
        return np.sqrt(sums["squared_error"] / sums["ratings"])
    means = [value / weights.sum(axis=1) for value in sums.values()]
    return 2 * means[0] * means[1] / (means[0] + means[1]) if metric == "f1_at_10" else means[0]


def methods(users, pairs):
    """Coverage of the candidates; twenty sets of resamples are used in turn, which all methods share."""
    generator = np.random.default_rng(9)
    weights = [generator.multinomial(users, np.full(users, 1 / users), 2000).astype(float) for _ in range(20)]
    for metric, (protocol, scene, different) in SCENES.items():
        true = truth(metric, protocol, scene, different)
        covers = {}
        for number in range(pairs):
            a, b = scene(generator, users, **different)
            drawn = [resampled(metric, columns, weights[number % 20]) for columns in (a, b)]
            for of, values, rows, right in (
                ("difference", drawn[1] - drawn[0], (a, b), true[1] - true[0]),
                ("value", drawn[0], (a,), true[0]),
            ):
                for method, (low, high) in candidates(values, rows, metric, weights[number % 20]).items():
                    covers.setdefault((of, method), []).append(low <= right <= high)
        for (of, method), flags in covers.items():
            found, error = share(flags)
            say(
                what="coverage", of=of, method=method, metric=metric, users=users, pairs=pairs, share=found, error=error
            )


def speed(reps):
    """compare() and SciPy in turn. SciPy is given one pair, vectorised; ten runs are 45 pairs to it."""
    for users in (943, 100_000, 1_000_000):
        generator = np.random.default_rng(3)
        runs = [scores("catalogue", column, str(n)) for n in range(5) for column in ndcg(generator, users, 0.1)]
        runs = [RunScores(str(n), run.scores) for n, run in enumerate(runs)]
        a, b = (run.scores.columns["ndcg_at_10"] for run in runs[:2])
        todo = {"two runs": lambda r=runs: compare(r[:2], "ndcg_at_10", "catalogue")}
        todo["ten runs"] = lambda r=runs: compare(r, "ndcg_at_10", "catalogue")
        if users == 943:
            todo["scipy, two runs"] = lambda x=a, y=b: by_scipy(x, y)
        taken = {name: [] for name in todo}
        for _ in range(reps):
            for name, run in todo.items():
                start = time.perf_counter()
                run()
                taken[name].append(time.perf_counter() - start)
        medians = {name: statistics.median(times) for name, times in taken.items()}
        for name, seconds in medians.items():
            peer = {"times_faster": round(medians["scipy, two runs"] / seconds, 1)} if users == 943 else {}
            say(what="speed", runs=name, users=users, seconds=round(seconds, 4), reps=reps, **peer)


def by_scipy(a, b):
    def difference(x, y, axis):
        return y.mean(axis=axis) - x.mean(axis=axis)

    drawn = np.random.default_rng(0)
    stats.bootstrap(
        (a, b), difference, paired=True, n_resamples=RESAMPLES, method="percentile", vectorized=True, rng=drawn
    )
    stats.permutation_test(
        (a, b), difference, permutation_type="samples", n_resamples=SWAPS, vectorized=True, rng=drawn
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--users", default="100,943")
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--skip", default="", help="any of calibration, methods, speed")
    options = parser.parse_args()
    skipped = set(options.skip.split(","))
    if "speed" not in skipped:
        speed(options.reps)
    for users in (int(number) for number in options.users.split(",")):
        if "calibration" not in skipped:
            calibrate(users, options.pairs)
        if "methods" not in skipped:
            methods(users, options.pairs)


if __name__ == "__main__":
    main()
