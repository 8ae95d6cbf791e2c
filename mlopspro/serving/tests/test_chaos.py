"""Predictions come in and lists are asked for while web, worker, shipper, Redis and PostgreSQL are killed: everything
that was accepted stands in the log once, and the windows count it once."""

from __future__ import annotations

import pytest

from mlopspro.testing.chaos import VICTIMS
from mlopspro.testing.chaos_run import carry_out

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]


def test_every_accepted_prediction_counts_exactly_once_whatever_is_killed(
    make_live_stack, postgres_server, redis_server
):
    stack = make_live_stack("chaos", names=("web", "worker-io", "beat", "log-shipper"))
    found = carry_out(stack, seed=7, batches=60, batch=50, lists=300, kills=6)
    assert {kill.victim for kill in found.kills} == set(VICTIMS)
    assert found.accepted == 3_000
    assert found.rows == found.accepted
    assert found.lists_missing == 0
    assert found.lists_in_log >= found.lists
    assert found.feedback_rows == found.feedback
    assert found.counted == dict.fromkeys((60, 3600, 86400), found.rows + found.lists_in_log)
    assert found.labelled == found.feedback
    assert found.unexplained == []
