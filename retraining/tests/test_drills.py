"""The drill as a command and as a page, on a small world."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from experiments.tests.factories import make_dataset
from mlopspro.testing.people import browser, make_member, make_workspace
from retraining.drill.synthetic import World
from retraining.models import Drill
from retraining.services import drills

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(drills, "World", lambda seed: World(users=60, items=40, days=42, warm_up_days=14, seed=seed))


def test_a_drill_ends_with_what_each_policy_brought_and_its_page_shows_it(small):
    workspace = make_workspace()
    said = io.StringIO()
    call_command("drill", "--kind", "steady", "--workspace", workspace.slug, stdout=said, stderr=io.StringIO())
    row = Drill.objects.get(workspace=workspace)
    assert (row.status, row.progress_done, row.progress_total) == ("completed", 4, 4)
    outcomes = {one["strategy"]: one for one in row.result["outcomes"]}
    assert len(outcomes["daily"]["retrainings"]) > len(outcomes["weekly"]["retrainings"]) > 0
    assert outcomes["never"]["retrainings"] == []
    assert [line.split()[0] for line in said.getvalue().splitlines()[2:]] == ["never", "weekly", "daily", "ours"]
    client = browser(make_member(workspace))
    page = client.get(reverse("retraining:drill", args=[row.pk])).content.decode()
    assert "What each policy brought" in page
    assert "NDCG@10 over time" in page
    assert row.name in client.get(reverse("retraining:drills")).content.decode()


def test_what_cannot_be_replayed_is_refused_by_name():
    workspace = make_workspace()
    data = make_dataset(workspace, name="prices", family="pricing")
    with pytest.raises(CommandError, match="dataset: prices is a table"):
        call_command("drill", "--dataset", data.name, "--workspace", workspace.slug)
    with pytest.raises(CommandError, match="there is no such dataset"):
        call_command("drill", "--dataset", "nowhere", "--workspace", workspace.slug)
    assert not Drill.objects.exists()


def test_a_drill_that_breaks_says_why(small, monkeypatch):
    def broken(*args, **options):
        raise RuntimeError("no memory")

    monkeypatch.setattr(drills, "drill", broken)
    workspace = make_workspace()
    with pytest.raises(CommandError, match="no memory"):
        call_command("drill", "--kind", "steady", "--workspace", workspace.slug, stderr=io.StringIO())
    row = Drill.objects.get()
    assert (row.status, row.failure_reason) == ("failed", "RuntimeError: no memory")
    page = browser(make_member(workspace)).get(reverse("retraining:drill", args=[row.pk])).content.decode()
    assert "no memory" in page
