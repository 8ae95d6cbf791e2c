"""Pages, API and command of searches: what is shown, what is refused, and what a request costs."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from experiments.models import JobStatus, MetricValue, Search
from experiments.tests.factories import make_dataset, make_experiment
from experiments.tests.objects_searches import make_search
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace

HTMX = {"HX-Request": "true"}


@pytest.fixture
def workspace(db):
    return make_workspace()


@pytest.fixture
def scientist(workspace):
    return make_member(workspace, Role.SCIENTIST)


@pytest.fixture
def client(scientist):
    return browser(scientist)


@pytest.fixture
def ratings(workspace):
    return make_dataset(workspace)


def add_trials(search: Search, *values: float | None) -> None:
    """Completed trials with these values; None: a failed one."""
    now = timezone.now()
    first = search.runs.count()
    for number, value in enumerate(values, first):
        run = make_experiment(
            search.workspace,
            dataset=search.dataset,
            name=f"trial {number}",
            architecture=search.architecture,
            parameters=search.parameters | {"neighbours": 200 - 3 * number},
            search=search,
            trial=number,
            status=JobStatus.FAILED if value is None else JobStatus.COMPLETED,
            failure_reason="It diverged." if value is None else "",
            started_at=now,
            finished_at=now,
        )
        if value is not None:
            MetricValue.objects.create(
                workspace=search.workspace, experiment=run, protocol="validation", name="ndcg_at_10", value=value
            )


def typed(chosen, **changes):
    """The form as a browser sends it for item-kNN."""
    values = {
        "dataset": str(chosen.pk),
        "architecture": "item_knn",
        "parameters_of": "item_knn",
        "space_shown": "1",
        "split_method": "random",
        "seed": "42",
        "metric": "catalogue.ndcg_at_10",
        "trials": "8",
        "parallel": "2",
        "sampler": "tpe",
        "pruner": "",
        "parameters-neighbours": "100",
        "parameters-shrinkage": "100",
        "parameters-amplification": "1.5",
        "parameters-damping": "0.1",
        "space-neighbours-on": "on",
        "space-neighbours-low": "5",
        "space-neighbours-high": "200",
        "space-neighbours-step": "",
        "space-neighbours-log": "on",
    }
    return values | changes


def test_the_form_offers_a_space_to_begin_with(client, ratings):
    page = client.get(reverse("experiments:search_new"), {"dataset": ratings.pk, "architecture": "bpr"})
    text = page.content.decode()
    assert 'name="space-learning_rate-on" id="space-learning_rate-on" checked' in text
    assert 'name="space-learning_rate-low" value="0.005"' in text
    assert 'name="space-epochs-on" id="space-epochs-on">' in text


def test_what_stands_in_the_training_form_comes_along(client, ratings):
    given = {"dataset": ratings.pk, "architecture": "item_knn", "parameters-neighbours": "77", "split_method": "random"}
    page = client.post(reverse("experiments:search_new"), given | {"refresh": "1"})
    assert page.status_code == 200
    assert 'value="77"' in page.content.decode()
    assert not Search.objects.exists()


def test_the_form_begins_a_search(client, ratings, scientist):
    answer = client.post(reverse("experiments:search_new"), typed(ratings))
    search = Search.objects.get()
    assert answer["Location"] == reverse("experiments:search", args=[search.pk])
    assert search.space == {"neighbours": {"low": 5, "high": 200, "log": True}}
    assert (search.trials, search.parameters["neighbours"], search.created_by) == (8, 100, scientist)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"space-neighbours-low": "900"}, "must be greater than the lowest value"),
        ({"space-neighbours-low": "x"}, "is not a whole number"),
        ({"space-nothing": ""}, ""),
        ({"trials": "0"}, "greater than or equal to 1"),
        ({"parallel": "many"}, "valid integer"),
        ({"metric": "rated.nonsense"}, "rated.nonsense"),
        ({"parameters-neighbours": "-1"}, "accepted: a whole number from 1"),
        ({"dataset": "00000000-0000-0000-0000-000000000000"}, "there is no dataset|Select a valid choice"),
    ],
)
def test_bad_input_is_said_where_it_is_and_nothing_is_lost(client, ratings, changes, words):
    if "space-nothing" in changes:
        data = typed(ratings)
        del data["space-neighbours-on"]
        words = "at least one parameter"
    else:
        data = typed(ratings, **changes)
    page = client.post(reverse("experiments:search_new"), data)
    assert page.status_code == 422
    assert any(word.lower() in page.content.decode().lower() for word in words.split("|"))
    assert not Search.objects.exists()


def test_a_search_shows_its_best_its_trials_and_what_one_can_do(client, workspace, scientist):
    search = make_search(workspace, scientist)
    add_trials(search, 0.2, 0.31, None, 0.28)
    text = client.get(reverse("experiments:search", args=[search.pk])).content.decode()
    best = search.runs.get(trial=1)
    assert "0.31" in text
    assert f"/training/?clone={best.pk}" in text
    assert "what the search started from reached" in text
    assert "It diverged." in text
    assert "3 completed, 0 pruned, 1 failed" in text


def test_use_these_opens_the_training_form_with_the_trial_s_values(client, workspace, scientist):
    search = make_search(workspace, scientist)
    add_trials(search, 0.2, 0.31)
    run = search.runs.get(trial=1)
    text = client.get(reverse("experiments:training"), {"clone": run.pk}).content.decode()
    assert 'name="parameters-neighbours" value="197"' in text


def test_the_fragment_is_sent_when_something_changed_and_ends_with_the_search(client, workspace, scientist):
    search = make_search(workspace, scientist)
    add_trials(search, 0.2)
    address = reverse("experiments:search_now", args=[search.pk])
    first = client.get(address, headers=HTMX)
    assert first.status_code == 200
    again = client.get(address, headers=HTMX | {"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    add_trials(search, 0.3)
    assert client.get(address, headers=HTMX | {"If-None-Match": first["ETag"]}).status_code == 200
    Search.objects.update(status=JobStatus.COMPLETED, ended_at=timezone.now())
    assert client.get(address, headers=HTMX).status_code == 286
    assert client.get(address).status_code == 302


def test_a_run_names_its_search_and_the_history_finds_it(client, workspace, scientist):
    search = make_search(workspace, scientist, name="Wide search")
    add_trials(search, 0.2)
    text = client.get(reverse("experiments:experiment", args=[search.runs.get().pk])).content.decode()
    assert "Wide search" in text
    assert "Trial 0" in text
    for query in ('search = "Wide search"', f'search = "{search.pk}"', "trial = 0"):
        assert "trial 0" in client.get(reverse("experiments:experiments"), {"q": query}).content.decode()
    assert "No run" in client.get(reverse("experiments:experiments"), {"q": "search = other"}).content.decode()


@pytest.mark.parametrize("name", ["searches", "search", "search_new"])
def test_a_page_costs_the_same_however_many_trials_there_are(client, workspace, scientist, name):
    search = make_search(workspace, scientist)
    add_trials(search, 0.1, 0.2)
    address = reverse(f"experiments:{name}", args=[search.pk] if name == "search" else [])

    def cost():
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    few = cost()
    add_trials(search, *[0.01 * number for number in range(12)])
    add_trials(make_search(workspace, scientist), 0.3)
    assert cost() == few <= 3 + {"searches": 4, "search": 3, "search_new": 5}[name]


def test_empty_pages_say_what_to_do(client, workspace):
    assert "No searches yet" in client.get(reverse("experiments:searches")).content.decode()
    assert "No dataset to search on yet" in client.get(reverse("experiments:search_new")).content.decode()


def test_the_api_begins_tells_and_stops(client, ratings):
    body = {
        "dataset": str(ratings.pk),
        "architecture": "item_knn",
        "space": {"neighbours": {"low": 5, "high": 200}},
        "metric": "catalogue.ndcg_at_10",
    }
    answer = client.post("/api/searches", body, content_type="application/json")
    assert answer.status_code == 202, answer.content
    search = Search.objects.get()
    add_trials(search, 0.2, 0.4)
    found = client.get(f"/api/searches/{search.pk}").json()["data"]
    assert found["best"]["value"] == 0.4
    assert [run["trial"] for run in found["runs"]] == [0, 1]
    assert found["counts"]["completed"] == 2
    assert client.get("/api/searches").json()["count"] == 1
    assert client.post(f"/api/searches/{search.pk}/stop").status_code == 202
    Search.objects.update(status=JobStatus.CANCELLED)
    assert client.post(f"/api/searches/{search.pk}/stop").status_code == 409
    wrong = client.post("/api/searches", body | {"space": {"nothing": {}}}, content_type="application/json")
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "space.nothing"


def test_the_command_reads_spaces_and_refuses_nonsense(ratings):
    out = StringIO()
    options = {"dataset": ratings.name, "workspace": ratings.workspace.slug, "architecture": "item_knn"}
    call_command(
        "tune_model",
        **options,
        space=["neighbours=5..200:log", "shrinkage=1..100:step=1"],
        trials=3,
        no_wait=True,
        json=True,
        stdout=out,
    )
    found = json.loads(out.getvalue())
    search = Search.objects.get(pk=found["id"])
    assert search.space["neighbours"] == {"low": 5, "high": 200, "log": True}
    assert search.space["shrinkage"] == {"low": 1.0, "high": 100.0, "step": 1.0}
    for space in ("neighbours", "neighbours=5..200:sideways", "neighbours=9..5"):
        with pytest.raises(CommandError, match="neighbours"):
            call_command("tune_model", **options, space=[space], no_wait=True)
    with pytest.raises(CommandError, match="dataset"):
        call_command("tune_model", **(options | {"dataset": "nothing"}), no_wait=True)


def test_web_processes_do_not_import_optuna():
    import subprocess
    import sys

    code = "import sys, mlopspro.wsgi, mlopspro.urls; sys.exit('optuna' in sys.modules or 'sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
