"""The tour's page and card in their states, what they cost, and what they tell whom."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mlopspro.accounts.permissions import Role
from mlopspro.core import home_cards
from mlopspro.testing.people import browser, make_member, make_workspace
from mlopspro.tour import home
from mlopspro.tour.steps import STEPS
from mlopspro.tour.tests.objects import make_tour
from retraining.models import Tour

pytestmark = pytest.mark.django_db
BUDGET = 6
"""Session, person, memberships, alerts of the shell, the tour, its steps."""


@pytest.fixture
def workspace(db):
    return make_workspace()


@pytest.fixture
def client(workspace):
    return browser(make_member(workspace, Role.VIEWER))


def shown(client, **headers):
    answer = client.get(reverse("tour:tour"), headers=headers)
    return answer, answer.content.decode()


def test_without_a_tour_it_says_how_to_see_one(client):
    answer, page = shown(client)
    assert answer.status_code == 200
    assert "make demo" in page
    assert "every 5s" in page  # whoever opened it too early sees the tour begin


def test_under_way_it_tells_what_happens_and_is_polled(client, workspace):
    make_tour(workspace, done=3)
    _, page = shown(client)
    assert f"Step 4 of {len(STEPS)}: {STEPS[3].title}" in page
    assert "register is running" in page
    assert 'aria-current="step"' in page
    assert "every 2s" in page
    assert all(step.why.split(":")[0] in page.replace("&#x27;", "'") for step in STEPS)


def test_a_poll_without_news_is_a_304(client, workspace):
    tour = make_tour(workspace, done=3)
    first, _ = shown(client, **{"HX-Request": "true"})
    again, _ = shown(client, **{"HX-Request": "true", "If-None-Match": first["ETag"]})
    assert again.status_code == 304
    tour.steps.filter(key="register").update(sentence="Something happened")
    news, page = shown(client, **{"HX-Request": "true", "If-None-Match": first["ETag"]})
    assert news.status_code == 200
    assert "Something happened" in page


def test_done_it_tells_the_story_and_stops_polling(client, workspace):
    tour = make_tour(
        workspace, done=len(STEPS), state="done", alive=(timezone.now() - dt.timedelta(hours=1)).isoformat()
    )
    Tour.objects.filter(pk=tour.pk).update(sentence="Quality fell & recovered.")
    answer, page = shown(client, **{"HX-Request": "true"})
    assert "Quality fell &amp; recovered." in page
    assert answer.status_code == 286
    assert "every 2s" not in page


def test_failed_it_says_why_and_what_to_do(client, workspace):
    make_tour(workspace, done=12, state="failed", failed="The gate held it back.")
    _, page = shown(client)
    assert "It did not come to its end." in page
    assert "The gate held it back." in page


def test_a_silent_driver_counts_as_interrupted(client, workspace):
    make_tour(workspace, done=2, alive=(timezone.now() - dt.timedelta(minutes=5)).isoformat())
    _, page = shown(client)
    assert f"Interrupted at step 3 of {len(STEPS)}." in page


def test_another_workspace_sees_nothing_of_it(client):
    make_tour(make_workspace("Elsewhere"), done=2)
    assert "Nothing has been shown here yet" in shown(client)[1]


def test_the_chart_marks_the_moments(client, workspace):
    at = timezone.now()
    course = [[int(at.timestamp()) + 10 * place, "1.0.0", 0.5, 20] for place in range(5)]
    make_tour(
        workspace,
        done=9,
        course=course,
        live_at=at.isoformat(),
        drift_at=at.isoformat(),
        alert_at=at.isoformat(),
        baseline=0.5,
    )
    _, page = shown(client)
    assert "Version 1.0.0" in page
    assert '"label": "9"' in page
    assert '"label": "10"' in page
    assert '"label": "Baseline"' in page


def test_it_costs_the_same_however_long_the_course_is(client, workspace):
    make_tour(workspace, done=9, course=[[10 * place, "1.0.0", 0.5, 20] for place in range(60)])
    shown(client)
    with CaptureQueriesContext(connection) as queries:
        shown(client)
    assert len(queries) <= BUDGET


def test_home_has_a_card_while_it_is_under_way_and_for_a_day(rf, workspace):
    request = rf.get("/")
    request.workspace = workspace
    assert home.card(request) is None
    tour = make_tour(workspace, done=2)
    template, context = home.card(request)
    assert template == "tour/parts/home_card.html"
    assert context["found"].heading.startswith("Step 3")
    Tour.objects.filter(pk=tour.pk).update(state="done", ended_at=timezone.now() - dt.timedelta(days=2))
    assert home.card(request) is None
    assert home.card in home_cards._PROVIDERS
