"""Use of parts: off until switched on, pages alone are counted, people are never told apart, and pages never suffer."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse
from django.utils import timezone

from experiments.tests.factories import make_experiment
from mlopspro.accounts.models import AuditEntry, PartUse, Workspace
from mlopspro.accounts.permissions import Role
from mlopspro.accounts.services import keys
from mlopspro.insights.parts import LABELS, WHOLE, part_of
from mlopspro.insights.selectors.span import span_of
from mlopspro.insights.selectors.use import use
from mlopspro.insights.services import part_use, usage_switch
from mlopspro.testing.people import browser, make_member

PAGE, SWITCH = "insights:insights", "insights:use"


@pytest.fixture(autouse=True)
def fresh_cache():
    cache.clear()


@pytest.fixture
def counted(workspace):
    """The workspace with its switch on."""
    usage_switch.switch(workspace, on=True, actor=None)
    return workspace


def rows(workspace) -> dict[str, tuple[int, int, int]]:
    known = PartUse.objects.filter(workspace=workspace).values_list("part", "visits", "sessions", "seconds")
    return {part: (visits, sessions, seconds) for part, visits, sessions, seconds in known}


def seen(workspace, user, part, *minutes: float) -> None:
    """Visits at these minutes of one day, none of them left out for coming soon after another."""
    noon = dt.datetime(2026, 11, 18, 12, tzinfo=dt.UTC)
    for at in minutes:
        cache.clear()
        part_use.visit(workspace, user, part, noon + dt.timedelta(minutes=at))


def test_nothing_is_recorded_until_somebody_switches_it_on(client, workspace):
    client.get(reverse(PAGE))
    client.get("/")
    assert not workspace.usage_recorded
    assert rows(workspace) == {}
    assert "Nothing is recorded." in client.get(reverse(PAGE)).content.decode()


def test_pages_are_counted_and_fragments_files_the_api_and_refusals_are_not(client, counted):
    for address in ("/", reverse("monitoring:overview"), reverse("experiments:compare")):
        client.get(address)
    assert set(rows(counted)) == {WHOLE, "home", "monitoring", "comparison"}
    cache.clear()
    client.get(reverse("insights:home_now"), headers={"HX-Request": "true"})
    client.get(reverse("insights:export"))
    client.get("/api/insights")
    client.get("/datasets/00000000-0000-0000-0000-000000000000/")
    client.post(reverse(SWITCH), {"on": "maybe"})
    viewer = browser(make_member(counted, Role.VIEWER))
    assert viewer.post(reverse(SWITCH), {"on": "no"}).status_code == 403
    browser().get("/")
    assert rows(counted)["home"] == (1, 1, 0)
    assert set(rows(counted)) == {WHOLE, "home", "monitoring", "comparison"}


def test_a_key_is_nobodys_visit(counted):
    owner = make_member(counted)
    made = keys.create_key(owner=owner, workspace=counted, name="k", scopes=["admin"], expires_at=None, actor=owner)
    browser().get("/api/insights", headers={"Authorization": f"Bearer {made.token}"})
    assert rows(counted) == {}


def test_time_is_what_lies_between_pages_less_than_half_an_hour_apart(counted, administrator):
    """Counted by hand: 10 + 5 min, a pause of 45 that ends the session, then 20 min."""
    seen(counted, administrator, "monitoring", 0, 10, 15, 60, 80)
    assert rows(counted) == {"monitoring": (5, 2, 35 * 60), WHOLE: (5, 2, 35 * 60)}


def test_time_with_the_product_is_not_counted_once_a_part(counted, administrator):
    seen(counted, administrator, "monitoring", 0)
    seen(counted, administrator, "retraining", 10)
    seen(counted, administrator, "monitoring", 20)
    found = rows(counted)
    assert found["monitoring"][2] == 20 * 60
    assert found["retraining"][2] == 0
    assert found[WHOLE] == (3, 1, 20 * 60)


def test_a_visit_soon_after_another_writes_nothing(client, counted):
    client.get("/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/")
    assert not [one for one in queries if "partuse" in one["sql"]]
    assert rows(counted)["home"] == (1, 1, 0)


def test_counting_costs_one_statement_and_none_where_it_is_off(client, workspace):
    def cost() -> list[str]:
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("experiments:datasets")).status_code == 200
        return [one["sql"] for one in queries]

    cost()
    off = cost()
    usage_switch.switch(workspace, on=True, actor=None)
    extra = cost()[len(off) :]
    assert [sql for sql in extra if "partuse" in sql and sql.lstrip().startswith("INSERT")]
    assert len([sql for sql in extra if "SAVEPOINT" not in sql]) == 2, "how long to wait at most, and the row"


def test_a_page_does_not_fail_because_it_was_counted(client, counted, monkeypatch):
    """The table is gone: the worst that can happen to a count."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_partuse RENAME TO gone")
    assert client.get(reverse("experiments:datasets")).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE gone RENAME TO accounts_partuse")
    assert rows(counted) == {}


def test_once_it_is_off_not_even_a_request_on_its_way_writes(counted, administrator):
    """The request read the workspace while the switch was on."""
    stale = Workspace.objects.get(pk=counted.pk)
    usage_switch.switch(counted, on=False, actor=administrator, delete=True)
    assert stale.usage_recorded
    assert not part_use.visit(stale, administrator, "home", timezone.now())
    assert rows(counted) == {}


def test_switching_off_keeps_or_deletes_as_was_said_and_is_audited(client, counted, administrator):
    client.get("/")
    client.post(reverse(SWITCH), {"on": "no"})
    assert rows(counted)
    assert "What was recorded from" in client.get(reverse(PAGE)).content.decode()
    client.post(reverse(SWITCH), {"on": "no", "delete": "yes"})
    assert rows(counted) == {}
    entries = AuditEntry.objects.filter(action="switch_usage_recording", workspace=counted).order_by("pk")
    assert [one.after["recorded"] for one in entries] == [True, False, False]
    assert entries.last().after["rows_deleted"] == 2
    assert entries.last().actor == administrator


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SCIENTIST, Role.ENGINEER, Role.MANAGER])
def test_only_an_administrator_switches(workspace, role):
    client = browser(make_member(workspace, role))
    assert client.post(reverse(SWITCH), {"on": "yes"}).status_code == 403
    assert "Record use" not in client.get(reverse(PAGE)).content.decode()
    assert not Workspace.objects.get(pk=workspace.pk).usage_recorded


def test_figures_are_those_of_a_count_by_hand(counted):
    """Four people: three on Wednesday, two on Thursday, whose day is therefore not shown."""
    people = [make_member(counted) for _ in range(4)]
    wednesday, thursday = dt.date(2026, 11, 18), dt.date(2026, 11, 19)
    now = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
    for place, (person, day) in enumerate(
        [*((one, wednesday) for one in people[:3]), *((one, thursday) for one in people[2:])]
    ):
        for part in (WHOLE, "monitoring" if place != 4 else "data"):
            PartUse.objects.create(
                workspace=counted, user=person, day=day, part=part, visits=1, sessions=2, seconds=600 * (place + 1),
                last_at=now,
            )  # fmt: skip
    for person in (people[0], people[0], people[1]):
        make_experiment(counted, created_by=person, created_at=now)
    make_experiment(counted, created_by=make_member(counted), created_at=now)
    found = use(counted, span_of(4, now))
    assert found.people == 4
    assert {one.day: one.people for one in found.days}[wednesday] == 3
    assert {one.day: one.people for one in found.days}[thursday] is None
    assert found.seconds == 600 * (1 + 2 + 3 + 4 + 5) / 5
    assert found.sessions == 2
    assert found.experiments == 3 / 4
    parts = {one.key: (one.people, one.share) for one in found.parts}
    assert parts["monitoring"] == (3, 0.75)
    assert parts["data"] == (None, None)
    assert parts["comparison"] == (None, None)
    assert found.a_day is None, "2.5 people a day are fewer than 3"


def test_two_people_are_fewer_than_three_and_nobody_is_named(client, counted):
    for person in (make_member(counted, name="Ada Lovelace"), make_member(counted, name="Alan Turing")):
        PartUse.objects.create(
            workspace=counted, user=person, day=timezone.now().date(), part=WHOLE, seconds=999, last_at=timezone.now()
        )
    cache.set(f"part-use:{counted.pk}:{client.session['_auth_user_id']}:insights", 1)
    found = use(counted, span_of(4, timezone.now()))
    assert (found.people, found.a_day, found.seconds, found.experiments) == (None, None, None, None)
    assert all(one.people is None for one in found.days)
    page = client.get(reverse(PAGE)).content.decode()
    text = b"".join(client.get(reverse("insights:export")).streaming_content).decode()
    assert "Fewer than 3" in page
    assert "use,whole period,people,fewer than 3,people" in text
    for hidden in ("Ada", "Turing", "999", "16.6"):
        assert hidden not in text
        assert f">{hidden}" not in page


@pytest.mark.parametrize(
    ("name", "args", "part"),
    [
        ("insights:home", [], "home"),
        ("insights:insights", [], "insights"),
        ("experiments:compare", [], "comparison"),
        ("experiments:datasets", [], "data"),
        ("experiments:models", [], "registry"),
        ("experiments:experiments", [], "experiments"),
        ("experiments:training", [], "training"),
        ("experiments:searches", [], "training"),
        ("monitoring:overview", [], "monitoring"),
        ("monitoring:alerts", [], "alerts"),
        ("retraining:overview", [], "retraining"),
        ("retraining:trials", [], "trials"),
        ("serving:recommend", [], "serving"),
        ("accounts:settings", [], "settings"),
    ],
)
def test_each_address_belongs_to_a_part(name, args, part):
    assert part_of(resolve(reverse(name, args=args))) == part
    assert part in LABELS
