"""The Drift tab: a look for each state, rows that open, what people may do, and what it costs."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from experiments.tests.versions import make_live, make_model_row, make_version_row
from monitoring.models import Source
from monitoring.services import windows
from monitoring.tests.drift_pages.scene import (
    categorical,
    make_check,
    make_instability,
    make_reference,
    numeric,
    share,
)
from monitoring.tests.windows_scene import put, row

pytestmark = pytest.mark.django_db
QUERIES = 25
"""Of which three are session, person and memberships, and about ten the tiles above the tabs."""
EVIL = "feature.<script>alert('x')</script>\"& genre"


def page(client, version, **query):
    given = {"model": version.model_id, "tab": "drift"} | query
    return client.get(reverse("monitoring:overview"), given)


def html_of(client, version, **query):
    answer = page(client, version, **query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_model_without_a_live_version_has_nothing_to_check(client, workspace):
    model = make_model_row(workspace, "Idle")
    html = client.get(reverse("monitoring:overview"), {"model": model.pk, "tab": "drift"}).content.decode()
    assert "Nothing to check" in html
    assert "No version is in production" in html


def test_before_the_first_check_nothing_is_said_about_drift(client, viewer, version):
    html = html_of(client, version)
    assert "Drift was not checked yet" in html
    assert "answered 500 times" in html
    assert "Check now" in html
    assert "Check now" not in html_of(viewer, version)


def test_not_enough_data_says_how_many_predictions_are_missing_and_never_that_all_is_well(client, version):
    make_check(version, [numeric("scores", n=120)], reference=make_reference(version))
    html = html_of(client, version)
    assert "380 more predictions" in html
    assert "120 of 500" in html
    head = html.split('class="card drift-verdict')[1].split("</section>")[0]
    assert head.startswith(" is-unknown")
    assert ">0</div>" not in head
    assert "tone-good" not in head
    assert "Too few predictions to judge." in html


def test_without_a_reference_that_is_what_is_missing(client, version):
    make_check(version, [])
    assert "There is no reference to compare with" in html_of(client, version)


@pytest.mark.parametrize(
    ("shift", "word", "tone"), [(0.0, "OK", "good"), (0.15, "Watch", "warning"), (1.5, "Act", "bad")]
)
def test_the_verdict_comes_first_with_score_threshold_and_moved_signals(client, version, shift, word, tone):
    check = make_check(
        version, [numeric("scores", shift), share("fallback", 0.1, 0.1)], reference=make_reference(version)
    )
    html = html_of(client, version)
    head = html.split('class="card drift-verdict')[1].split("</section>")[0]
    assert f'class="tile tone-{tone}"' in head
    assert f"<span>{word}</span>" in head
    assert check.sentence in head
    assert "threshold 0.300" in head
    assert f">{1 if shift else 0}</div>" in head
    assert "of 2 judged" in head
    assert "Training data" in head


def test_an_opened_row_shows_all_statistics_and_both_samples_and_stays_open_when_the_page_refreshes(client, version):
    make_check(version, [numeric("scores", 0.5), categorical("feature.genre", 0.2)])
    closed = html_of(client, version)
    assert "chart-drift-score-title" in closed
    assert "drift-opened" not in closed
    opened = html_of(client, version, signal="scores")
    assert opened.count("drift-opened") == 1
    assert "Wasserstein distance, in standard deviations" in opened
    assert "decides" in opened
    assert '"name": "Reference"' in opened
    assert 'tab=drift&amp;signal=scores" hx-trigger="every 10s"' in opened
    assert "drift-opened" not in html_of(client, version, signal="nothing")


def test_the_name_of_a_feature_is_only_ever_text(client, version):
    make_check(version, [categorical(EVIL, 0.3)])
    for html in (html_of(client, version), html_of(client, version, signal=EVIL)):
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert" in html
    assert html_of(client, version, signal=EVIL).count("drift-opened") == 1


def test_f1_instability_is_green_orange_or_not_known(client, version):
    assert "Not known yet" in html_of(client, version)
    make_instability(version, at=timezone.now() - dt.timedelta(hours=1))
    html = html_of(client, version)
    assert "Stable" in html
    assert "0.0370" in html
    make_instability(version, "watch", value=0.42, low=0.25, high=None)
    html = html_of(client, version)
    assert "Unstable" in html
    assert "0.250 to no limit" in html
    make_instability(version, "not_enough", value=0.1, at=timezone.now() + dt.timedelta(minutes=1), current_size=3,
                     detail={"n": 3, "mean": 0.3, "sd": 0.03})  # fmt: skip
    assert "3 of 5 windows have an F1" in html_of(client, version)


def test_what_versions_depend_on_is_compared_with_the_one_before_where_both_are_known(client, workspace, version):
    assert "is the first version in production" in html_of(client, version)
    version.importance = [{"name": "age", "share": 0.5}, {"name": "price", "share": 0.5}]
    version.save()
    following = make_version_row(workspace, number="1.1.0")
    make_live(following)
    assert "was not worked out" in html_of(client, version)
    following.importance = [{"name": "age", "share": 0.2}, {"name": "price", "share": 0.8}]
    following.save()
    html = html_of(client, version)
    assert "−30.0" in html
    assert "30.0\u202f% of the importance lies elsewhere" in html


def test_top_items_now_stand_beside_those_before(client, version):
    source = Source.objects.create(
        workspace=version.model.workspace, model=version.model, version=version, role="champion"
    )
    now = timezone.now()
    put(source, [row(now - dt.timedelta(minutes=at + 2), items=["new", "old"]) for at in range(20)])
    put(source, [row(now - dt.timedelta(hours=30, minutes=at), items=["old"]) for at in range(10)])
    windows.refresh(busy_pause=0)
    make_check(version, [numeric("scores")])
    html = html_of(client, version)
    assert "+50.0" in html
    assert "−50.0" in html
    assert "40 places now, 10 in the stretch of the same length before" in html


def test_who_may_only_look_is_shown_no_button(client, viewer, version):
    make_reference(
        version, active=False, kind="pinned", start=timezone.now() - dt.timedelta(hours=2), end=timezone.now()
    )
    make_check(version, [numeric("scores", 1.0)], reference=make_reference(version))
    for words in ("Pin this period", "Use this", "Check this period"):
        assert words in html_of(client, version)
        assert words not in html_of(viewer, version)


def test_a_reference_that_is_newer_than_the_check_says_that_windows_are_recounted(client, version):
    old = make_reference(version, active=False)
    make_check(version, [numeric("scores")], reference=old)
    assert "The reference was changed." not in html_of(client, version)
    make_reference(version, kind="pinned", start=timezone.now() - dt.timedelta(hours=2), end=timezone.now())
    assert "The reference was changed." in html_of(client, version)


def test_one_check_has_a_page_of_its_own(client, version):
    first = make_check(version, [numeric("scores", 1.5)], at=timezone.now() - dt.timedelta(hours=1))
    make_check(version, [numeric("scores")])
    address = reverse("monitoring:drift_one", args=[version.model_id, first.pk])
    html = client.get(address, {"signal": "scores"}).content.decode()
    assert first.sentence in html
    assert "drift-opened" in html
    other = make_version_row(version.model.workspace, "Other")
    assert client.get(reverse("monitoring:drift_one", args=[other.model_id, first.pk])).status_code == 404


def test_the_fragment_is_sent_again_only_when_there_is_another_check(client, version):
    make_check(version, [numeric("scores")], at=timezone.now() - dt.timedelta(minutes=5))
    query = {"model": version.model_id, "tab": "drift"}
    first = client.get(reverse("monitoring:overview"), query, headers={"HX-Request": "true"})
    again = {"HX-Request": "true", "If-None-Match": first["ETag"]}
    assert client.get(reverse("monitoring:overview"), query, headers=again).status_code == 304
    make_check(version, [numeric("scores", 1.0)])
    assert client.get(reverse("monitoring:overview"), query, headers=again).status_code == 200


def test_the_page_costs_the_same_with_few_and_many_checks_signals_and_references(client, version):
    now = timezone.now()
    make_check(version, [numeric("scores")], at=now - dt.timedelta(hours=2))
    make_check(version, [numeric("scores")], at=now - dt.timedelta(hours=1), reference=make_reference(version))
    few = cost(client, version)
    for number in range(6):
        signals = [categorical(f"feature.{at}", 0.2 * (at % 2)) for at in range(number + 4)]
        make_check(version, [*signals, numeric("scores")], at=now - dt.timedelta(minutes=number))
        make_reference(version, active=False)
    assert cost(client, version) == few <= QUERIES


def cost(client, version):
    html_of(client, version, signal="scores")
    with CaptureQueriesContext(connection) as queries:
        html_of(client, version, signal="scores")
    return len(queries)
