"""From the log to data: what counts at a cut, late and contradictory feedback; tables, whose truths are joined to what
was asked."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
from django.utils import timezone

from experiments.learning.data.table_snapshot import read_table
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles
from experiments.models import Experiment
from experiments.services import promotion
from experiments.services.datasets import lineage
from experiments.tests.registered import make_model, make_run, make_version
from experiments.tests.tables_stored import stored_table
from mlopspro.testing.people import make_workspace
from monitoring.models import Feedback, Source
from monitoring.services.feedback import FeedbackRow, write_feedback
from monitoring.services.log_rows import LoggedPrediction, write_predictions
from monitoring.services.prediction_ids import new_id
from monitoring.services.sources import source_of
from monitoring.tests.logged import entry, make_source, rate
from retraining.plan import DataPlan
from retraining.services import compose_tables, driver, feedback_rows, retrainings
from retraining.services.compose_interactions import TooLittle
from retraining.services.feedback_rows import TableFeedback
from retraining.tests.retrain_scene import PLAN, Scene, work

HOUR = dt.timedelta(hours=1)


def received(at):
    """As if all feedback so far had come at that moment."""
    Feedback.objects.all().update(received_at=at)


def test_what_came_by_the_cut_counts_whatever_its_own_time(db):
    workspace = make_workspace()
    source = make_source(workspace)
    now = timezone.now()
    asked = entry(source, now - 5 * HOUR, user="u1")
    write_predictions([asked])
    berlin = dt.timezone(dt.timedelta(hours=2))
    rate(workspace, asked, "10", 4.0, at=(now - 4 * HOUR).astimezone(berlin))
    received(now - 3 * HOUR)
    rate(workspace, asked, "20", 5.0, at=now - 4 * HOUR)  # comes late
    one = feedback_rows.of_lists(source.model, None, now - 2 * HOUR)
    assert list(zip(one.user, one.item, one.kind, one.value, strict=True)) == [("u1", "10", "rating", 4.0)]
    assert one.at[0] == pytest.approx((now - 4 * HOUR).timestamp(), abs=1e-3)
    later = feedback_rows.of_lists(source.model, now - 2 * HOUR, timezone.now())
    assert list(later.item) == ["20"]
    both = feedback_rows.of_lists(source.model, None, timezone.now())
    assert sorted(both.item) == ["10", "20"]


def test_of_contradictory_feedback_the_latest_counts_and_other_models_do_not(db):
    workspace = make_workspace()
    source, other = make_source(workspace), make_source(workspace, "another")
    now = timezone.now()
    asked, failed, nobody = (
        entry(source, now - HOUR, user="u,1\n"),
        entry(source, now - HOUR, user="u2", error="it broke"),
        entry(source, now - HOUR, user=""),
    )
    foreign = entry(other, now - HOUR, user="u3")
    write_predictions([asked, failed, nobody, foreign])
    for one in (failed, nobody, foreign):
        rate(workspace, one)
    rate(workspace, asked, "10", 5.0, at=now - dt.timedelta(minutes=1))
    rate(workspace, asked, "10", 2.0, at=now - dt.timedelta(minutes=9))
    rate(workspace, asked, "10", None, kind="click", at=now)
    found = feedback_rows.of_lists(source.model, None, timezone.now())
    assert list(found.user) == ["u,1\n"] * 2
    assert next(zip(found.kind, found.value, strict=True)) == ("rating", 5.0)
    assert found.kind[1] == "click"
    assert np.isnan(found.value[1])


TABLE = pd.DataFrame(
    {
        "day": pd.to_datetime([f"2026-01-{day:02d}" for day in range(1, 21)], utc=True),
        "price": np.arange(20) + 1.0,
        "shop": ["a", "b"] * 10,
        "sold": np.arange(20) * 2.0,
        "unused": ["x"] * 20,
    }
)
ROLES = Roles.model_validate({"time": "day", "price": "price", "quantity": "sold", "categorical": ["shop"]})


def told(rows):
    """Truths from (features, kind, value, label, asked)."""
    columns = [np.array([row[place] for row in rows], object) for place in range(5)]
    asked = np.array([row[4].timestamp() for row in rows])
    return TableFeedback(
        np.array([json.dumps(one) for one in columns[0]], object), columns[1], columns[2].astype(float), columns[3],
        asked + 60, asked + 90, asked,
    )  # fmt: skip


def composed(rows, plan=None, family=Family.PRICING, roles=ROLES, base=None):
    split = base or {"method": "random", "test_share": 0.2, "validation_share": 0.1, "seed": 1}
    cut = dt.datetime(2026, 3, 1, tzinfo=dt.UTC).timestamp()
    return compose_tables.compose(
        TABLE, told(rows), plan or DataPlan(minimum_new=2), family=family, roles=roles, base_split=split, cut=cut
    )


def row(number, sold, kind="value", label="", /, **features):
    asked = dt.datetime(2026, 2, number, 12, tzinfo=dt.UTC)
    return ({"price": 3, "shop": "a"} | features, kind, sold, label, asked)


def test_truths_become_rows_with_what_was_asked():
    rows = [row(day, 10.0 + day) for day in range(1, 11)] + [row(11, np.nan), row(12, 5.0, day="2026-02-20")]
    found = composed(rows)
    assert found.counts["new"] == 11
    assert found.counts["without_truth"] == 1
    new = found.data.iloc[20:]
    assert list(new["sold"])[:10] == [11.0 + at for at in range(10)]
    assert new["day"].iloc[0] == pd.Timestamp("2026-02-01 12:00", tz="UTC"), "the time of the question"
    assert new["day"].iloc[-1] == pd.Timestamp("2026-02-20", tz="UTC"), "the row's own"
    assert set(new["shop"]) == {"a"}
    assert found.split["method"] == "time"
    tested = (found.data["day"] >= found.data["day"].sort_values().iloc[-2]).sum()
    assert found.split["test_share"] == pytest.approx(tested / len(found.data))


def test_rows_that_are_known_are_nothing_new():
    first = TABLE.iloc[5]
    known = row(1, first["sold"], day=first["day"].isoformat(), price=first["price"], shop="b", unused="x")
    with pytest.raises(TooLittle, match=r"^1 new rows"):
        composed([known, row(2, 7.0)])


def test_a_window_leaves_old_rows_out():
    found = composed([row(day, 1.0) for day in range(1, 11)], DataPlan("days", days=45.0, minimum_new=2))
    assert found.data["day"].min() == pd.Timestamp("2026-01-15", tz="UTC")
    assert found.counts["too_old"] == 14


def test_a_forecasts_row_takes_the_place_of_the_one_of_its_day():
    roles = Roles.model_validate({"time": "day", "target": "sold", "series": ["shop"]})
    rows = [row(1, 100.0, day="2026-01-03", shop="a"), row(2, 200.0, day="2026-02-02", shop="a")]
    base = {"method": "rolling_origin", "folds": 2, "horizon": 3, "validation_share": 0.1}
    found = composed(rows, family=Family.FORECASTING, roles=roles, base=base)
    assert (found.counts["replaced"], len(found.data), found.split) == (1, 21, base)
    at = (found.data["day"] == pd.Timestamp("2026-01-03", tz="UTC")) & (found.data["shop"] == "a")
    assert list(found.data[at]["sold"]) == [100.0]


def test_an_action_that_is_not_known_is_no_row():
    roles = Roles.model_validate({"time": "day", "action": "shop", "outcome": "sold"})
    rows = [row(day, np.nan, "label", label) for day, label in ((1, "1"), (2, "0"), (3, "yes"), (4, "what"))]
    rows.append(row(5, np.nan, "label", "1", shop=""))
    found = composed(rows, family=Family.NEXT_BEST_ACTION, roles=roles)
    assert found.counts["without_truth"] == 1
    assert found.counts["without_action"] == 1
    assert list(found.data.iloc[20:]["sold"]) == [1.0, 0.0, 1.0]


def test_a_model_on_a_table_is_trained_again_by_time(db):
    workspace = make_workspace()
    dataset = stored_table(workspace, "pricing")
    model = make_model(workspace, "prices", family="pricing")
    base = make_version(workspace, model, run=make_run(workspace, "mean_demand", dataset))
    promotion.promote(base, actor=None, force=True, reason="the first of its kind")
    source = source_of(model=model, version=base, role=Source.As.CHAMPION)
    roles = Roles.model_validate(dataset.roles)
    frame = read_table(dataset.path).tail(120)
    now = timezone.now()
    asked, truths = [], []
    for place, (_, one) in enumerate(frame.iterrows()):
        at = now - dt.timedelta(minutes=300 - place)
        features = {name: one[name] for name in roles.columns() if name not in (roles.quantity, roles.time)}
        plain = {name: value if isinstance(value, str) else float(value) for name, value in features.items()}
        asked.append(
            LoggedPrediction(id=new_id(at), at=at, source_id=source.pk, value=1.0, features=plain, latency_ms=1.0)
        )
        truths.append(FeedbackRow(prediction_id=asked[-1].id, kind="value", value=float(one[roles.quantity]), at=at))
    write_predictions(asked)
    write_feedback(truths, workspace=workspace)
    here = Scene(workspace, model, base, source)
    row = retrainings.begin(here.model, through="command", plan=PLAN)
    for _ in range(8):
        row = driver.advance(row)
        work()
    assert row.state in ("canary", "held"), row.sentence
    made = lineage(row.dataset)
    assert made["counts"]["new"] == 120
    assert row.dataset.num_interactions == dataset.num_interactions + 120
    assert row.experiment.split["method"] == "time"
    assert Experiment.objects.filter(evaluates=base.experiment, status="completed").count() == 1
