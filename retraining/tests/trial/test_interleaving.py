"""Team drafts are fair, the same for the same seed, and their preference is SciPy's."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from experiments.learning import team_draft as drafting
from retraining.tests.trial import simulated_lists
from retraining.trial.interleaving import Preferences, credit, judge, team_draft

rankings = st.permutations(range(12)).map(lambda items: items[:8])


def drafted_by_hand(first: list[str], second: list[str], coins: tuple[bool, ...]) -> list[tuple[str, str]]:
    """Radlinski's draft in the words of the paper: each round the winner of the coin picks, then the other."""
    shown: list[tuple[str, str]] = []
    for coin in coins:
        for team, ranking in [("first", first), ("second", second)][:: 1 if coin else -1]:
            rest = [item for item in ranking if item not in [one for one, _ in shown]]
            if rest:
                shown.append((rest[0], team))
    return shown


@pytest.mark.parametrize("coins", list(product((True, False), repeat=2)))
def test_every_draft_is_the_papers(coins: tuple[bool, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ["a", "b", "c", "d"], ["b", "e", "a", "f"]
    monkeypatch.setattr(drafting, "_coins", lambda seed: iter(coins))
    found = team_draft(first, second, 4, "any")
    assert list(zip(found.items, found.teams, strict=True)) == drafted_by_hand(first, second, coins)


@settings(max_examples=100, deadline=None)
@given(rankings, rankings, st.integers(1, 8), st.text(max_size=5))
def test_a_draft_is_a_list_of_the_best_of_both(first: list[int], second: list[int], length: int, seed: str) -> None:
    found = team_draft(first, second, length, seed)
    assert len(found.items) == len(set(found.items)) == length
    assert found == team_draft(first, second, length, seed)
    assert found.items[0] in (first[0], second[0])
    assert abs(found.teams.count("first") - found.teams.count("second")) <= 1
    for team, ranking in (("first", first), ("second", second)):
        mine = [item for item, whose in zip(found.items, found.teams, strict=True) if whose == team]
        assert [ranking.index(item) for item in mine] == sorted(ranking.index(item) for item in mine)


def test_who_picks_first_is_even_over_seeds() -> None:
    first = [team_draft("abcdef", "ghijkl", 6, f"user {n}").teams[0] == "first" for n in range(2000)]
    assert stats.binomtest(sum(first), 2000).pvalue > 0.001


def test_a_list_that_runs_out_is_filled_up_for_nobody() -> None:
    found = team_draft(["a"], ["a", "b", "c", "d"], 4, "seed")
    assert sorted(found.items) == ["a", "b", "c", "d"]
    assert "both" in found.teams
    assert team_draft([], ["x", "y"], 5, "seed").items == ("x", "y")
    assert team_draft([], [], 5, "seed").items == ()
    assert credit(("both", "both"), [0, 1]) == (0, 0)


def test_credit_goes_to_the_team_of_each_clicked_place() -> None:
    teams = ("first", "second", "second", "both")
    assert credit(teams, [0, 1, 2, 3, 1]) == (1, 2)
    assert credit(teams, []) == (0, 0)
    with pytest.raises(ValueError, match="chosen: a number at least 0 and at most 3"):
        credit(teams, [4])


def test_the_preference_is_scipys() -> None:
    rng = np.random.default_rng(0)
    users = [(int(a), int(b)) for a, b in zip(rng.poisson(1, 400), rng.poisson(1.3, 400), strict=True)]
    d = np.array([(b - a) / (a + b) for a, b in users if a + b])
    sums = Preferences.of(users[:150]) + Preferences.of(users[150:])
    found = judge(sums)
    assert found.value == pytest.approx(d.mean())
    assert found.p_value == pytest.approx(stats.ttest_1samp(d, 0).pvalue)
    assert found.sign_p_value == pytest.approx(stats.binomtest(int((d > 0).sum()), int((d != 0).sum())).pvalue)
    assert found.low < found.value < found.high


def test_few_users_have_the_exact_sign_test_alone() -> None:
    found = judge(Preferences.of([(0, 1)] * 8))
    assert (found.p_value, found.low, found.sign_p_value) == (None, None, pytest.approx(2 * 0.5**8))
    assert judge(Preferences()).value is None
    some = judge(Preferences.of([(0, 1)] * 20 + [(1, 0)] * 15))
    assert (some.low, some.always_valid_p) == (None, None)
    assert some.p_value == pytest.approx(stats.ttest_1samp([1] * 20 + [-1] * 15, 0).pvalue)


def test_it_finds_with_fewer_users_what_a_split_does_not_and_nothing_where_there_is_nothing() -> None:
    better = simulated_lists.sensitivity(users=400, better=0.5, repetitions=16)
    assert better["interleaving"] > better["split"] + 0.25
    same = simulated_lists.sensitivity(users=200, better=0.0, repetitions=40)
    assert same["interleaving"] <= 0.15
    assert same["split"] <= 0.15
