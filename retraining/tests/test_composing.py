"""What a retraining's data is made of, held against dictionaries and loops; nothing of training is later than the
holdout's start; late feedback waits for the next one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.learning.data.interactions import Interactions
from retraining.plan import DataPlan
from retraining.services.compose_interactions import DAY, TooLittle, compose
from retraining.services.feedback_rows import ListFeedback

CUT = 100 * DAY


def old(rows, feedback="explicit", timed=True):
    """Interactions from (user, item, value, time), in canonical order."""
    rows = sorted({(user, item): (user, item, value, at) for user, item, value, at in rows}.values())
    users, items = (sorted({row[place] for row in rows}) for place in (0, 1))
    return Interactions(
        np.array([users.index(row[0]) for row in rows], np.int32),
        np.array([items.index(row[1]) for row in rows], np.int32),
        np.array([row[2] for row in rows], np.float32),
        np.array([row[3] for row in rows], np.int64) if timed else None,
        None,
        np.array(users, np.str_),
        np.array(items, np.str_),
        feedback,
        (1.0, 5.0) if feedback == "explicit" else None,
    )


def said(rows):
    """Feedback from (user, item, kind, value, at, received), oldest first as the log gives it."""
    rows = sorted(rows, key=lambda row: (row[4], row[5]))
    words = [np.array([row[place] for row in rows], object) for place in (0, 1, 2)]
    numbers = [np.array([row[place] for row in rows], np.float64) for place in (3, 4, 5)]
    return ListFeedback(*words, *numbers)


def as_rows(data):
    """{(user, item): (value, time, part)}."""
    return {
        (str(data.user_ids[user]), str(data.item_ids[item])): (float(value), int(at), int(part))
        for user, item, value, at, part in zip(data.user, data.item, data.value, data.timestamp, data.part, strict=True)
    }


def latest_by_hand(parent, feedback, events, liked):
    """What feedback says of each pair in the end: {(user, item): (value, time)}."""
    latest = {}
    rows = zip(feedback.user, feedback.item, feedback.kind, feedback.value, feedback.at, strict=True)
    for user, item, kind, value, at in rows:
        event = kind in ("click", "conversion") and value != 0
        if parent.feedback == "implicit":
            if event or (kind == "rating" and value >= liked):
                latest[user, item] = (1.0, int(at))
        elif kind == "rating" and 1 <= value <= 5:
            latest[user, item] = (value, int(at))
        elif event and events:
            latest[user, item] = (liked, int(at))
    return latest


def by_hand(parent, feedback, plan, liked=4.0):
    """The rules of compose_interactions, one row at a time. None where there is too little."""
    known = {
        (str(parent.user_ids[u]), str(parent.item_ids[i])): (float(v), int(t))
        for u, i, v, t in zip(parent.user, parent.item, parent.value, parent.timestamp, strict=True)
    }
    latest = latest_by_hand(parent, feedback, plan.events_as_ratings, liked)
    new = {pair: row for pair, row in latest.items() if pair not in known or row[1] > known[pair][1]}
    if len(new) < plan.minimum_new:
        return None
    times = sorted({at for _, at in new.values()})
    if len(times) < 2:
        return None
    wanted = plan.holdout_share * len(new)
    start = min(times[1:], key=lambda at: (abs(sum(t >= at for _, t in new.values()) - wanted), at))
    found = {pair: (value, at, 0) for pair, (value, at) in known.items() if at < start}
    for pair, (value, at) in new.items():
        if at < start:
            greater = max(value, known.get(pair, (0, 0))[0]) if parent.feedback == "implicit" else value
            found[pair] = (greater, at, 0)
        elif pair not in known:
            found[pair] = (value, at, 1)
    if not any(part for _, _, part in found.values()):
        return None
    if plan.use == "days":
        found = {k: v for k, v in found.items() if v[2] or max(0, CUT - v[1]) / DAY <= plan.days}
    return found


USERS, ITEMS = st.sampled_from(["u1", "u2", "u3", "ü"]), st.sampled_from(["a", "b", "c", "d"])
OLD = st.lists(st.tuples(USERS, ITEMS, st.sampled_from([1.0, 3.0, 5.0]), st.integers(0, 60)), min_size=4, max_size=16)
NEW = st.lists(
    st.tuples(
        USERS | st.just("new"),
        ITEMS | st.just("fresh"),
        st.sampled_from(["rating", "rating", "click", "conversion", "skip"]),
        st.sampled_from([0.0, 1.0, 4.0, 5.0, 9.0]),
        st.integers(30, 100),
        st.integers(100, 120),
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(OLD, NEW, st.sampled_from(["explicit", "implicit"]), st.booleans(), st.sampled_from([0.2, 0.5]), st.booleans())
def test_the_same_as_by_hand_and_nothing_later_than_the_holdouts_start(rows, new, feedback, events, share, window):
    parent = old([(u, i, v, at * DAY) for u, i, v, at in rows], feedback)
    # Of one second the order of receipt decides, and of one receipt that of the rows.
    given = said([(u, i, k, v, at * DAY + place, r * DAY) for place, (u, i, k, v, at, r) in enumerate(new)])
    plan = DataPlan("days" if window else "all", 60, minimum_new=2, holdout_share=share, events_as_ratings=events)
    expected = by_hand(parent, given, plan)
    try:
        found = compose(parent, given, plan, cut=CUT, liked=None)
    except TooLittle:
        parts = {part for _, _, part in (expected or {}).values()}
        sizes = [len({pair[place] for pair in expected or {}}) for place in (0, 1)]
        assert expected is None or parts != {0, 1} or min(sizes) < 2
        return
    assert as_rows(found.data) == expected
    train, test = found.data.part == 0, found.data.part == 1
    assert found.data.timestamp[train].max() < found.data.timestamp[test].min()
    assert found.counts["train"] == train.sum()
    assert found.counts["holdout"] == test.sum()


def ratings(n=300, start=50, seed=1):
    random = np.random.default_rng(seed)
    return [
        (f"u{random.integers(30)}", f"i{random.integers(30)}", float(random.integers(1, 6)), (start + at / n) * DAY)
        for at in range(n)
    ]


def feedback_of(rows, received=99.0):
    return said([(u, i, "rating", v, at, received * DAY) for u, i, v, at in rows])


def test_the_order_of_rows_changes_nothing():
    parent, rows = old(ratings()), ratings(seed=2, start=60)
    plan = DataPlan(minimum_new=10)
    mixed = [rows[at] for at in np.random.default_rng(0).permutation(len(rows))]
    one, two = (compose(parent, feedback_of(given), plan, cut=CUT, liked=None) for given in (rows, mixed))
    assert as_rows(one.data) == as_rows(two.data)


def test_what_was_left_for_the_next_one_is_learnt_by_the_next_one():
    """A pair that is known and rated again within the holdout is in neither part now, and new the next time."""
    parent = old([("u1", "a", 1.0, 0), ("u2", "b", 2.0, 0), ("u3", "a", 3.0, 0)])
    rows = [(f"n{at}", "a", 5.0, (50 + at) * DAY) for at in range(10)] + [("u1", "a", 5.0, 59.5 * DAY)]
    given = feedback_of(rows)
    plan = DataPlan(minimum_new=2)
    first = compose(parent, given, plan, cut=CUT, liked=None)
    assert as_rows(first.data)["u1", "a"] == (1.0, 0, 0)
    assert (first.counts["left_for_next"], first.next_since) == (1, 99 * DAY)
    more = feedback_of([*rows, *((f"m{at}", "b", 4.0, (60 + at) * DAY) for at in range(10))])
    second = compose(first.data, more, plan, cut=CUT, liked=None)
    assert as_rows(second.data)["u1", "a"] == (5.0, 59.5 * DAY, 0)
    assert second.counts["new"] == 11
    again = compose(first.data, more, plan, cut=CUT, liked=None)
    assert as_rows(again.data) == as_rows(second.data)


def test_what_is_known_already_is_nothing_new():
    parent, given = old(ratings()), feedback_of(ratings(seed=2, start=60))
    plan = DataPlan(minimum_new=10)
    first = compose(parent, given, plan, cut=CUT, liked=None)
    known = [(user, item, value, at) for (user, item), (value, at, _) in as_rows(first.data).items()]
    with pytest.raises(TooLittle, match=r"^0 new interactions"):
        compose(first.data, feedback_of(known), plan, cut=CUT, liked=None)


def test_a_half_life_keeps_its_share_and_never_brings_a_row_back():
    random = np.random.default_rng(5)
    parent = old([(f"u{at // 50}", f"i{at % 50}", 3.0, 40 * DAY) for at in range(2_500)])
    given = feedback_of([(f"n{at}", f"i{random.integers(50)}", 5.0, (90 + at / 100) * DAY) for at in range(100)])
    kept = {}
    for days in (30.0, 60.0, 120.0):
        plan = DataPlan("half_life", half_life_days=days, minimum_new=2)
        found = as_rows(compose(parent, given, plan, cut=CUT, liked=None).data)
        kept[days] = {pair for pair, (_, at, _) in found.items() if at == 40 * DAY}
        expected = 2_500 * 0.5 ** (60 / days)
        assert abs(len(kept[days]) - expected) < 4 * np.sqrt(expected)
    assert kept[30.0] < kept[60.0] < kept[120.0], "the older a row gets, the fewer are left, and always of the same"


def test_old_data_without_times_counts_as_before_all_feedback():
    rows = ratings()
    untimed = replace(old(rows), timestamp=None)
    found = compose(untimed, feedback_of(ratings(seed=2, start=60)), DataPlan(minimum_new=10), cut=CUT, liked=None)
    assert found.counts["old_after_holdout"] == 0
    assert found.data.timestamp[found.data.part == 0].max() < found.data.timestamp[found.data.part == 1].min()


def test_clicks_on_ratings_are_said_where_they_are_not_counted():
    parent = old(ratings())
    given = said([(f"n{at}", "i1", "click", 1.0, (60 + at) * DAY, 99 * DAY) for at in range(20)])
    with pytest.raises(TooLittle, match="20 clicks and conversions are not counted, as the data is ratings"):
        compose(parent, given, DataPlan(minimum_new=10), cut=CUT, liked=None)
    found = compose(parent, given, DataPlan(minimum_new=10, events_as_ratings=True), cut=CUT, liked=None)
    assert {value for (user, _), (value, _, _) in as_rows(found.data).items() if user[0] == "n"} == {4.0}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"data": {"holdout_share": 2}}, "data.holdout_share: a number at least 0.01 and at most 0.9 is accepted"),
        ({"data": {"use": "some"}}, "data.use: all, days, half_life are accepted, got 'some'"),
        ({"canary": {"shares": [0.5, 0.2]}}, "shares: rising ones above 0 that end at 1 are accepted"),
        ({"guards": {"metric": "f1"}}, "guards.metric: precision_at_10, ndcg_at_10"),
        ({"promote": "later"}, "promote: automatic, ask are accepted, got 'later'"),
        ({"colour": "red"}, "colour: no such field"),
    ],
)
def test_a_plan_that_does_not_hold_says_field_value_and_what_is_accepted(given, message):
    from retraining.plan import Plan

    with pytest.raises(ValueError) as error:
        Plan.from_json(given)
    assert message in str(error.value)


def test_a_plan_survives_the_way_through_json():
    from retraining.plan import Plan

    plan = Plan.from_json({"data": {"use": "days", "days": 30}, "promote": "ask"})
    assert Plan.from_json(plan.to_json()) == plan
    assert Plan.from_json({}) == Plan()
    assert dt.timedelta(minutes=plan.canary.least_minutes) == dt.timedelta(hours=1)
