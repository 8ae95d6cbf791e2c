"""The four tiles: each says what its area found, "not enough data" never looks well, and all of them cost little."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from experiments.tests.versions import make_live, make_version_row
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring.models import Alert, AlertRule
from monitoring.selectors.standing import standing
from monitoring.selectors.traffic import sources_of
from monitoring.selectors.windows import period
from monitoring.services import windows
from monitoring.tests.judged.scenes import all_fine, make_check
from monitoring.tests.windows_scene import make_source, put, react, row

pytestmark = pytest.mark.django_db
QUERIES = 25


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def client(workspace):
    return browser(make_member(workspace, Role.VIEWER))


@pytest.fixture
def source(workspace):
    made = make_source(workspace)
    put(made, [row(timezone.now() - dt.timedelta(seconds=70 + at)) for at in range(5)])
    windows.refresh(busy_pause=0)
    return made


def page(client, source, **query):
    answer = client.get(reverse("monitoring:overview"), {"model": source.model_id, **query})
    assert answer.status_code == 200
    return answer.content.decode()


def tiles(html):
    """The markup of the four, in their order."""
    section = html.split('<section class="answers"')[1].split("</section>")[0]
    return section.split("<article")[1:]


def _finding(signal, verdict, value, threshold, title=""):
    detail = {"decides": True} | ({"title": title} if title else {})
    return {"signal": signal, "verdict": verdict, "value": value, "threshold": threshold, "detail": detail}


def stands(source):
    return standing(source.model, sources_of(source.model), period("24h"))


def test_a_model_that_is_well_says_so_in_four_answers(client, source):
    all_fine(source.model)
    well, cost, changed, do = tiles(page(client, source))
    assert "Is it well?" in well
    assert "Healthy" in well
    assert "tone-good" in well
    assert "97\u202f%" in well
    assert "NDCG@10 is 0.39" in well
    assert "1\u202fmin ago" in well
    assert "$41.20" in cost
    assert "limit $60.00" in cost
    assert "12.0\u202f%" in cost
    assert "40.0\u202f%" in cost
    assert "No drift" in changed
    assert "0.050" in changed
    assert "1.0.0" in changed
    assert "Nothing. What could be judged is within its limits." in do
    assert "is-act" not in do


@pytest.mark.parametrize(
    ("verdict", "word", "tone"),
    [("watch", "Watch", "warning"), ("act", "Degraded", "bad"), ("not_enough", "Not enough data", "neutral")],
)
def test_each_state_of_quality_has_its_word_and_tone(client, source, verdict, word, tone):
    all_fine(source.model, quality=verdict)
    well = tiles(page(client, source))[0]
    assert f"<strong>{word}</strong>" in well
    assert f"tone-{tone}" in well
    assert ("is-unknown" in well) == (verdict == "not_enough")
    assert ("97\u202f%" in well) == (verdict != "not_enough")


def test_silence_is_stale_whatever_quality_said(client, source):
    all_fine(source.model, freshness="act")
    well, *_, do = tiles(page(client, source))
    assert "<strong>Stale</strong>" in well
    assert "Healthy" not in well
    assert "predictions have stopped" in do
    assert "tab=traffic" in do


def test_a_model_that_was_never_checked_is_not_well(client, source):
    found = tiles(page(client, source))
    assert all("Healthy" not in tile and "tone-good" not in tile for tile in found)
    assert all("is-unknown" in tile for tile in found[:3])
    assert "Quality has not been checked yet." in found[0]
    assert "Send feedback" in found[3]


def test_missing_labels_are_counted(client, source):
    make_check(
        source.model, "quality", "not_enough", score=0.99,
        findings=[{"signal": "ndcg_at_10", "statistic": "performance", "current_size": 48, "verdict": "not_enough"}],
    )  # fmt: skip
    make_check(source.model, "freshness")
    well, *_, do = tiles(page(client, source))
    assert "152 more labels are needed" in well
    assert not re.search(r"0\.99|\b99\s*%", well)  # a score of too few labels is no figure
    assert "Send 152 more labels (48 of 200)" in do


def test_what_changed_names_the_worst_signals_and_escapes_them(client, source):
    bad = '<img src=x onerror="x">'
    all_fine(source.model)
    make_check(
        source.model, "drift", "watch", score=0.34, ago=10,
        findings=[_finding("exposure", "watch", 0.05, 0.04), _finding(f"feature.{bad}", "act", 0.2, 0.05, bad)],
    )  # fmt: skip
    make_check(
        source.model, "data", "act", ago=10, findings=[_finding("feature.age", "act", 0.5, 0.05, "age is missing")]
    )  # fmt: skip
    html = page(client, source)
    _, _, changed, do = tiles(html)
    assert "&lt;img src=x" in changed
    assert bad not in html
    assert "Act: age is missing" in changed
    assert "Repair what callers send first: age is missing." in do


def test_checks_that_are_old_say_so(client, source):
    for area in all_fine(source.model).values():
        area.at -= dt.timedelta(hours=2)
        area.save()
    do = tiles(page(client, source))[3]
    assert "may be behind" in do
    assert reverse("monitoring:health") in do


def test_a_fresh_deployment_before_a_fall_leads_back(client, source):
    all_fine(source.model, quality="act")
    assert stands(source).advice.code == "retrain"  # nothing to go back to
    make_live(make_version_row(source.workspace, source.model, "1.1.0"))
    found = stands(source)
    assert found.advice.code == "roll_back"
    assert found.facts.deployed == "1.1.0"
    do = tiles(page(client, source))[3]
    assert "1.1.0 went live within this period" in do


def test_retraining_leads_to_what_the_policy_says(client, source):
    all_fine(source.model, quality="act")
    assert reverse("retraining:model", args=[source.model.pk]) in tiles(page(client, source))[3]


def test_one_segment_that_fell_is_named(source):
    findings = [{"signal": "ndcg_at_10", "statistic": "performance", "value": 0.3, "current_size": 900}]
    for name, verdict in (("new", "act"), ("light", "ok"), ("heavy", "not_enough")):
        findings.append({"signal": f"segment.{name}.ndcg_at_10", "statistic": "degradation", "verdict": verdict})
    make_check(source.model, "quality", "act", findings=findings)
    make_check(source.model, "freshness")
    assert stands(source).facts.segment == "new users"


def test_a_check_that_looked_back_or_elsewhere_is_not_the_state_now(source):
    now = all_fine(source.model)
    past = timezone.now() - dt.timedelta(days=5)
    make_check(source.model, "quality", "act", ago=5, through="api", start=past, end=past + dt.timedelta(hours=24))
    make_check(source.model, "drift", "act", ago=5, through="page", start=timezone.now() - dt.timedelta(hours=1))
    found = stands(source).checks
    assert found["quality"].pk == now["quality"].pk
    assert found["drift"].pk == now["drift"].pk
    again = make_check(source.model, "quality", "watch", ago=1, through="page")
    assert stands(source).checks["quality"].pk == again.pk


def test_open_alerts_are_counted(client, source):
    for number, state in enumerate(("open", "snoozed", "resolved")):
        rule = AlertRule.objects.create(
            model=source.model, name=f"rule {number}", signal="drift.score", comparison="above", threshold=0.3
        )
        at = timezone.now()
        Alert.objects.create(
            rule=rule, state=state, severity="warning", sentence="Drift.", opened_at=at, last_seen_at=at
        )
    assert "2 open alerts" in tiles(page(client, source))[3]


def test_a_new_check_makes_a_new_fragment_and_nothing_else_does(client, source):
    all_fine(source.model)
    address, query = reverse("monitoring:overview"), {"model": source.model_id, "tab": "traffic"}
    first = client.get(address, query, headers={"HX-Request": "true"})
    assert 'id="monitoring-tiles" hx-swap-oob="true"' in first.content.decode()
    known = {"HX-Request": "true", "If-None-Match": first["ETag"]}
    assert client.get(address, query, headers=known).status_code == 304
    make_check(source.model, "quality", "watch", ago=1)
    second = client.get(address, query, headers=known)
    assert second.status_code == 200
    assert "<strong>Watch</strong>" in second.content.decode()


def test_the_tab_that_opens_by_itself_is_quality_once_an_answer_was_judged(client, source):
    assert 'tab=traffic" aria-current="page"' in page(client, source)
    (one,) = put(source, [row(timezone.now() - dt.timedelta(seconds=200))])
    react(source, one, "click", "a")
    windows.refresh(busy_pause=0)
    assert 'tab=quality" aria-current="page"' in page(client, source)


@pytest.mark.parametrize("tab", ["quality", "cost", "drift", "data", "traffic"])
def test_tiles_and_a_tab_cost_the_same_with_few_and_many_checks(client, source, tab):
    all_fine(source.model)
    make_check(source.model, "drift", ago=0)  # of this hour, as the others will be, even just after the hour
    page(client, source, tab=tab)
    few = cost(client, source, tab)
    for number in range(30):
        make_check(source.model, "drift", "watch", ago=number, findings=[{"signal": "scores", "verdict": "act"}] * 20)
    assert cost(client, source, tab) == few <= QUERIES


def cost(client, source, tab):
    with CaptureQueriesContext(connection) as queries:
        page(client, source, tab=tab)
    return len(queries)
