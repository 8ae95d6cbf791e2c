"""The history finds, sorts and shows runs; what cannot be read is pointed at and changes nothing."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from experiments.models import Experiment, MetricValue
from experiments.tests.pages import scenes
from experiments.tests.pages.table import F1, HTMX, RMSE, measured, names, row, shown, text_of

LIST = "/experiments/"


@pytest.fixture
def dataset(workspace):
    return scenes.make_dataset(workspace, name="MovieLens")


def test_a_query_and_filters_choose_the_rows_and_each_filter_can_be_taken_off(client, workspace, dataset):
    measured(workspace, dataset, "hybrid one", f1=0.7, tags=["tuned"])
    measured(workspace, dataset, "hybrid two", f1=0.4, tags=["tuned"])
    measured(workspace, dataset, "popularity", f1=0.9)
    response = shown(client, q="metrics.rated.f1_at_10 > 0.5", tag="tuned", dataset=str(dataset.pk))
    assert names(response) == ["hybrid one"]
    chips = {chip.label: chip.remove for chip in response.context["chips"]}
    assert set(chips) == {"Tag: tuned", "Dataset: MovieLens"}
    assert set(names(client.get(f"{LIST}?{chips['Tag: tuned']}"))) == {"hybrid one", "popularity"}


def test_how_a_short_name_was_read_is_said(client, workspace, dataset):
    measured(workspace, dataset, "a", f1=0.7)
    assert "is read as Rated F1@10" in shown(client, q="metrics.f1_score > 0.1").content.decode()


def test_a_mistake_is_pointed_at_and_the_rows_before_it_stay(client, workspace, dataset):
    measured(workspace, dataset, "hybrid", f1=0.7)
    measured(workspace, dataset, "popularity", f1=0.9)
    response = shown(client, q="staus = failed", was="hybrid")
    assert response.status_code == 422
    assert names(response) == ["hybrid"]
    html = response.content.decode()
    assert "<mark>staus</mark> = failed" in html
    assert 'value="staus = failed"' in html
    assert f'{LIST}?q=status+%3D+failed">Use status' in html


def test_with_scripts_a_mistake_replaces_the_bar_and_nothing_else(client, workspace, dataset):
    measured(workspace, dataset, "hybrid")
    response = client.get(LIST, {"q": "(((", "was": ""}, headers=HTMX)
    assert (response.status_code, response["HX-Retarget"], response["HX-Push-Url"]) == (422, "#history-query", "false")
    assert "<table" not in response.content.decode()


def test_what_was_before_a_mistake_may_be_a_mistake_itself(client, workspace, dataset):
    measured(workspace, dataset, "hybrid")
    assert names(shown(client, q="(((", was=")))")) == ["hybrid"]


def test_a_fragment_is_the_part_of_the_page_it_replaces(client, workspace, dataset):
    measured(workspace, dataset, "hybrid", f1=0.7)
    calm = r'value="[^"]{64}"|<time[^>]*>[^<]*</time>|\s+'
    page = re.sub(calm, "", shown(client, sort="name").content.decode())
    part = re.sub(calm, "", client.get(LIST, {"sort": "name"}, headers=HTMX).content.decode())
    assert part in page


def test_headers_sort_both_ways_and_say_how_it_is_sorted(client, workspace, dataset):
    for name, f1 in (("low", 0.1), ("high", 0.9), ("none", None)):
        measured(workspace, dataset, name, f1=f1)
    head = next(head for head in shown(client).context["heads"] if head.column.key == F1)
    first = client.get(f"{LIST}?{head.sort}")
    assert names(first) == ["high", "low", "none"]
    assert 'aria-sort="descending"' in first.content.decode()
    head = next(head for head in first.context["heads"] if head.column.key == F1)
    assert names(client.get(f"{LIST}?{head.sort}"))[:2] == ["low", "high"]


def test_columns_are_chosen_by_boxes_hidden_from_their_header_and_kept_in_the_address(client, workspace, dataset):
    measured(workspace, dataset, "a", f1=0.7, parameters={"learning_rate": 0.001})
    ticked = client.get(LIST, {"column": ["name", F1, "params.learning_rate"], "q": "", "sort": ""})
    assert ticked.status_code == 302
    response = client.get(ticked["Location"])
    assert [column.key for column in response.context["columns"]] == [F1, "params.learning_rate"]
    assert "0.001" in text_of(row(response, Experiment.objects.get()))
    hidden = client.get(f"{LIST}?{response.context['heads'][0].hide}")
    assert [column.key for column in hidden.context["columns"]] == ["params.learning_rate"]


def test_an_unknown_column_is_named_and_left_out(client, workspace, dataset):
    measured(workspace, dataset, "a", f1=0.7)
    response = shown(client, columns=f"{F1},metrics.rated.f2_at_10")
    assert [column.key for column in response.context["columns"]] == [F1]
    assert "There is no column metrics.rated.f2_at_10" in response.content.decode()


def test_every_metric_header_names_its_protocol(client, workspace, dataset):
    measured(workspace, dataset, "a", f1=0.7, rmse=0.9)
    heads = shown(client, columns=f"{F1},{RMSE}").context["heads"]
    assert [head.hint for head in heads] == ["rated", "pointwise"]


def test_the_best_is_marked_by_the_direction_of_the_metric_and_among_the_same_data_only(client, workspace, dataset):
    other = scenes.make_dataset(workspace, name="Jester")
    good = measured(workspace, dataset, "good", f1=0.8, rmse=0.8)
    poor = measured(workspace, dataset, "poor", f1=0.2, rmse=0.9)
    alone = measured(workspace, other, "alone", f1=0.99, rmse=0.1)
    response = shown(client, columns=f"{F1},{RMSE}")
    assert text_of(row(response, good)).count("Best of 2 on this page, MovieLens") == 2
    assert "Best of" not in text_of(row(response, poor))
    assert "Best of" not in text_of(row(response, alone))


def test_no_runs_and_none_that_matches_are_told_apart(client, workspace, dataset):
    assert "No runs yet" in shown(client).content.decode()
    measured(workspace, dataset, "a")
    html = shown(client, q="zebra").content.decode()
    assert "No runs match" in html
    assert "Reset filters" in html
    assert "Nothing is deleted" in shown(client, deleted="1").content.decode()


def test_pages_hold_still_while_runs_are_added(client, workspace, dataset):
    for number in range(60):
        measured(workspace, dataset, f"run {number:02}")
    first = shown(client)
    assert "1–50 of 60" in first.content.decode()
    for number in range(5):
        measured(workspace, dataset, f"late {number}")
    second = client.get(f"{LIST}?{first.context['next']}")
    assert names(first) + names(second) == [f"run {number:02}" for number in reversed(range(60))]
    assert names(client.get(f"{LIST}?{second.context['previous']}"))[-1] == "run 10"


def test_a_place_in_the_list_that_is_no_more_leads_to_the_first_page(client, workspace, dataset):
    for number in range(51):
        measured(workspace, dataset, f"run {number:02}")
    following = shown(client).context["next"]
    Experiment.objects.filter(name="run 00").update(deleted_at=timezone.now())
    assert "First page" in client.get(f"{LIST}?{following}").content.decode()
    assert shown(client, after="nonsense").status_code in (200, 422)


def test_names_tags_and_notes_are_inert(client, workspace, dataset):
    evil = '"><script>alert(1)</script>'
    run = measured(workspace, dataset, evil, f1=0.5, tags=[evil], notes=evil, parameters={evil: evil})
    pages = [
        shown(client, columns=f"tags,notes,params.{evil}", q=evil, tag=evil),
        client.get(reverse("experiments:experiment", args=[run.pk])),
        client.get(reverse("experiments:experiment_edit", args=[run.pk])),
        client.get(reverse("experiments:history_filters"), {"tag": evil}),
        client.get(reverse("experiments:history_columns")),
    ]
    for page in pages:
        assert b"<script>alert" not in page.content


def test_another_workspaces_runs_are_not_there(client, outsider, workspace, dataset):
    measured(workspace, dataset, "ours", tags=["secret"])
    assert names(shown(outsider)) == []
    for name in ("filters", "columns", "views"):
        html = outsider.get(reverse(f"experiments:history_{name}")).content.decode()
        assert "secret" not in html
        assert "MovieLens" not in html


def test_panels_work_as_pages_of_their_own(client, workspace, dataset):
    measured(workspace, dataset, "a", f1=0.7, tags=["tuned"])
    for name in ("filters", "columns", "views"):
        address = reverse(f"experiments:history_{name}")
        page = client.get(address, {"q": "a", "tag": "tuned"}).content.decode()
        assert "<h1>" in page
        assert "<h1>" not in client.get(address, headers=HTMX).content.decode()


def test_rows_that_go_on_are_refreshed_and_the_end_asks_for_the_whole_table(client, workspace, dataset):
    run = scenes.running_run(workspace, dataset=dataset)
    Experiment.objects.filter(pk=run.pk).update(progress_total=0)
    page = shown(client)
    assert f"id={run.pk}" in page.content.decode()
    address = reverse("experiments:experiment_rows")
    first = client.get(address, {"id": str(run.pk)}, headers=HTMX)
    assert f'id="run-{run.pk}" hx-swap-oob="true"' in first.content.decode()
    again = client.get(address, {"id": str(run.pk)}, headers=HTMX | {"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    Experiment.objects.filter(pk=run.pk).update(status="completed", finished_at=timezone.now())
    last = client.get(address, {"id": [str(run.pk), "nonsense"]}, headers=HTMX | {"If-None-Match": first["ETag"]})
    assert last.status_code == 286
    assert "history-refresh" in last["HX-Trigger"]


def test_a_run_logged_elsewhere_is_marked_and_has_no_dataset_of_ours(client, workspace):
    logged = Experiment.objects.create(workspace=workspace, origin="mlflow", name="notebook", status="running")
    other = Experiment.objects.create(workspace=workspace, origin="mlflow", name="another", status="running")
    for run, loss in ((logged, 0.1), (other, 0.2)):
        MetricValue.objects.create(
            workspace=workspace, experiment=run, protocol="logged", name="loss", value=loss, higher_is_better=False
        )
    text = text_of(row(shown(client, columns="dataset,metrics.logged.loss"), logged))
    assert "MLflow" in text
    assert "Lowest of 2 on this page, data not known here" in text
