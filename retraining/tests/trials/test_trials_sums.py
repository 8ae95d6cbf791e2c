"""Sums by user from the log: against brute force, and against monitoring's windows over the same answers."""

import dataclasses
import datetime as dt

import numpy as np
import pytest
from django.utils import timezone

from experiments.tests.versions import make_live, make_version_row
from mlopspro.testing.people import make_workspace
from monitoring.models import PredictionArchive, Source
from monitoring.services import partitions, window_reads, windows
from monitoring.services.feedback import FeedbackRow, write_feedback
from monitoring.services.log_rows import LoggedPrediction, write_predictions
from monitoring.services.prediction_ids import new_id
from monitoring.services.sources import source_of
from monitoring.summaries import judged
from retraining.services import trial_metrics, trial_rows
from retraining.services.trial_rows import ArmRows, Question
from retraining.tests.trial_scene import answer, say
from retraining.tests.trials import oracle

pytestmark = pytest.mark.django_db
LISTS = [name for name, one in trial_metrics.METRICS.items() if "recommendation" in one.applies]
SINCE = timezone.now() - dt.timedelta(hours=30)


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def sources(workspace):
    control = make_version_row(workspace, "Films")
    make_live(control)
    variant = make_version_row(workspace, control.model, "1.1.0")
    return [
        source_of(model=control.model, version=control, role=Source.As.CHAMPION),
        source_of(model=control.model, version=variant, role=Source.As.CHALLENGER),
    ]


def arms_of(sources, **fields):
    names = ("control", "variant")
    until = timezone.now()
    return [ArmRows(name, (one.pk,), SINCE, until, **fields) for name, one in zip(names, sources, strict=False)]


def asked(metric, **fields):
    return Question(**({"metric": metric, "liked_from": 4.0, "slow_ms": 200.0} | fields))


def as_tuple(sums):
    return dataclasses.astuple(sums)


def write(workspace, log):
    """Piece by piece, so that the order of what was received is certain."""
    write_predictions(log.predictions)
    longest = max((len(one) for one in log.told.values()), default=0)
    for place in range(longest):
        rows = [
            FeedbackRow(prediction_id=key, kind=one["kind"], item=one["item"], value=one["value"], at=one["at"],
                        label=one.get("label", ""), key=str(place))
            for key, told in log.told.items() for one in told[place : place + 1]
        ]  # fmt: skip
        write_feedback(rows, workspace=workspace)


def random_log(sources, seed=4, users=40, crossing=True):
    """Lists of any length, some failed, some without a user, feedback of every kind that contradicts itself."""
    rng, log = np.random.default_rng(seed), oracle.Log()
    names = [f"i{place}" for place in range(16)]
    for user in range(users):
        for _ in range(int(rng.integers(1, 5))):
            mine = sources[user % 2] if not (crossing and user % 9 == 0) else sources[int(rng.integers(2))]
            hours = float(rng.uniform(-2, 29)) if crossing else 14 * int(rng.integers(2)) + 0.5
            at = SINCE + dt.timedelta(hours=hours)
            kind = rng.random()
            items = [str(one) for one in rng.permutation(names)[: int(rng.integers(0, 14))]]
            log.predictions.append(
                LoggedPrediction(
                    id=new_id(at), at=at, source_id=mine.pk, user="" if crossing and rng.random() < 0.1 else f"u{user}",
                    items=None if kind > 0.9 else items, error="broken" if kind > 0.95 else "",
                    latency_ms=float(rng.uniform(1, 400)) if kind < 0.8 else None,
                )
            )  # fmt: skip
    for one in log.predictions:
        for _ in range(int(rng.integers(0, 7))):
            kind = str(rng.choice(["rating", "click", "conversion", "skip"]))
            value = {"rating": float(rng.integers(1, 6)), "skip": None}.get(kind, float(rng.integers(0, 2)))
            at = one.at + dt.timedelta(seconds=int(rng.integers(1, 4)))
            log.told[one.id].append({"kind": kind, "item": str(rng.choice(names[:6])), "value": value, "at": at})
    return log


@pytest.mark.parametrize("metric", LISTS)
def test_every_metric_of_lists_is_what_brute_force_finds(workspace, sources, metric):
    log = random_log(sources)
    write(workspace, log)
    found = trial_rows.read(workspace.pk, arms_of(sources), asked(metric))
    names = {sources[0].pk: "control", sources[1].pk: "variant"}
    truth = oracle.by_user(log, names, metric, 4.0, SINCE)
    assert (found.nameless, found.crossed) == (truth["nameless"], truth["crossed"])
    assert found.crossed > 0
    assert found.nameless > 0
    for name in ("control", "variant"):
        users, requests, lists, sums, errors = truth[name]
        one = found.arms[name]
        assert (one.users, one.predictions, one.judged) == (users, requests, lists)
        assert as_tuple(one.metric) == pytest.approx(sums)
        assert as_tuple(one.errors) == pytest.approx(errors)


def test_they_are_the_figures_of_monitorings_windows(workspace, sources):
    log = random_log(sources, seed=5, crossing=False)
    write(workspace, log)
    windows.refresh(30, busy_pause=0)
    period = window_reads.period(start=SINCE, end=timezone.now())
    for place, name in enumerate(("control", "variant")):
        totals = window_reads.total([sources[place]], period, ("judged",))
        whole = judged.whole(totals.summary["judged"])
        for metric, x, y in (
            ("ndcg_at_10", "ndcg", "with_positive"),
            ("recall_at_10", "recall", "with_positive"),
            ("precision_at_10", "precision", "lists"),
            ("hit_rate_at_10", "with_hit", "lists"),
        ):
            one = trial_rows.read(workspace.pk, arms_of(sources), asked(metric)).arms[name]
            assert (one.metric.x, one.metric.y) == pytest.approx((whole[x], whole[y])), (name, metric)
            assert (one.predictions, one.errors.x, one.judged) == (totals.predictions, totals.errors, whole["lists"])


def test_labels_and_numbers_of_tables(workspace, sources):
    at = SINCE + dt.timedelta(hours=1)
    plain = {"items": None, "scores": None}
    rows = [
        answer(sources[0], "a", at, label="1", confidence=0.9, value=3.0, **plain),
        answer(sources[0], "a", at, label="0", confidence=0.9, value=1.0, **plain),
        answer(sources[0], "b", at, label="1", confidence=0.9, value=1e300, **plain),
        answer(sources[0], "c", at, label="1", confidence=0.9, **plain),
    ]
    write_predictions(rows)
    true = [{"kind": "label", "item": "", "value": None, "label": "1"}] * 3
    say(workspace, list(zip(rows, true, strict=False)))
    say(workspace, [(rows[0], {"kind": "label", "item": "", "value": None, "label": "0", "later": 9})])
    say(workspace, [(rows[0], {"kind": "value", "item": "", "value": 5.5})])
    say(workspace, [(rows[1], {"kind": "value", "item": "", "value": -1.0})])
    say(workspace, [(rows[3], {"kind": "value", "item": "", "value": 7.0})])
    labels = trial_rows.read(workspace.pk, arms_of(sources), asked("right_share")).arms["control"]
    assert (labels.users, labels.judged) == (3, 3)
    assert as_tuple(labels.metric) == (2, 1.0, 1.0, 3.0, 5.0, 1.0), (
        "a: 0 of 2 right, as the later truth counts; b: 1 of 1"
    )
    numbers = trial_rows.read(workspace.pk, arms_of(sources), asked("absolute_error")).arms["control"]
    assert as_tuple(numbers.metric) == (1, 4.5, 20.25, 2.0, 4.0, 9.0), "who answered no number has no error"


def test_slow_and_failed_answers_are_ratios_of_users(workspace, sources):
    at = SINCE + dt.timedelta(hours=1)
    times = {"a": [10.0, 250.0, None], "b": [300.0], "c": [200.0, 199.0]}
    rows = [answer(sources[0], user, at, latency_ms=ms) for user, each in times.items() for ms in each]
    write_predictions([*rows, answer(sources[0], "c", at, error="broken", items=None, scores=None, latency_ms=None)])
    one = trial_rows.read(workspace.pk, arms_of(sources), asked("ndcg_at_10")).arms["control"]
    assert as_tuple(one.slow) == (3, 2.0, 2.0, 5.0, 9.0, 3.0)
    assert as_tuple(one.errors) == (3, 1.0, 1.0, 7.0, 19.0, 3.0)


def test_who_comes_back_after_his_variant_was_stopped_stays_in_it(workspace, sources):
    at = SINCE + dt.timedelta(hours=1)
    stop = at + dt.timedelta(hours=1)
    rows = [
        answer(sources[1], "stayed", at),
        answer(sources[1], "returned", at),
        answer(sources[0], "returned", stop + dt.timedelta(hours=1)),
        answer(sources[0], "came late", stop + dt.timedelta(hours=1)),
        answer(sources[0], "crossed", at),
        answer(sources[1], "crossed", at + dt.timedelta(minutes=1)),
        answer(sources[1], "after the stop", stop + dt.timedelta(seconds=1)),
    ]
    write_predictions(rows)
    arms = [
        ArmRows("control", (sources[0].pk,), SINCE, timezone.now()),
        ArmRows("variant", (sources[1].pk,), SINCE, stop, stopped=True),
    ]
    found = trial_rows.read(workspace.pk, arms, asked("ndcg_at_10", borders=(stop,)))
    assert (found.arms["control"].users, found.arms["variant"].users) == (1, 2)
    assert (found.crossed, found.returned) == (1, 1)
    assert (found.arms["control"].first_seen, found.arms["variant"].first_seen) == ((0, 1), (2, 0))


def test_only_days_of_the_trial_are_read_and_those_that_left_are_named(workspace, sources):
    now = timezone.now()
    write_predictions([answer(sources[0], "a", now - dt.timedelta(hours=1))])
    gone = [(now - dt.timedelta(days=back)).date() for back in (40, 41, 90)]
    for day in gone:
        PredictionArchive.objects.create(
            workspace=workspace, day=day, path=f"{day}.parquet", predictions=1, feedback=0, size_bytes=1, sha256="0",
            written_at=now, dropped_at=now,
        )  # fmt: skip
    arms = [ArmRows("control", (sources[0].pk,), now - dt.timedelta(days=60), now)]
    found = trial_rows.read(workspace.pk, arms, asked("ndcg_at_10"))
    assert found.missing == (gone[1], gone[0])
    assert found.arms["control"].users == 1
    assert not set(gone) & set(partitions.existing())


def test_an_empty_log_is_no_error(workspace, sources):
    now = timezone.now()
    nothing = trial_rows.read(workspace.pk, arms_of(sources), asked("ndcg_at_10"))
    assert [one.users for one in nothing.arms.values()] == [0, 0]
    early = [ArmRows("control", (sources[0].pk,), now, now - dt.timedelta(days=1))]
    assert trial_rows.read(workspace.pk, early, asked("ndcg_at_10")).arms["control"].users == 0
    assert trial_rows.read(workspace.pk, [ArmRows("control", (), SINCE, now)], asked("ndcg_at_10")).nameless == 0
