"""Who was live when: the picture, the table, and what was live at a moment."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from experiments.models import Deployment
from experiments.selectors.deployment_times import deployment_times
from experiments.selectors.model_page import parse_moment
from experiments.tests.versions import make_live, make_model_row, make_version_row

DAY = dt.timedelta(days=1)
BEGIN = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def model(workspace, engineer):
    made = make_model_row(workspace)
    for number, start in (("1.0.0", BEGIN), ("1.1.0", BEGIN + 10 * DAY)):
        make_live(make_version_row(workspace, made, number), engineer, start)
    return made


def page(client, model, **query) -> str:
    return client.get(reverse("experiments:model", args=[model.pk]), {"tab": "deployments"} | query).content.decode()


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-01-05", "<strong><a href="),
        ("2026-01-05T10:00:00+00:00", "1.0.0"),
        ("2026-01-05T10:00:00 00:00", "1.0.0"),
        ("2026-01-11 12:00", "1.1.0"),
        ("2025-06-01", "no version of Films was live"),
        ("yesterday", "is no moment"),
        ("0001-01-01T00:00:00+23:00", "is no moment"),
        ("9999-12-31T23:59:59-23:00", "is no moment"),
        ("<script>", "&lt;script&gt;"),
    ],
)
def test_what_was_live_at(client, model, at, words):
    assert words in page(client, model, at=at)
    fragment = client.get(
        reverse("experiments:model_live_at", args=[model.pk]), {"at": at}, headers={"HX-Request": "true"}
    )
    assert words in fragment.content.decode()


def test_without_scripts_the_form_leads_to_the_same_page(client, model):
    answer = client.get(reverse("experiments:model_live_at", args=[model.pk]), {"at": "2026-01-05 10:00"})
    assert answer.url == f"/models/{model.pk}/?tab=deployments&at=2026-01-05+10%3A00"


def test_moments_without_a_zone_are_the_readers():
    zone = dt.timezone(dt.timedelta(hours=3))
    assert parse_moment("2026-01-01 12:00", zone) == dt.datetime(2026, 1, 1, 9, tzinfo=dt.UTC)
    assert parse_moment("2026-01-01T12:00Z", zone) == dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def test_lanes_touch_where_one_takes_over(model):
    times = deployment_times(model, BEGIN + 10 * DAY)
    newer, older = (lane.bars[0] for lane in times.lanes)
    assert (older.left, newer.is_live, older.is_live) == (0, True, False)
    assert newer.left == pytest.approx(older.left + older.width, abs=0.02)
    assert newer.left + newer.width == pytest.approx(100, abs=0.5)
    assert times.asked == pytest.approx(newer.left)
    assert deployment_times(model, BEGIN - DAY).asked is None


def test_a_moment_long_deployment_can_still_be_seen(model):
    Deployment.objects.filter(version__minor=0).update(ended_at=BEGIN + dt.timedelta(seconds=1))
    assert min(bar.width for lane in deployment_times(model).lanes for bar in lane.bars) == 0.4


def test_the_table_says_who_and_when(client, model):
    text = page(client, model)
    assert "2026-01-11 12:00:00 UTC" in text
    assert text.count("<td>Ada Lovelace</td>") == 2


def test_nothing_was_ever_live(client, workspace):
    assert "Nothing was ever live" in page(client, make_model_row(workspace, "New"))
