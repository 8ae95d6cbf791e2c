"""The tab "Explain" of runs on tables: a waterfall that ends at the model's own prediction, other values, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.models import Artifact
from experiments.services import explained_table as kept
from experiments.services.runs.stored_model import table_model_of
from experiments.tests.pages.table import text_of
from experiments.tests.tables_stored import stored_table
from experiments.tests.trained import trained_run


@pytest.fixture(autouse=True)
def nothing_kept():
    kept.forget()
    yield
    kept.forget()


@pytest.fixture
def places(workspace):
    return trained_run(stored_table(workspace, "location_scoring"), "places", "place_boosting")


def page(client, run, **query):
    answer = client.get(f"/experiments/{run.pk}/", {"tab": "explain", **query})
    assert answer.status_code == 200
    return answer


MODELS = [
    ("location_scoring", "place_boosting", {"trees": 20}),
    ("next_best_action", "action_boosting", {"trees": 20}),
    ("forecasting", "lag_boosting", {"trees": 15}),
    ("forecasting", "seasonal_naive", {}),
    ("pricing", "log_log_elasticity", {}),
]


@pytest.mark.parametrize(("family", "architecture", "parameters"), MODELS)
def test_a_waterfall_ends_at_what_the_model_predicts(client, workspace, family, architecture, parameters):
    sizes = {"products": 8, "weeks": 40} if family == "pricing" else {}
    run = trained_run(stored_table(workspace, family, **sizes), architecture, architecture, parameters=parameters)
    model = kept.explained_table(run)
    row = model.numbers[len(model.numbers) // 2]
    answer = page(client, run, row=row)
    found = answer.context["found"]
    assert found.base + sum(each.adds for each in found.columns) == pytest.approx(found.raw, abs=1e-9)
    expected = table_model_of(run).predict(model.rows.iloc[[len(model.numbers) // 2]])[0]
    assert found.predicted == pytest.approx(expected, abs=1e-9)
    through = {"identity": found.raw, "log": np.exp(found.raw), "logit": 1 / (1 + np.exp(-found.raw))}
    assert through[found.link] == pytest.approx(expected, abs=1e-6)
    assert not found.adjusted
    fall = answer.context["fall"]
    assert {each.x >= 0 and each.x + each.width <= 100.05 for each in fall.steps} == {True}
    assert sum(each["share"] for each in model.importance) == pytest.approx(1)
    assert found.columns[0].name in text_of(answer.content.decode())


def test_without_a_row_the_page_offers_some_and_says_what_the_model_leans_on(client, places):
    answer = page(client, places)
    shown = text_of(answer.content.decode())
    assert "For example Row" in shown
    assert "What the model leans on" in shown
    assert "When a column is shuffled" in shown
    number, _ = answer.context["examples"][0]
    assert page(client, places, row=number).context["fall"].steps
    swarms = answer.context["swarms"]
    assert {0 <= dot.x <= 100 and 0 <= dot.y <= 26 for each in swarms for dot in each.dots} == {True}


def test_typed_values_change_the_prediction_as_the_model_says(client, places):
    model = kept.explained_table(places)
    column = str(model.roles.numeric[0])
    field = f"v{list(model.rows.columns).index(column)}"
    number = model.numbers[0]
    found = page(client, places, row=number, **{field: "17.5"}).context["found"]
    assert found.changed == (column,)
    expected = table_model_of(places).predict(model.rows.iloc[[0]].assign(**{column: 17.5}))[0]
    assert found.predicted == pytest.approx(expected, abs=1e-9)
    missing = page(client, places, row=number, **{field: ""}).context["found"]
    expected = table_model_of(places).predict(model.rows.iloc[[0]].assign(**{column: np.nan}))[0]
    assert missing.predicted == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ({"row": "999999"}, "row", "999999 cannot be asked about; accepted: a tested row, such as"),
        ({"row": "eight"}, "row", "whole number"),
        ({"row": ""}, "row", "required"),
        ({"row": "0"}, "row", "greater than or equal to 1"),
        ({"v0": "many"}, "v0", "“many” is no number; accepted"),
        ({"v0": "inf"}, "v0", "no number"),
        ({"v0": "9" * 300}, "v0", "at most 200"),
    ],
)
def test_bad_input_is_said_beside_its_field(client, places, query, field, said):
    number = page(client, places).context["examples"][0][0]
    answer = page(client, places, **({"row": number} | query))
    assert said in " ".join(answer.context["form"].errors[field])
    assert "found" not in answer.context


def test_an_action_that_training_never_had_is_refused_with_what_is_known(client, workspace):
    run = trained_run(stored_table(workspace, "next_best_action"), "actions", "action_logistic")
    model = kept.explained_table(run)
    field = f"v{list(model.rows.columns).index(model.roles.action)}"
    answer = page(client, run, row=model.numbers[0], **{field: "<b>skywriting</b>"})
    assert "training never had" in text_of(answer.content.decode())
    assert "<b>skywriting" not in answer.content.decode()


def test_files_that_are_missing_or_changed_are_said_and_never_used(client, places):
    arrays = Artifact.objects.get(experiment=places, name="scorer.safetensors")
    content = arrays.file.read_bytes()
    arrays.file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "SHA-256" in page(client, places).context["reason"]
    arrays.file.write_bytes(content)
    assert "reason" not in page(client, places).context
    Artifact.objects.filter(experiment=places).delete()
    assert "left no stored model" in page(client, places).context["reason"]


def test_the_tab_costs_few_queries_once_the_model_is_kept(client, places):
    number = page(client, places).context["examples"][0][0]
    with CaptureQueriesContext(connection) as queries:
        page(client, places, row=number)
    assert len(queries) <= 3 + 3 + 1


def test_what_is_of_another_workspace_does_not_exist(outsider, viewer, places):
    address = f"/experiments/{places.pk}/"
    assert outsider.get(address, {"tab": "explain", "row": "1"}).status_code == 404
    assert viewer.get(address, {"tab": "explain"}).status_code == 200
