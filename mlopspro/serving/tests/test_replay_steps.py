"""The replay against a door that writes down what it is given: order, feedback, stopping and going on."""

from __future__ import annotations

import datetime as dt
import uuid

import numpy as np
import pytest

from experiments.learning.data.splits import SplitSpec, split
from experiments.learning.data.synthetic import generate
from mlopspro.serving.replay.doors import Asked
from mlopspro.serving.replay.drift import Drift, DriftError, Kind
from mlopspro.serving.replay.list_plan import ListPlan
from mlopspro.serving.replay.pace import Pace
from mlopspro.serving.replay.position import OtherReplay, Position
from mlopspro.serving.replay.reactions import Exposure, to_list, to_row
from mlopspro.serving.replay.replay import Replay

PAST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
UNTIL = dt.datetime(2026, 1, 11, tzinfo=dt.UTC)


class Notebook:
    """Shows everybody what they want and four things they do not, and keeps what it is told."""

    refuses: frozenset[Kind] = frozenset()

    def __init__(self) -> None:
        self.asked, self.told, self.flushed = [], [], 0

    def ask(self, request, troubles, at):
        self.asked.append((request.number, at))
        if troubles.fails:
            return Asked(uuid.uuid4(), failed=True)
        return Asked(uuid.uuid5(uuid.NAMESPACE_OID, str(request.number)), (*list(request.wanted)[:3], "x", "y"))

    def tell(self, feedback):
        self.told.extend(feedback)

    def flush(self):
        self.flushed += 1


@pytest.fixture(scope="module")
def plan() -> ListPlan:
    data = generate(seed=5, users=60, items=40, interactions=1_500)
    parts = split(data, SplitSpec(method="time"))
    return ListPlan(data, np.concatenate([parts.train, parts.validation]), parts.test)


def test_a_past_of_days_is_asked_in_order_and_everything_told(plan):
    door = Notebook()
    steps = list(Replay(plan, door, as_if_from=PAST, as_if_until=UNTIL, exposure=Exposure(skips=1)).steps())
    assert len(steps) == len(plan)
    times = [at for _, at in door.asked]
    assert times == sorted(times)
    assert times[0] == PAST
    assert UNTIL - times[-1] < dt.timedelta(days=10) / len(plan) * 1.01
    assert len(door.told) == sum(len(step.items) for step in steps)
    assert {one.reaction.kind for one in door.told} == {"rating", "skip"}
    at = {uuid.uuid5(uuid.NAMESPACE_OID, str(number)): moment for number, moment in door.asked}
    assert all(one.at >= at[one.prediction_id] for one in door.told)
    assert len({one.key for one in door.told}) == len(door.told)
    assert door.flushed == 1


def test_what_is_wanted_gets_its_own_rating(plan):
    door = Notebook()
    list(Replay(plan, door, requests=5, as_if_from=PAST, as_if_until=UNTIL).steps())
    wanted = {uuid.uuid5(uuid.NAMESPACE_OID, str(number)): plan.request(number).wanted for number in range(5)}
    rated = [one for one in door.told if one.reaction.kind == "rating"]
    assert rated
    assert all(one.reaction.value == wanted[one.prediction_id][one.reaction.item] for one in rated)


def test_live_feedback_waits_for_its_delay_and_a_stop_loses_none(plan):
    door, waits = Notebook(), []

    def stop_after_three(seconds):
        waits.append(seconds)
        return len(door.asked) >= 3

    replay = Replay(plan, door, pace=Pace(), exposure=Exposure(skips=1, delay_seconds=3600), wait=stop_after_three)
    steps = list(replay.steps())
    assert [step.number for step in steps] == [0, 1, 2]
    assert sum(step.told for step in steps) == 0
    assert len(door.told) == sum(len(step.items) for step in steps)
    assert all(one.at <= dt.datetime.now(dt.UTC) for one in door.told)


def test_a_past_can_be_stopped_too(plan):
    door = Notebook()
    replay = Replay(plan, door, as_if_from=PAST, as_if_until=UNTIL, wait=lambda seconds: len(door.asked) >= 4)
    assert len(list(replay.steps())) == 4
    assert door.flushed == 1


def test_a_resumed_replay_goes_on_as_one_that_was_never_stopped(plan):
    whole, first, second = Notebook(), Notebook(), Notebook()
    options = {"as_if_from": PAST, "as_if_until": UNTIL, "requests": 40, "seed": 9}
    list(Replay(plan, whole, **options).steps())
    steps = Replay(plan, first, **options).steps()
    for _ in range(15):
        next(steps)
    steps.close()
    list(Replay(plan, second, first=15, **options).steps())
    assert first.asked + second.asked == whole.asked
    key = sorted((one.key, one.at, one.reaction) for one in first.told + second.told)
    assert key == sorted((one.key, one.at, one.reaction) for one in whole.told)


def test_failed_answers_get_no_feedback(plan):
    door = Notebook()
    drift = Drift.of("errors", strength=1, start=0)
    steps = list(Replay(plan, door, requests=10, as_if_from=PAST, as_if_until=UNTIL, drifts=[drift]).steps())
    assert all(step.failed for step in steps)
    assert not door.told


def test_what_a_door_cannot_do_is_refused(plan):
    door = Notebook()
    door.refuses = frozenset({Kind.SLOW})
    with pytest.raises(DriftError, match="which the server decides"):
        Replay(plan, door, drifts=[Drift.of("slow")])


def test_exposure_decides_what_is_seen():
    random = np.random.default_rng
    items, wanted = [f"i{n}" for n in range(10)], {"i1": 5.0}
    every = to_list(items, wanted, Exposure(skips=1, delay_seconds=0), random(0), liked_value=5, explicit=True)
    assert [one.item for one in every] == items
    assert [one.kind for one in every].count("rating") == 1
    seen = [
        len(to_list(items, {}, Exposure(looks_on=0.5, skips=1), random(n), liked_value=5, explicit=True))
        for n in range(2_000)
    ]
    assert np.mean(seen) == pytest.approx((1 - 0.5**10) / 0.5, abs=0.1)
    half = [len(to_list(items, {}, Exposure(skips=0.5), random(n), liked_value=5, explicit=True)) for n in range(2_000)]
    assert np.mean(half) == pytest.approx(5, abs=0.1)
    events = to_list(items, wanted, Exposure(skips=0), random(0), liked_value=1, explicit=False)
    assert [(one.kind, one.value) for one in events] == [("click", 1.0)]


def test_noise_says_the_opposite():
    random = np.random.default_rng
    told = to_list(["a", "b"], {"a": 2.0}, Exposure(skips=1), random(0), liked_value=5, explicit=True, flip=1)
    assert [(one.item, one.kind, one.value) for one in told] == [("a", "skip", None), ("b", "rating", 5)]
    assert to_row(1, Exposure(), random(0), label=True, deviation=1, flip=1)[0].label == "0"
    assert to_row(1, Exposure(), random(0), label=True, deviation=1)[0].label == "1"
    assert to_row(7.5, Exposure(), random(0), label=False, deviation=1)[0].value == 7.5
    errors = [to_row(7.5, Exposure(), random(n), label=False, deviation=2, flip=1)[0].value - 7.5 for n in range(2_000)]
    assert np.std(errors) == pytest.approx(2, abs=0.1)


def test_a_position_is_kept_and_belongs_to_its_options(tmp_path):
    position = Position(tmp_path / "drills" / "monday.json", {"seed": 1})
    assert position.read() == 0
    position.write(42)
    assert Position(position.path, {"seed": 1}).read() == 42
    with pytest.raises(OtherReplay, match="monday"):
        Position(position.path, {"seed": 2}).read()


@pytest.mark.parametrize(("field", "value"), [("skips", 1.2), ("looks_on", -0.1), ("delay_seconds", -1)])
def test_exposures_that_make_no_sense_name_the_field(field, value):
    with pytest.raises(ValueError, match=field):
        Exposure(**{field: value})
