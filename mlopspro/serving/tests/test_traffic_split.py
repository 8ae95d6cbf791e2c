"""The division of users: in proportion, sticky, and moving nobody who need not move."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from mlopspro.serving.traffic import Split, listens, place_of, salt_bytes, variant_of

MODEL = uuid.UUID(int=7)
USERS = [f"user-{number}" for number in range(4_000)]


@dataclass(frozen=True)
class One:
    role: str
    share: float
    version_id: uuid.UUID
    salt: str = ""


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


def test_without_a_salt_users_stand_where_they_stood_before_there_were_salts():
    """The digest of a hash that knows no salt, written out."""
    for user in USERS[:20]:
        digest = hashlib.blake2b(user.encode(), digest_size=8, key=MODEL.bytes, person=b"split").digest()
        assert place_of(MODEL, user) == int.from_bytes(digest) / 2**64
        assert place_of(MODEL, user, salt=salt_bytes("")) == place_of(MODEL, user)


@settings(max_examples=8, deadline=None)
@given(salt=st.text(min_size=1, max_size=40), share=st.floats(0.1, 0.9))
def test_a_salt_draws_users_anew_in_the_same_shares_and_they_stay(salt, share):
    plain, salted = One("challenger", share, uuid.UUID(int=2)), One("challenger", share, uuid.UUID(int=2), salt)
    before, after = (Split.of(MODEL, [CHAMPION, one]) for one in (plain, salted))
    again = Split.of(MODEL, [One("champion", 1.0, uuid.UUID(int=1)), salted])
    old = [before.owner(user).version_id.int == 2 for user in USERS]
    new = [after.owner(user).version_id.int == 2 for user in USERS]
    assert new == [again.owner(user).version_id.int == 2 for user in USERS]
    # 1e-6: hypothesis tries several salts, and a fair draw lies outside by chance now and then.
    assert binomtest(sum(new), len(USERS), share).pvalue > 1e-6
    both = sum(a and b for a, b in zip(old, new, strict=True))
    assert binomtest(both, sum(old), share).pvalue > 1e-6, "who is drawn now depends on who was drawn before"


def test_the_first_salt_counts_for_all_whatever_the_order():
    rows = [CHAMPION, One("challenger", 0.3, uuid.UUID(int=2)), One("interleaved", 0.3, uuid.UUID(int=3), "trial-1")]
    alone = [CHAMPION, One("challenger", 0.3, uuid.UUID(int=2), "trial-1"), One("interleaved", 0.3, uuid.UUID(int=3))]
    found = [Split.of(MODEL, rows).owner(user).version_id for user in USERS[:200]]
    assert found == [Split.of(MODEL, rows[::-1]).owner(user).version_id for user in USERS[:200]]
    assert found == [Split.of(MODEL, alone).owner(user).version_id for user in USERS[:200]]
    assert {one.int for one in found} == {1, 2, 3}
