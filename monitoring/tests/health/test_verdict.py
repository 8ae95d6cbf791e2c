"""The verdict over an installation in known states."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.core.management import call_command
from django.utils import timezone

from mlopspro.testing.people import make_workspace
from monitoring.models import LogLoss, ProcessBeat, StaleMinute
from monitoring.selectors.health import Verdict, losses_for, verdict
from monitoring.services.health_states import State
from monitoring.tests.health import scenes

pytestmark = pytest.mark.django_db


def states(found: Verdict) -> dict[str, str]:
    return {check.rule.key: check.state.value for check in found.checks}


def test_where_nothing_was_measured_nothing_is_healthy():
    found = verdict(max_age=0)
    assert found.status is State.UNKNOWN
    assert found.reasons
    assert states(found)["silence.worker-io"] == "unknown"


def test_an_installation_where_all_lives_is_healthy():
    scenes.well()
    found = verdict(max_age=0)
    assert found.status is State.HEALTHY, found.reasons
    assert (found.reasons, found.recommendations) == ([], [])


@pytest.mark.parametrize(("silent", "state"), [(20, "healthy"), (40, "degraded"), (400, "unhealthy")])
def test_a_silent_worker_is_noticed_by_how_long_it_is_silent(silent, state):
    scenes.well()
    ProcessBeat.objects.filter(name="worker-train").delete()
    scenes.add_process("worker-train", silent=silent)
    found = verdict(max_age=0)
    assert states(found)["silence.worker-train"] == state
    assert found.status == state


def test_a_worker_that_never_came_is_waited_for_at_the_start_and_then_missed():
    scenes.add_process("web", age=20)
    assert states(verdict(max_age=0))["silence.worker-io"] == "unknown"
    ProcessBeat.objects.all().delete()
    scenes.add_process("web", age=400)
    assert states(verdict(max_age=0))["silence.worker-io"] == "unhealthy"


@pytest.mark.parametrize(("ago", "state"), [(30, "healthy"), (80, "healthy"), (120, "degraded"), (400, "unhealthy")])
def test_a_worker_that_said_goodbye_may_be_away_for_a_restart(ago, state):
    scenes.well()
    ProcessBeat.objects.filter(name__in=("worker-io", "health")).delete()
    scenes.add_watch(seen={"worker-io": (timezone.now() - dt.timedelta(seconds=ago)).isoformat()})
    assert states(verdict(max_age=0))["silence.worker-io"] == state


def test_a_killed_process_that_was_replaced_is_no_trouble_and_one_that_was_not_is():
    scenes.well()
    scenes.add_process("web", silent=100, age=50)
    assert states(verdict(max_age=0))["lost_processes"] == "degraded"
    scenes.add_process("web", age=95)
    assert states(verdict(max_age=0))["lost_processes"] == "healthy"


def test_redis_that_no_process_reaches_degrades_and_no_more():
    scenes.well()
    ProcessBeat.objects.filter(name="web").delete()
    scenes.add_process("web", redis={"error": "ConnectionError"})
    found = verdict(max_age=0)
    assert found.status is State.DEGRADED
    assert "Redis" in found.reasons[0]
    assert "web" in found.reasons[0]


def test_errors_and_slow_answers_are_noticed_once_there_are_enough_of_them():
    scenes.well()
    scenes.add_minute([900] * 15, group="recommend", errors=15)
    assert verdict(max_age=0).status is State.HEALTHY
    scenes.add_minute([9000] * 99, group="page")
    scenes.add_minute([900] * 85, group="recommend", errors=15, process="other/2/b")
    found = states(verdict(max_age=0))
    assert found["response_time.recommend"] == found["error_rate"] == "unhealthy"
    assert found["response_time.page"] == "unknown"


def test_windows_are_behind_while_the_oldest_stale_minute_stays_the_same():
    scenes.well()
    head = StaleMinute.objects.create(source_id=1, minute=timezone.now())
    since = (timezone.now() - dt.timedelta(seconds=1000)).isoformat()
    watch = ProcessBeat.objects.get(name="health")
    watch.details |= {"stale": {"head": head.pk, "since": since}}
    watch.save()
    assert states(verdict(max_age=0))["windows_lag"] == "unhealthy"
    head.delete()
    StaleMinute.objects.create(source_id=1, minute=timezone.now())
    assert states(verdict(max_age=0))["windows_lag"] == "healthy"


def test_a_full_disk_of_any_host_is_noticed_with_its_name():
    scenes.well()
    disks = {"var": {"free": 1, "total": 100}, "data": {"free": 50, "total": 100}}
    scenes.add_process("worker-train", host="two", disks=disks)
    found = verdict(max_age=0)
    assert found.status is State.UNHEALTHY
    assert "two" in found.reasons[0]


def test_losses_of_another_workspace_are_counted_but_not_told():
    ours, theirs = make_workspace(), make_workspace()
    for workspace, detail in ((theirs, "theirs"), (ours, "ours"), (None, "of all")):
        LogLoss.objects.create(
            workspace=workspace, day=timezone.now().date(), reason=LogLoss.Reason.LOST_ENTRY, count=2, detail=detail,
            last_at=timezone.now(),
        )  # fmt: skip
    found = verdict(max_age=0)
    check = next(check for check in found.checks if check.rule.key == "losses")
    assert (check.state, check.reading.value) == (State.DEGRADED, 6)
    assert {loss.detail for loss in losses_for(found.figures, ours)} == {"ours", "of all"}
    assert "theirs" not in check.reason


@pytest.mark.parametrize(("change", "code"), [(None, 0), ({"redis": {"error": "x"}}, 1), ({"database_ms": 1e5}, 2)])
def test_the_command_says_the_same_with_an_exit_code(change, code, capsys):
    scenes.well()
    if change:
        ProcessBeat.objects.filter(name__in=scenes.ROLES).delete()
        for role in scenes.ROLES:
            scenes.add_process(role, **change)
    if code:
        with pytest.raises(SystemExit) as end:
            call_command("health", "--json")
        assert end.value.code == code
    else:
        call_command("health", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == ["healthy", "degraded", "unhealthy"][code]
    assert len(told["checks"]) > 20


def test_figures_cost_the_same_number_of_queries_however_much_there_is(django_assert_num_queries):
    scenes.well()
    with django_assert_num_queries(9):
        verdict(max_age=0)
    for number in range(30):
        scenes.add_process("web", host=f"host {number}")
        scenes.add_minute([1, 2, 3], process=f"h/{number}/x")
    with django_assert_num_queries(9):
        verdict(max_age=0)
    with django_assert_num_queries(0):
        verdict()
