"""The compare page: the verdict it gives, what it refuses to compare, and its two tables."""

from __future__ import annotations

import re
from html import unescape

import pandas as pd
import pytest

from experiments.models import Artifact, MarkKind, RunMark
from experiments.selectors.comparison_verdict import PER_USER
from experiments.tests.factories import make_dataset
from experiments.tests.pages.compared import FIGURES, RANDOM, address, measured_run, trained_pair

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
LEAN = "catalogue.popularity_bias_at_10"
"""In this a list of the most popular items is certain to be worse, however few the users."""


def text_of(response) -> str:
    """Its words as a reader sees them."""
    assert response.status_code == 200, response.status_code
    without = re.sub(r"<script.*?</script>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(without).replace("\u202f", " ").split())


def table(response, key: str) -> str:
    return response.content.decode().split(f'id="{key}"')[1].split("</section>")[0]


def test_the_page_comes_without_the_verdict_and_the_verdict_follows(client, workspace):
    one, other = trained_pair(workspace)
    page = client.get(address(one, other))
    assert f"{address(one, other, part='verdict')}" in unescape(page.content.decode())
    assert "is better than" not in text_of(page)
    told = text_of(client.get(address(one, other, part="verdict", metric=LEAN), headers=HTMX))
    said = r"neighbours is better than popular on Popularity bias@10 \(catalogue\) by 0\.\d+ "
    assert re.search(said + r"\(lower is better, 95 % CI 0\.\d+ to 0\.\d+, p < 0\.001, 97 users\)", told)
    again = client.get(address(one, other, metric=LEAN))
    assert "neighbours is better than popular" in text_of(again), "what was worked out is kept"
    assert f"{address(one, other, part='verdict')}" not in unescape(again.content.decode())


def test_the_difference_is_the_one_of_the_stored_results(client, workspace):
    one, other = trained_pair(workspace)
    context = client.get(address(one, other, metric="catalogue.recall_at_10", verdict="now")).context
    means = []
    for run in (one, other):
        rows = pd.read_parquet(Artifact.objects.get(experiment=run, name=PER_USER).file)
        means.append(rows[rows["protocol"] == "catalogue"].set_index("user")["recall_at_10"].dropna())
    lead = context["verdicts"][0].lines[0].lead
    assert lead.users == len(means[0]) == len(means[1])
    assert abs(lead.difference) == pytest.approx(abs(means[0].mean() - means[1].mean()), abs=1e-12)
    assert lead.bounds[0] < lead.difference < lead.bounds[1]


def test_without_scripts_a_link_works_the_verdict_out(client, workspace):
    one, other = trained_pair(workspace)
    page = client.get(address(one, other)).content.decode()
    link = re.search(r'href="(\?[^"]*verdict=now)"', page)
    assert link
    told = client.get(address().split("?")[0] + unescape(link[1]))
    assert "difference shown between neighbours and popular on NDCG@10 (catalogue)" in text_of(told)
    assert client.get(address(one, other, part="verdict")).status_code == 302, "the part alone is no page"


def test_a_missing_file_is_told_and_is_no_error(client, workspace):
    one, other = trained_pair(workspace)
    Artifact.objects.get(experiment=other, name=PER_USER).file.unlink()
    told = text_of(client.get(address(one, other, part="verdict"), headers=HTMX))
    assert "There is no verdict on neighbours and popular" in told
    assert "popular is not judged. The file of per_user.parquet is not on this machine." in told


def test_runs_of_other_data_are_never_compared_silently(client, workspace):
    data = make_dataset(workspace, name="films")
    one = measured_run(workspace, "one", dataset=data)
    twin = measured_run(workspace, "twin", {**FIGURES, ("catalogue", "ndcg_at_10"): 0.4}, dataset=data)
    other = measured_run(workspace, "other", {**FIGURES, ("catalogue", "ndcg_at_10"): 0.9})
    page = client.get(address(one, twin, other, verdict="now"))
    assert "other used another dataset" in text_of(page)
    rows = {row.name: row for group, rows in page.context["groups"] for row in rows}
    mine, its, foreign = rows["ndcg_at_10"].cells
    assert (its.best, its.change.verdict, its.apart) == (True, "better", False)
    assert (foreign.best, foreign.change, foreign.apart, foreign.text) == (False, None, True, "0.900")
    assert mine.change is None
    assert [one.name for one, _ in page.context["alone"]] == ["other"]
    assert "≠" in table(page, "compare-metrics")


def test_another_draw_of_the_test_part_leaves_figures_without_marks(client, workspace):
    data = make_dataset(workspace)
    runs = [measured_run(workspace, f"run {seed}", dataset=data, split={**RANDOM, "seed": seed}) for seed in (1, 2)]
    page = client.get(address(*runs))
    assert "another split seed" in text_of(page)
    assert not any(cell.best or cell.change for _, rows in page.context["groups"] for row in rows for cell in row.cells)


def test_lower_is_better_where_it_is(client, workspace):
    data = make_dataset(workspace)
    one = measured_run(workspace, "one", dataset=data)
    other = measured_run(workspace, "other", {**FIGURES, ("pointwise", "rmse"): 0.8}, dataset=data)
    page = client.get(address(one, other))
    cell = next(row for group, rows in page.context["groups"] for row in rows if row.name == "rmse").cells[1]
    assert (cell.best, cell.change.verdict, cell.change.text) == (True, "better", "▼ 0.13")
    assert "lower is better" in text_of(page)


def test_best_by_rmse_alone_and_worse_than_popularity_are_warned_of(client, workspace):
    data = make_dataset(workspace)
    lists = measured_run(workspace, "lists", dataset=data)
    ratings = {**FIGURES, ("pointwise", "rmse"): 0.7, ("catalogue", "ndcg_at_10"): 0.004, ("rated", "f1_at_10"): 0.7}
    told = text_of(client.get(address(lists, measured_run(workspace, "ratings", ratings, dataset=data))))
    assert "ratings has the lowest RMSE, but that alone does not make it the best" in told
    assert "ratings (0.00400 against 0.200) ranks the catalogue worse than a popularity list" in told


def test_the_baseline_is_the_reference_and_another_can_be_chosen(client, workspace, scientist):
    data = make_dataset(workspace)
    runs = [measured_run(workspace, name, dataset=data) for name in ("one", "two", "three")]
    assert client.get(address(*runs)).context["selection"].reference.name == "one"
    RunMark.objects.create(workspace=workspace, user=scientist, experiment=runs[1], kind=MarkKind.BASELINE)
    page = client.get(address(*runs))
    assert page.context["selection"].reference.name == "two"
    assert [one.name for one in page.context["selection"].runs] == ["one", "two", "three"]
    chosen = client.get(address(*runs, reference=str(runs[2].pk)))
    assert chosen.context["selection"].reference.name == "three"


def test_differences_only_is_in_the_address_for_each_table(client, workspace):
    data = make_dataset(workspace)
    one = measured_run(workspace, "one", dataset=data, parameters={"epochs": 5, "learning_rate": 0.001})
    other = measured_run(
        workspace, "other", {**FIGURES, ("rated", "f1_at_10"): 0.5}, dataset=data,
        parameters={"epochs": 5, "learning_rate": 0.01},
    )  # fmt: skip
    page = client.get(address(one, other))
    assert "Learning rate" in table(page, "compare-settings")
    assert "Epochs" not in table(page, "compare-settings")
    assert "Coverage@10" in table(page, "compare-metrics")
    everything = client.get(address(one, other, settings="all", metrics="differences"))
    assert "Epochs" in table(everything, "compare-settings")
    assert "Coverage@10" not in table(everything, "compare-metrics")
    assert "F1@10" in table(everything, "compare-metrics")


def test_settings_that_look_alike_are_written_out(client, workspace):
    data = make_dataset(workspace)
    rates = (0.1, 0.1 + 1e-12)
    runs = [
        measured_run(workspace, f"r{n}", dataset=data, parameters={"learning_rate": x}) for n, x in enumerate(rates)
    ]
    assert repr(rates[1]) in table(client.get(address(*runs)), "compare-settings")


def test_runs_of_one_name_are_told_apart(client, workspace):
    data = make_dataset(workspace)
    runs = [measured_run(workspace, "same", dataset=data) for _ in range(2)]
    names = list(client.get(address(*runs)).context["selection"].names.values())
    assert names == [f"same ({str(run.pk)[:8]})" for run in runs]
