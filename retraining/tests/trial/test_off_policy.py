"""What a challenger is worth is found from another's log, with an interval that keeps its word."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.stats.intervals import ratio_interval
from retraining.tests.trial.simulated_bandit import CHALLENGER, REWARD, WORTH, logged
from retraining.trial.off_policy import doubly_robust, estimate, weighed
from retraining.trial.sums import Sums


def test_intervals_cover_the_known_worth() -> None:
    covered, values = 0, []
    for seed in range(400):
        log = logged(seed)
        found = estimate(weighed(log.rewards, log.propensities, log.targets, log.users))
        assert found.state == "estimated"
        covered += found.low <= WORTH <= found.high
        values.append(found.value)
    assert covered / 400 == pytest.approx(0.95, abs=0.035)
    assert np.mean(values) == pytest.approx(WORTH, abs=0.003)
    naive = np.mean([logged(seed).rewards.mean() for seed in range(50)])
    assert abs(naive - WORTH) > 0.05  # what the logging version earned is another figure


def test_the_logging_version_itself_is_the_plain_mean() -> None:
    log = logged(0)
    found = estimate(weighed(log.rewards, log.propensities, log.propensities))
    assert found.value == pytest.approx(log.rewards.mean())
    assert found.effective == found.rows == found.users == len(log.rewards)


def test_parts_add_up_when_users_are_whole() -> None:
    log = logged(1)
    half = log.users < 200
    parts = [weighed(log.rewards[m], log.propensities[m], log.targets[m], log.users[m]) for m in (half, ~half)]
    whole = estimate(weighed(log.rewards, log.propensities, log.targets, log.users))
    both = estimate(parts[0] + parts[1])
    assert (both.value, both.low, both.effective) == pytest.approx((whole.value, whole.low, whole.effective))


def test_doubly_robust_is_right_with_a_wrong_model_and_narrower_with_a_right_one() -> None:
    widths: dict[str, list[float]] = {"wrong": [], "right": [], "weights": []}
    covered = {"wrong": 0, "right": 0}
    for seed in range(150):
        log = logged(seed)
        models = {"wrong": np.full_like(REWARD, 0.9), "right": REWARD}
        for name, model in models.items():
            expected = (CHALLENGER * model).sum(1)[log.contexts]
            of_logged = model[log.contexts, log.choices]
            sums = doubly_robust(log.rewards, log.propensities, log.targets, of_logged, expected, log.users)
            found = ratio_interval(sums.n, sums.x, sums.y, sums.xx, sums.yy, sums.xy)
            covered[name] += found.low <= WORTH <= found.high
            widths[name].append(found.high - found.low)
        plain = estimate(weighed(log.rewards, log.propensities, log.targets, log.users))
        widths["weights"].append(plain.high - plain.low)
    assert covered["wrong"] / 150 > 0.9
    assert covered["right"] / 150 > 0.9
    assert np.mean(widths["right"]) < np.mean(widths["weights"])
    alone = doubly_robust([1.0, 0.0], [0.5, 0.5], [0.5, 0.5], [0.0, 0.0], [0.0, 0.0])
    assert alone == Sums.of([1.0, 0.0], [1.0, 1.0])


def test_a_challenger_too_unlike_says_nothing() -> None:
    rng = np.random.default_rng(0)
    rewards, propensities = rng.random(3000), np.full(3000, 0.5)
    targets = np.zeros(3000)
    assert estimate(weighed(rewards, propensities, targets)).value is None
    targets[:20] = 1.0
    found = estimate(weighed(rewards, propensities, targets))
    assert (found.state, found.effective) == ("not_enough", pytest.approx(20))
    assert "count as 20, and 100 are needed" in found.sentence
    propensities[:50] = 1e-4
    cut = estimate(weighed(rewards, propensities, np.full(3000, 0.5)))
    assert (cut.state, cut.cut_share > 0.9) == ("not_enough", True)
    assert "clipping took" in cut.sentence


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"propensities": [0.5, 0.0]}, r"propensities: probabilities above 0 to 1 are accepted, got .*0.0.* in row 1"),
        ({"propensities": [0.5, float("nan")]}, "propensities: .* in row 1"),
        ({"targets": [1.2, 0.5]}, "targets: probabilities from 0 to 1 are accepted, got .*1.2.* in row 0"),
        ({"rewards": [1.0, float("inf")]}, "rewards: finite"),
        ({"rewards": [1.0]}, "one a reward"),
        ({"clip": 0.5}, "clip: a number at least 1"),
    ],
)
def test_a_log_that_cannot_be_is_refused(changes: dict[str, object], words: str) -> None:
    log = {"rewards": [1.0, 0.0], "propensities": [0.5, 0.5], "targets": [0.5, 0.5], **changes}
    with pytest.raises(ValueError, match=words):
        weighed(**log)  # type: ignore[arg-type]
