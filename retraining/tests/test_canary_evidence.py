"""What a canary is judged by: users as units, how they are split, and how often the log is read for it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from experiments.services import traffic
from experiments.services.deployments import champion
from mlopspro.testing.people import make_workspace
from monitoring.models import Source
from monitoring.services.sources import source_of
from retraining.plan import Plan
from retraining.services import canary_evidence, driver, retrainings
from retraining.services.canary_evidence import SETTLED
from retraining.services.steps import Kind, running
from retraining.tests.retrain_scene import PLAN, at_gate, judged_scene, react, serve

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def here(db):
    return judged_scene(make_workspace())


@pytest.fixture
def row(here):
    found = driver.advance(at_gate(here, retrainings.begin(here.model, through="command", plan=PLAN)))
    assert found.state == "canary"
    return found


def later(row):
    """When every web process knows of the step's share."""
    return running(row, Kind.CANARY).started_at + SETTLED + MINUTE


def reading(row, at=None):
    step = running(row, Kind.CANARY)
    return canary_evidence.of(row, step, Plan.from_json(row.plan), at or later(row) + MINUTE)


def guard(found, name):
    return next(one for one in found.evidence.guards if one.name == name)


def test_users_that_are_not_split_as_planned_hold_the_canary_and_the_sentence_says_how(here, row):
    serve(here, row, n=100, champion_users=400, good=0.0, champion=1.0, at=later(row))
    row = driver.advance(row, later(row) + MINUTE)
    assert row.state == "held", "5 % were planned and a fifth came; nothing it shows counts, the worse quality neither"
    assert "not split as planned" in row.sentence
    assert f"{row.version.number} 100 of 25" in row.sentence
    assert champion(here.model) == here.base
    assert not traffic.running(here.model).filter(role="challenger").exists()
    last = row.steps.get(kind=Kind.CANARY).evidence
    assert (last["split"]["alarm"], last["users"]) == (True, {"champion": 400, "new": 100, "without_name": 0})


def test_users_split_as_planned_go_on(here, row):
    serve(here, row, n=50, champion_users=950, at=later(row))
    row = driver.advance(row, later(row) + MINUTE)
    assert row.state == "canary"
    first = row.steps.filter(kind=Kind.CANARY).first()
    assert (first.state, first.evidence["split"]["alarm"]) == ("done", False)


def test_who_came_before_the_share_was_known_everywhere_says_nothing_of_the_split(here, row):
    serve(here, row, n=100, champion_users=100)
    assert reading(row).document["split"]["statistic"] is None


def test_who_was_answered_by_both_counts_for_neither(here, row):
    both = [(f"user {k}", f"i{k}", 5.0, later(row)) for k in range(30)]
    new = source_of(model=here.model, version=row.version, role=Source.As.CHALLENGER)
    react(here, both)
    react(here, both, source=new)
    assert reading(row).document["users"] == {"champion": 0, "new": 0, "without_name": 0}


def test_one_loud_user_is_one_observation(here, row):
    """Sixty bad lists of one of thirty users: as answers a breach, as users far from it (checked by brute force)."""
    new = source_of(model=here.model, version=row.version, role=Source.As.CHALLENGER)
    at = later(row)
    champion_rows = [(f"a{k}", f"i{n}", 5.0 if n % 2 else 1.0, at) for k in range(30) for n in range(2)]
    loud = [("b0", f"i{n}", 1.0, at) for n in range(60)]
    others = [(f"b{k}", f"i{n}", 5.0 if n % 2 else 1.0, at) for k in range(1, 30) for n in range(2)]
    react(here, champion_rows)
    react(here, [*loud, *others], source=new)
    found = guard(reading(row), "quality")
    assert (found.users, found.control) == (30, 0.5)
    assert found.variant == pytest.approx(29 / 118)
    assert found.state == "unclear"
    x = np.array([0] + [1] * 29)
    y = np.array([60] + [2] * 29)
    by_users = np.sqrt(np.sum((x - x.sum() / y.sum() * y) ** 2) * 30 / 29) / y.sum()
    by_answers = np.sqrt(found.variant * (1 - found.variant) / 118)
    assert found.high - found.harm > 2 * by_users > 3 * by_answers


def test_requests_that_name_no_user_are_units_themselves(here, row):
    serve(here, row, n=60, champion_users=60, good=0.1, champion=0.9, named=False)
    found = reading(row)
    assert found.document["users"] == {"champion": 0, "new": 0, "without_name": 120}
    assert (guard(found, "quality").state, found.evidence.sample) == ("breach", 60)
    assert found.document["split"] is None


def test_too_little_feedback_is_named_in_what_is_counted(here, row):
    serve(here, row, n=12, champion_users=40, at=later(row))
    found = guard(reading(row), "quality")
    assert found.state == "not_enough"
    assert found.sentence == "Live Precision@10: 12 judged lists of the version with fewer, 30 are needed."


def test_a_reading_that_took_long_is_followed_by_a_rest(here, row):
    serve(here, row)
    step = running(row, Kind.CANARY)
    at = later(row)
    step.evidence |= {"reading": {"at": at.isoformat(), "seconds": 3.0}}
    step.save()
    before = row.steps.count()
    assert driver.advance(row, at + dt.timedelta(seconds=59)).steps.count() == before
    assert driver.advance(row, at + dt.timedelta(seconds=61)).steps.count() == before + 1


def test_somebody_who_changes_its_share_ends_the_retraining(here, row):
    traffic.change_share(traffic.running(here.model).get(role="challenger"), 0.4, actor=None)
    row = driver.advance(row)
    assert row.state == "held"
    assert "40 % of the users" in row.sentence
    assert not traffic.running(here.model).filter(role="challenger").exists()
