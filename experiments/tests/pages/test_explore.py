"""Pages of many runs: scatter, parallel coordinates, groups and metrics. What they leave out, they say."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, quote, urlparse

import pytest
from django.urls import reverse

from experiments.models import RunMark
from experiments.selectors import many_runs
from experiments.tests.factories import make_dataset
from experiments.tests.many import add_run
from experiments.tests.pages.test_query_budgets import SESSION, cost
from mlopspro.testing.people import browser

PAGES = ("explore_scatter", "explore_parallel", "explore_groups", "metrics")
BUDGETS = {"explore_scatter": 13, "explore_parallel": 13, "explore_groups": 9, "metrics": 11}
F1 = ("rated", "f1_at_10")


@pytest.fixture
def dataset(workspace):
    return make_dataset(workspace, name="ratings")


@pytest.fixture
def runs(workspace, dataset):
    """Six runs whose F1 rises with the learning rate; one of another architecture without a rate."""
    made = [
        add_run(
            workspace, dataset, name=f"run {place}", architecture="hybrid", figures={F1: place / 10},
            parameters={"learning_rate": 10.0 ** (place - 6), "optimizer": "adam"},
        )
        for place in range(1, 7)
    ]  # fmt: skip
    return [*made, add_run(workspace, dataset, name="no rate", architecture="popularity", figures={F1: 0.3})]


def show(client, name, query=""):
    response = client.get(reverse(f"experiments:{name}") + (f"?{query}" if query else ""))
    assert response.status_code == 200
    return response


@pytest.mark.parametrize("name", PAGES)
def test_without_runs_the_page_says_how_to_make_one(client, name):
    assert "No runs yet" in show(client, name).content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_it_costs_the_same_however_many_runs_there_are(client, workspace, dataset, runs, name):
    address = reverse(f"experiments:{name}")
    few = cost(client, address)
    for place in range(15):
        add_run(workspace, dataset, figures={F1: 0.5}, parameters={"learning_rate": 0.1 * (place + 1)})
    assert cost(client, address) == few <= SESSION + BUDGETS[name]


@pytest.mark.parametrize("name", PAGES)
def test_others_runs_are_not_there(outsider, runs, name):
    page = show(outsider, name).content.decode()
    assert "run 1" not in page
    assert "ratings" not in page


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_is_sent_to_sign_in_and_posts_are_refused(client, name, db):
    assert browser().get(reverse(f"experiments:{name}")).status_code == 302
    assert client.post(reverse(f"experiments:{name}")).status_code == 405


@pytest.mark.parametrize("name", PAGES[:3])
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("q=" + quote("metrics.rated.f1_at_1O > 1"), "did you mean metrics.rated.f1_at_10?"),
        ("q=" + quote("(" * 9_000), "query-error"),
        ("q=" + quote("name = nothing"), "No run matches"),
    ],
)
def test_a_bad_query_is_pointed_at_and_an_empty_answer_says_so(client, runs, name, query, words):
    assert words in show(client, name, query).content.decode()


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("explore_scatter", "x=params.learning_rat&y=notes&colour=x%00"),
        ("explore_parallel", "axes=params.nothing,params.optimizer&log=zzz"),
        ("explore_groups", "group=params.nothing&metrics=name,metrics.none.x&order=%21zzz"),
        ("metrics", "dataset=%00"),
    ],
)
def test_unknown_columns_are_named_and_the_page_goes_on(client, runs, name, query):
    page = show(client, name, query)
    if name != "metrics":
        assert page.context["complaints"]
    assert "<figure" in page.content.decode()


# --- Scatter -------------------------------------------------------------------------------------------------------
def test_points_lead_to_their_runs_and_the_correlation_says_its_n(client, runs):
    page = show(client, "explore_scatter", "x=params.learning_rate&y=metrics.rated.f1_at_10&colour=none")
    points = page.context["chart"].series[0]
    assert sorted(points.points)[-1] == (1.0, 0.6)
    assert set(points.links) == {reverse("experiments:experiment", args=[run.pk]) for run in runs[:6]}
    assert page.context["correlation"].rho == pytest.approx(1)
    text = page.content.decode()
    assert "n = 6 runs" in text
    assert "1 of 7 runs lack one of the two numbers" in text


def test_few_runs_have_no_correlation(client, workspace, dataset):
    add_run(workspace, dataset, figures={F1: 0.5}, parameters={"learning_rate": 0.1})
    assert "not enough runs: 1 of 5" in show(client, "explore_scatter").content.decode()


@pytest.mark.parametrize(
    ("colour", "names"),
    [
        ("architecture", ["hybrid", "popularity"]),
        ("params.optimizer", ["adam", "no value"]),
        ("params.learning_rate", 6),
        ("none", ["Runs"]),
    ],
)
def test_colours_are_words_or_bands(client, runs, colour, names):
    page = show(client, "explore_scatter", f"x=duration&y=metrics.rated.f1_at_10&colour={colour}")
    found = [series.name for series in page.context["chart"].series]
    assert found == names if isinstance(names, list) else len(found) == names
    assert sum(len(series.points) for series in page.context["chart"].series) == 7


def test_a_log_axis_leaves_out_what_it_cannot_show_and_says_so(client, workspace, dataset, runs):
    add_run(workspace, dataset, figures={F1: 0.1}, parameters={"learning_rate": 0})
    page = show(client, "explore_scatter", "x=params.learning_rate&y=metrics.rated.f1_at_10&log_x=1")
    assert page.context["below_zero"] == 1
    assert "1 lie at or below 0" in page.content.decode()


def test_the_baseline_is_a_star_also_where_the_query_leaves_it_out(client, workspace, scientist, runs):
    RunMark.objects.create(workspace=workspace, user=scientist, experiment=runs[0], kind="baseline")
    page = show(client, "explore_scatter", "q=" + quote('name != "run 1"') + "&x=params.learning_rate")
    star = page.context["chart"].series[-1]
    assert (star.star, star.names) == (True, ("run 1",))
    assert page.context["correlation"].count == 5


def test_only_the_newest_are_drawn_and_that_is_said(client, runs, monkeypatch):
    monkeypatch.setattr(many_runs, "MOST", 3)
    page = show(client, "explore_scatter")
    assert [run.name for run in page.context["found"].runs] == ["no rate", "run 6", "run 5"]
    assert "More than" in page.content.decode()


@pytest.mark.parametrize("name", ["explore_scatter", "explore_parallel"])
def test_runs_of_different_data_are_never_drawn_together_silently(client, workspace, runs, name):
    assert "Not all on the same data" not in show(client, name).content.decode()
    add_run(workspace, make_dataset(workspace), figures={F1: 0.9})
    assert "2 different data" in show(client, name).content.decode()


# --- Parallel coordinates --------------------------------------------------------------------------------------------
def payload_of(page) -> dict:
    found = re.search(r'<script type="application/json">(.*?)</script>', page.content.decode(), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_axes_are_those_of_the_address_in_its_order(client, runs):
    page = show(client, "explore_parallel", "axes=metrics.rated.f1_at_10,params.optimizer,params.learning_rate")
    axes = payload_of(page)["axes"]
    assert [axis["key"] for axis in axes] == ["metrics.rated.f1_at_10", "params.optimizer", "params.learning_rate"]
    assert [axis["term"] for axis in axes] == [axis["key"] for axis in axes]
    assert (axes[1]["categories"], axes[1]["values"].count(None)) == (["adam"], 1)
    assert axes[2]["log"], "rates over five powers of ten"
    moved = parse_qs(urlparse(page.context["axes"][0]["later"]).query)["axes"]
    assert moved == ["params.optimizer,metrics.rated.f1_at_10,params.learning_rate"]


def test_an_axis_is_added_by_the_form_and_a_name_with_a_comma_is_one_axis(client, workspace, dataset):
    add_run(workspace, dataset, parameters={"a,b": 1, 'say "x"': 2})
    page = show(client, "explore_parallel", f"axes=duration,seed&axes={quote('params.a,b')}")
    keys = [axis["column"].key for axis in page.context["axes"]]
    assert keys == ["duration", "seed", "params.a,b"]
    again = show(client, "explore_parallel", page.context["axes"][0]["later"].partition("?")[2])
    assert [axis["column"].key for axis in again.context["axes"]] == ["seed", "duration", "params.a,b"]
    quoted = payload_of(show(client, "explore_parallel", "axes=seed," + quote('params.say "x"')))["axes"][1]["term"]
    listed = client.get(reverse("experiments:explore_parallel"), {"q": f"{quoted} = 2"})
    assert len(listed.context["found"].runs) == 1


def test_the_table_tells_what_is_drawn(client, runs):
    page = show(client, "explore_parallel", "axes=architecture,metrics.rated.f1_at_10").content.decode()
    row = re.search(r'<th scope="row"><a href="([^"]+)">run 3</a></th><td[^>]*>(.*?)</td><td[^>]*>(.*?)</td>', page)
    assert row is not None
    assert row.groups() == (reverse("experiments:experiment", args=[runs[2].pk]), "hybrid", "0.300")


# --- Groups --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "group",
    ["architecture", "dataset", "params.optimizer", "params.learning_rate", "tag", "model_type", "configuration"],
)
def test_a_group_opens_as_the_history_of_its_runs(client, workspace, dataset, runs, group):
    add_run(
        workspace, dataset, name='odd "one"', parameters={"optimizer": 'say "x"'}, tags=["t"], settings_hash="a" * 64
    )
    page = show(client, "explore_groups", f"group={group}")
    assert page.context["rows"]
    for row in page.context["rows"]:
        opened = client.get(row.href)
        assert opened.status_code == 200
        shown = [one.run.pk for one in opened.context["rows"]]
        assert len(shown) == row.group.runs, f"{row.group.label}: {row.href}"


def test_groups_are_ordered_by_the_better_end_and_turned_round(client, workspace, dataset):
    for name, value in (("a", 0.9), ("b", 0.5), ("c", 0.7)):
        add_run(workspace, dataset, architecture=name, figures={("pointwise", "rmse"): value})

    def order(given):
        page = show(client, "explore_groups", f"group=architecture&metrics=metrics.pointwise.rmse&order={given}")
        return [row.group.label for row in page.context["rows"]]

    assert order("metrics.pointwise.rmse") == ["b", "c", "a"]
    assert order("!metrics.pointwise.rmse") == ["a", "c", "b"]


def test_groups_that_mix_data_or_stand_on_different_data_are_marked(client, workspace, dataset, runs):
    add_run(workspace, make_dataset(workspace, name="other"), architecture="hybrid", figures={F1: 0.9})
    page = show(client, "explore_groups", "group=architecture").content.decode()
    assert "Some groups mix data" in page
    assert "mixes 2 datasets" in page
    apart = show(client, "explore_groups", "group=dataset").content.decode()
    assert "Groups of different data stand side by side" in apart
    assert "Some groups mix data" not in apart


# --- Metrics -------------------------------------------------------------------------------------------------------
def test_the_best_so_far_never_gets_worse_and_the_page_is_in_the_navigation(client, workspace, dataset):
    for place, value in enumerate((0.9, 0.7, 0.8)):
        add_run(workspace, dataset, name=f"run {place}", figures={("pointwise", "rmse"): value})
    page = show(client, "metrics", f"dataset={dataset.pk}")
    chart = page.context["time_charts"][2]
    assert [y for _, y in chart.series[0].points] == [0.9, 0.7, 0.8]
    assert [y for _, y in chart.series[1].points] == [0.9, 0.7, 0.7]
    assert reverse("experiments:metrics") in client.get("/").content.decode()
