"""The policy alarms on at most 1 % of checks without drift, and finds drift that is there; benchmarks/drift_alarms.py
is the long version."""

from __future__ import annotations

import pytest

from monitoring.stats.verdicts import is_alarm
from monitoring.tests.stats.checked import check
from monitoring.tests.stats.scenes import DRIFTS


@pytest.mark.parametrize(("n", "repetitions"), [(500, 100), (5000, 30)])
def test_without_drift_there_is_no_alarm(n: int, repetitions: int) -> None:
    assert sum(is_alarm(check(seed, n)) for seed in range(repetitions)) <= repetitions // 100


@pytest.mark.parametrize("drift", DRIFTS)
def test_injected_drift_is_found_where_it_is_and_nowhere_else(drift: str) -> None:
    for seed in range(10):
        assert [found.name for found in check(seed, 5000, drift) if found.moved] == [DRIFTS[drift]]
