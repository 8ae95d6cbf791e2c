"""What is asked for and cannot be compared: clear words, no error, nothing of other workspaces."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from experiments.models import MetricValue
from experiments.tests.factories import make_dataset, make_experiment
from experiments.tests.pages.compared import FIGURES, add_epochs, address, measured_run
from experiments.tests.pages.test_compare_page import HTMX, text_of
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db
PAGE = "/experiments/compare/"


@pytest.fixture
def pair(workspace):
    data = make_dataset(workspace)
    return [measured_run(workspace, name, dataset=data) for name in ("one", "two")]


def test_without_ids_the_page_teaches_and_offers_runs_that_were_measured_alike(client, workspace, pair):
    measured_run(workspace, "loner")
    page = client.get(PAGE)
    assert "Choose two to ten runs" in text_of(page)
    assert f"?ids={pair[1].pk},{pair[0].pk}" in page.content.decode()
    assert "loner" not in text_of(page)


def test_in_an_empty_workspace_the_page_teaches(client):
    assert "Tick them in the history" in text_of(client.get(PAGE))


def test_one_run_asks_for_another(client, pair):
    page = client.get(address(pair[0]))
    assert "One run is chosen; choose another" in text_of(page)
    assert f"?ids={pair[0].pk},{pair[1].pk}" in page.content.decode()


@pytest.mark.parametrize("ids", ["foo", "1", ",,,", "%00", "' OR 1=1 --", "0" * 32, "é" * 5000])
def test_ids_of_nothing_are_told_apart_from_an_error(client, pair, ids):
    page = client.get(PAGE, {"ids": ids})
    assert page.status_code == (404 if ids.strip(",") else 200)
    assert "Choose two to ten runs" in page.content.decode()


def test_rubbish_among_good_ids_is_named_and_the_rest_is_compared(client, pair):
    told = text_of(client.get(f"{address(*pair)},foo,{uuid.UUID(int=0)}"))
    assert "“foo” is not the id of a run." in told
    assert "There is no run here with the id 00000000" in told
    assert "Compare 2 runs" in told


def test_a_run_of_another_workspace_does_not_exist(client, pair):
    theirs = measured_run(make_workspace(), "secret plan")
    unknown = uuid.uuid4()
    shown = text_of(client.get(f"{address(*pair)},{theirs.pk}")).replace(str(theirs.pk)[:8], "")
    assert "secret plan" not in shown
    assert shown == text_of(client.get(f"{address(*pair)},{unknown}")).replace(str(unknown)[:8], "")
    assert client.get(address(theirs)).status_code == 404


def test_a_run_deleted_meanwhile_is_named(client, pair, workspace):
    gone = measured_run(workspace, "gone", deleted_at=timezone.now())
    assert "gone was deleted. Restore it in the history" in text_of(client.get(address(*pair, gone)))


def test_of_eleven_runs_ten_are_compared_and_one_is_named(client, workspace):
    data = make_dataset(workspace)
    runs = [measured_run(workspace, f"run {number}", dataset=data) for number in range(11)]
    page = client.get(address(*runs))
    assert "At most 10 runs fit side by side; run 10 left out." in text_of(page)
    assert len(page.context["selection"].runs) == 10
    colours = [(one.colour, one.dashed) for one in page.context["selection"].runs]
    assert len(set(colours)) == 10


def test_the_same_id_twice_is_one_run(client, pair):
    assert len(client.get(address(*pair, pair[0])).context["selection"].runs) == 2


@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled"])
def test_runs_without_an_end_stand_beside_the_others(client, pair, workspace, status):
    more = {"finished_at": timezone.now()} if status in ("failed", "cancelled") else {}
    run = make_experiment(workspace, name="late", status=status, failure_reason="It broke.", **more)
    page = client.get(address(*pair, run, verdict="now"))
    assert "late stands alone." in text_of(page)
    assert ("compare/live/" in page.content.decode()) is (status in ("queued", "running"))


def test_nothing_but_runs_without_figures(client, workspace):
    runs = [make_experiment(workspace, name=f"r{n}", status="queued") for n in range(2)]
    page = text_of(client.get(address(*runs)))
    assert "There is no verdict: no two of these runs share a metric" in page


@pytest.mark.parametrize("metric", ["rmse", "catalogue.nothing_at_10", "x" * 9000, "catalogue.coverage_at_10", "%00"])
def test_a_metric_that_cannot_be_compared_per_user_is_named(client, pair, metric):
    page = client.get(address(*pair), {"ids": ",".join(str(run.pk) for run in pair), "metric": metric})
    assert "is not a metric that two of these runs have user by user; this is F1@10 (rated)" in text_of(page)


def test_values_that_are_no_numbers_leave_gaps(client, workspace, pair):
    MetricValue.objects.filter(experiment=pair[0], name="ndcg_at_10").update(value=float("nan"))
    MetricValue.objects.filter(experiment=pair[1], name="rmse").update(value=float("inf"))
    add_epochs(pair[0], 6, train_loss=lambda epoch: [1.0, None, "NaN", "Infinity", "what", 0.5][epoch - 1])
    page = client.get(address(*pair, verdict="now"))
    assert page.status_code == 200
    drawn = page.context["curves"][0].payload()["series"][0]["points"]
    assert [y for _, y in drawn] == [1.0, None, None, None, None, 0.5]
    assert "NaN" not in page.content.decode()
    assert "Infinity" not in page.content.decode()


def test_adding_a_run_finds_it_by_name_and_by_id(client, workspace, pair):
    wanted = measured_run(workspace, "Needle <b>")
    measured_run(make_workspace(), "Needle of others")
    for search in ("needle", str(wanted.pk)):
        found = client.get(address(*pair, part="candidates", add=search), headers=HTMX).content.decode()
        assert "Needle &lt;b&gt;" in found
        assert f"{pair[1].pk},{wanted.pk}" in found
        assert "of others" not in found
    assert "is called “zzz”" in text_of(client.get(address(*pair, part="candidates", add="zzz"), headers=HTMX))
    assert "Needle &lt;b&gt;" in client.get(address(*pair, add="needle")).content.decode(), "works without scripts"


@pytest.mark.parametrize("part", ["verdict", "live", "candidates"])
def test_parts_asked_for_as_pages_lead_to_the_page(client, pair, part):
    answer = client.get(address(*pair, part=part))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("experiments:compare") + "?ids=")


def test_figures_equal_in_all_runs_have_no_best(client, pair):
    rows = [row for _, rows in client.get(address(*pair)).context["groups"] for row in rows]
    assert len(rows) == len(FIGURES)
    assert not any(cell.best for row in rows for cell in row.cells)


def test_runs_are_judged_among_each_other_where_the_reference_has_no_such_figure(client, workspace):
    data = make_dataset(workspace)
    listing = measured_run(workspace, "lists only", {("catalogue", "ndcg_at_10"): 0.2}, dataset=data)
    others = [
        measured_run(workspace, f"r{n}", {**FIGURES, ("rated", "f1_at_10"): n / 10}, dataset=data) for n in (6, 7)
    ]
    page = client.get(address(listing, *others))
    row = next(row for _, rows in page.context["groups"] for row in rows if row.name == "f1_at_10")
    assert [(cell.text, cell.apart, cell.best) for cell in row.cells] == [
        ("–", False, False),
        ("0.600", False, False),
        ("0.700", False, True),
    ]
    assert not any(series.dashed for chart, _ in page.context["quality"] for series in chart.series)
