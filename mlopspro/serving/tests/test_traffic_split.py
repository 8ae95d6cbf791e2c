"""The division of users: in proportion, sticky, and moving nobody who need not move."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from mlopspro.serving.traffic import Split, listens, variant_of

MODEL = uuid.UUID(int=7)
USERS = [f"user-{number}" for number in range(4_000)]


@dataclass(frozen=True)
class One:
    role: str
    share: float
    version_id: uuid.UUID


CHAMPION = One("champion", 1.0, uuid.UUID(int=1))


def challenger(number: int, share: float) -> One:
    return One("challenger", share, uuid.UUID(int=number))


def owners(*challengers: One) -> dict[str, uuid.UUID]:
    made = Split.of(MODEL, [CHAMPION, *challengers])
    return {user: made.owner(user).version_id for user in USERS}


def test_shares_are_kept_within_chance():
    found = list(owners(challenger(2, 0.1), challenger(3, 0.25)).values())
    for version, share in ((2, 0.1), (3, 0.25), (1, 0.65)):
        assert binomtest(found.count(uuid.UUID(int=version)), len(found), share).pvalue > 1e-4


def test_a_user_stays_whatever_the_order_of_the_rows_and_the_process():
    rows = [CHAMPION, challenger(2, 0.3), challenger(3, 0.3)]
    for user in USERS[:50]:
        assert variant_of(MODEL, user, rows) == variant_of(MODEL, user, rows[::-1])
    # Written down once: a change of the hash would move every user of every installation.
    assert [variant_of(MODEL, user, rows).version_id.int for user in USERS[:12]] == [1, 1, 2, 2, 1, 3, 1, 2, 1, 2, 3, 1]


def test_changing_a_share_moves_only_its_own_difference():
    before, after = owners(challenger(2, 0.1)), owners(challenger(2, 0.15))
    moved = [user for user in USERS if before[user] != after[user]]
    assert {(before[user].int, after[user].int) for user in moved} == {(1, 2)}
    assert binomtest(len(moved), len(USERS), 0.05).pvalue > 1e-4


def test_starting_and_ending_another_challenger_moves_nobody_between_the_others():
    alone, both = owners(challenger(2, 0.1)), owners(challenger(2, 0.1), challenger(9, 0.1))
    assert all(both[user].int == 9 for user in USERS if alone[user] != both[user])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.001, 1), max_size=6))
def test_arcs_are_as_long_as_the_shares_and_cover_the_circle(shares):
    assume(sum(shares) <= 1)
    rows = [CHAMPION, *(challenger(10 + number, share) for number, share in enumerate(shares))]
    made = Split.of(MODEL, rows)
    length: dict[int, float] = {}
    for start, end, owner in zip(made.starts, [*made.starts[1:], 1.0], made.owners, strict=True):
        length[owner.version_id.int] = length.get(owner.version_id.int, 0.0) + end - start
    assert made.starts[0] == 0.0
    for row in rows[1:]:
        assert length[row.version_id.int] == pytest.approx(row.share, abs=1e-9)
    assert length.get(1, 0.0) == pytest.approx(1 - sum(shares), abs=1e-9)


def test_without_a_champion_nobody_answers():
    with pytest.raises(ValueError, match="no champion"):
        Split.of(MODEL, [challenger(2, 0.5)])


def test_a_shadow_listens_to_its_share_of_the_users():
    shadow = One("shadow", 0.2, uuid.UUID(int=4))
    heard = sum(listens(MODEL, user, shadow) for user in USERS)
    assert binomtest(heard, len(USERS), 0.2).pvalue > 1e-4
    assert all(listens(MODEL, user, One("shadow", 1.0, uuid.UUID(int=4))) for user in USERS[:20])
