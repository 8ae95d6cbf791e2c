"""A challenger answers its users and nobody else's, and each answer says and logs who gave it."""

from __future__ import annotations

from scipy.stats import binomtest

from experiments.services import traffic
from experiments.tests.registered import make_version
from mlopspro.serving.answers import recommend
from mlopspro.serving.tests.conftest import live_version, logged, put_live


def test_users_are_divided_by_the_shares_and_stay_with_their_version(workspace):
    live = live_version(workspace)
    other = put_live(make_version(workspace, "Films", architecture="ease"), "staging")
    made = traffic.deploy(other, role="challenger", share=0.3, actor=None)
    users = [f"visitor-{number}" for number in range(200)]
    first = {user: recommend(workspace, user, n=1) for user in users}
    again = {user: recommend(workspace, user, n=1).version for user in users[:50]}
    assert all(first[user].version == again[user] for user in again)
    count = sum(one.variant == "challenger" for one in first.values())
    assert binomtest(count, len(users), 0.3).pvalue > 1e-4
    assert {(one.variant, one.version) for one in first.values()} == {
        ("champion", live.number), ("challenger", other.number)
    }  # fmt: skip
    entries = {entry["id"]: entry["role"] for entry in logged(workspace)}
    assert all(entries[str(one.prediction_id)] == one.variant for one in first.values())
    traffic.end(made, actor=None)
    assert {recommend(workspace, user, n=1).version for user in users[:20]} == {live.number}
