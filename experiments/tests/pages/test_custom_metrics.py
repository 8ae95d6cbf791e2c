"""Pages of the metrics that people define: list, form, live check, and the run's own group."""

from __future__ import annotations

import pytest
from django.urls import reverse

from experiments.models import CustomMetric, MetricValue
from experiments.services import custom_metrics, custom_values
from experiments.tests.custom_metrics.runs import completed, define, measured, users_of, value_of, with_figure
from experiments.tests.pages import scenes
from experiments.tests.pages.test_query_budgets import SESSION, cost
from mlopspro.accounts.models import AuditEntry
from mlopspro.core import formats
from mlopspro.testing.people import make_workspace

LIST = "/custom-metrics/"
NEW = "/custom-metrics/new/"
CHECK = "/custom-metrics/check/"
HTMX = {"HX-Request": "true"}
GIVEN = {
    "name": "first_three",
    "label": "First three",
    "expression": "catalogue: share(first_rank <= 3)",
    "higher_is_better": "true",
}


def text_of(response) -> str:
    return response.content.decode()


def test_a_metric_is_defined_listed_computed_and_shown_on_the_run(client, workspace):
    run = measured(workspace)
    assert "No custom metrics yet" in text_of(client.get(LIST))
    assert client.post(NEW, GIVEN).url == LIST
    waiting = text_of(client.get(LIST))
    assert "Computing" in waiting
    assert "every 2s" in waiting
    custom_values.compute_pending(60)
    listed = text_of(client.get(LIST))
    assert "every 2s" not in listed
    assert "First three" in listed
    value = (users_of(run)["first_rank"] <= 3).mean()
    assert value_of(run, "first_three") == pytest.approx(value)
    shown = client.get(reverse("experiments:experiment", args=[run.pk]), {"tab": "metrics"})
    row = next(one for one in shown.context["custom"] if one.metric.name == "first_three")
    assert row.value.value == pytest.approx(value)
    assert "catalogue: share(first_rank &lt;= 3)" in text_of(shown)


def test_the_run_page_says_why_there_is_no_value_and_where_one_is_on_its_way(client, workspace):
    run = with_figure(completed(workspace))
    define(workspace, "metrics.rated.recall_at_10 * 2", label="Twice")
    address = reverse("experiments:experiment", args=[run.pk]) + "?tab=metrics"
    assert "Being computed" in text_of(client.get(address))
    custom_values.compute_pending(60)
    assert "No value: needs metrics.rated.recall_at_10, which this run does not have" in text_of(client.get(address))


def test_the_check_points_at_what_is_wrong(client):
    response = client.get(CHECK, {"expression": "mean(catalogue.ndgc_at_10)"}, headers=HTMX)
    assert response.status_code == 200
    assert "mean(<mark>catalogue.ndgc_at_10</mark>)" in text_of(response)
    assert "Did you mean <code>catalogue.ndcg_at_10</code>?" in text_of(response)
    escaped = text_of(client.get(CHECK, {"expression": "<script>alert(1)</script>"}, headers=HTMX))
    assert "<script>" not in escaped


def test_the_check_tries_it_on_the_chosen_run(client, workspace):
    older, newer = measured(workspace, age=2, seed=91), measured(workspace, age=1, seed=92)
    for run, asked in ((older, str(older.pk)), (newer, str(newer.pk)), (newer, "nonsense"), (newer, "")):
        query = {"expression": "mean(catalogue.ndcg_at_10)", "run": asked}
        shown = text_of(client.get(CHECK, query, headers=HTMX))
        assert f">{formats.metric(users_of(run)['ndcg_at_10'].mean(), 4)}<" in shown
    assert not MetricValue.objects.filter(protocol="custom").exists()


@pytest.mark.parametrize("text", ["", "   ", "metrics.pointwise.rmse * 2", "x" * 5000, "\x00", "(" * 900])
def test_the_check_answers_whatever_is_typed(client, text):
    assert client.post(CHECK, {"expression": text}, headers=HTMX).status_code == 200


def test_without_scripts_the_check_leads_to_the_filled_form(client, workspace):
    address = client.get(CHECK, {"expression": "1 +"}).url
    assert address.startswith(NEW)
    assert "The expression ends here" in text_of(client.get(address))
    measured(workspace)
    looked = client.post(NEW, {"expression": "mean(catalogue.recall_at_10)", "check": "1"})
    assert looked.context["outcome"].value is not None
    assert not CustomMetric.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "required"),
        ("name", "Has Spaces", "is not accepted; accepted: 1 to 60 small letters"),
        ("name", "ndcg_at_10", "the name of something built in"),
        ("name", "mean", "the name of something built in"),
        ("name", "taken", "there is a metric taken already"),
        ("name", "old", "it is archived: bring it back"),
        ("expression", "", "required"),
        ("expression", "mean(first_rank)", "At character 6: first_rank is measured under catalogue and rated"),
        ("expression", "1+" * 600 + "1", "at most 1000 characters"),
        ("label", "x" * 101, "at most 100 characters"),
        ("label", "bell \x07", "control characters"),
        ("higher_is_better", "perhaps", "Select a valid choice"),
    ],
)
def test_what_is_refused_stands_at_its_field_and_keeps_what_was_typed(client, workspace, field, value, words):
    define(workspace, "metrics.pointwise.rmse * 2", "taken")
    custom_metrics.archive(define(workspace, "metrics.pointwise.rmse * 2", "old"), None)
    response = client.post(NEW, GIVEN | {field: value, "description": "typed before"})
    assert response.status_code == 422
    errors = " ".join(response.context["form"].errors[field])
    assert words.lower() in errors.lower()
    assert "typed before" in text_of(response)


def test_changing_the_expression_makes_a_new_version_and_is_audited(client, workspace, scientist):
    metric = define(workspace, "metrics.pointwise.rmse * 2", label="Twice")
    address = reverse("experiments:custom_metric", args=[metric.pk])
    given = {"label": "Thrice", "expression": "metrics.pointwise.rmse * 3", "higher_is_better": "false"}
    assert client.post(address, given).url == address
    metric.refresh_from_db()
    assert (metric.label, metric.version, metric.higher_is_better) == ("Thrice", 2, False)
    entry = AuditEntry.objects.get(action="edit_metric")
    assert (entry.actor, entry.before["expression"]) == (scientist, "metrics.pointwise.rmse * 2")
    assert client.post(address, given | {"label": "Four"}).status_code == 302
    metric.refresh_from_db()
    assert metric.version == 2
    assert client.post(address, given | {"expression": "nonsense("}).status_code == 422


def test_archiving_and_bringing_back(client, workspace):
    metric = define(workspace, "metrics.pointwise.rmse * 2", label="Twice")
    for act, archived in (("archive", True), ("archive", True), ("restore", False)):
        client.post(reverse(f"experiments:custom_metric_{act}", args=[metric.pk]))
        metric.refresh_from_db()
        assert (metric.archived_at is not None) is archived
        assert [state.metric for state in client.get(LIST + "?archived=1").context["states"]] == [metric] * archived
    assert AuditEntry.objects.filter(action="archive_metric").count() == 1


def test_runs_without_a_value_are_named_and_can_be_tried_again(client, workspace):
    with_figure(completed(workspace, name="run without"))
    metric = define(workspace, "metrics.pointwise.rmse * 2")
    custom_values.compute_pending(60)
    address = reverse("experiments:custom_metric", args=[metric.pk])
    page = text_of(client.get(address))
    assert "run without" in page
    assert "needs metrics.pointwise.rmse, which this run does not have" in page
    assert client.post(reverse("experiments:custom_metric_again", args=[metric.pk])).url == address
    assert custom_values.compute_pending(60).runs == 1


def test_what_is_of_another_workspace_does_not_exist(client, outsider, workspace):
    metric = define(workspace, "metrics.pointwise.rmse * 2", label="Secret metric")
    run = measured(workspace)
    assert "Secret metric" not in text_of(outsider.get(LIST))
    for name in ("custom_metric", "custom_metric_archive", "custom_metric_restore", "custom_metric_again"):
        address = reverse(f"experiments:{name}", args=[metric.pk])
        answer = outsider.get(address) if name == "custom_metric" else outsider.post(address)
        assert answer.status_code == 404
    query = {"expression": "mean(catalogue.ndcg_at_10)", "run": str(run.pk)}
    assert "no completed run yet to try it on" in text_of(outsider.get(CHECK, query, headers=HTMX))
    define(make_workspace(), "metrics.pointwise.rmse * 2", "same_name")
    define(workspace, "metrics.pointwise.rmse * 2", "same_name")


def test_those_who_may_only_look_see_figures_and_no_form(viewer, workspace):
    metric = define(workspace, "metrics.pointwise.rmse * 2", label="Twice")
    assert "New metric" not in text_of(viewer.get(LIST))
    body = text_of(viewer.get(reverse("experiments:custom_metric", args=[metric.pk])))
    assert "metrics.pointwise.rmse * 2" in body
    assert "metric-form" not in body
    assert viewer.get(NEW).status_code == 403
    assert viewer.post(reverse("experiments:custom_metric_archive", args=[metric.pk])).status_code == 403


def test_pages_cost_the_same_however_much_there_is(client, workspace):
    define(workspace, "metrics.pointwise.rmse * 2", "metric_0")
    run = measured(workspace)
    custom_values.compute_pending(60)
    detail = reverse("experiments:custom_metric", args=[CustomMetric.objects.get().pk])
    addresses = {LIST: 3, NEW: 1, detail: 7}
    few = {address: cost(client, address) for address in addresses}
    tab = cost(client, reverse("experiments:experiment", args=[run.pk]), tab="metrics")
    for number in range(1, 6):
        define(workspace, f"metrics.rated.recall_at_10 * {number}", f"metric_{number}")
        scenes.finished_run(workspace)
    custom_values.compute_pending(60)
    for address, budget in addresses.items():
        assert cost(client, address) == few[address] <= SESSION + budget, address
    assert cost(client, reverse("experiments:experiment", args=[run.pk]), tab="metrics") == tab
