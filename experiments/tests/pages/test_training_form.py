"""The training form: made from the architectures' own bounds, keeps what was typed, starts exactly one run."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from experiments.learning.recommenders.registry import ARCHITECTURES
from experiments.models import Experiment
from experiments.tests.pages import scenes
from experiments.tests.pages.html import fields
from mlopspro.core.formats import duration
from mlopspro.testing.people import browser

PAGE = "/training/"


@pytest.fixture
def dataset(workspace):
    return scenes.make_dataset(workspace)


def filled(dataset, **changes):
    """What a browser sends for the untouched form of the default architecture."""
    values = {
        "dataset": str(dataset.pk),
        "architecture": "hybrid",
        "split_method": "random",
        "test_share": "0.2",
        "validation_share": "0.1",
        "split_seed": "42",
        "seed": "42",
        "trackers": ["mlflow", "wandb"],
        "idempotency_key": uuid.uuid4().hex,
    }
    form = ARCHITECTURES[changes.get("architecture", "hybrid")].parameters()
    values |= {f"parameters-{name}": str(value) for name, value in dict(form).items() if value is not False}
    return values | changes


def parts(client, **query):
    """The hyperparameters that the page shows for a choice, {name: value}."""
    page = client.get("/training/parts/", query, headers={"HX-Request": "true"}).content.decode()
    return {name.removeprefix("parameters-"): value for name, value in fields(page).items()}


@pytest.mark.parametrize("key", ARCHITECTURES)
def test_each_architecture_offers_its_own_hyperparameters_with_its_defaults(client, dataset, key):
    shown = parts(client, dataset=dataset.pk, architecture=key)
    defaults = dict(ARCHITECTURES[key].parameters())
    texts = {name: str(value) for name, value in defaults.items() if not isinstance(value, bool)}
    boxes = {name: "on" if value else None for name, value in defaults.items() if isinstance(value, bool)}
    assert {name: value for name, value in shown.items() if name in defaults} == texts | boxes


def test_the_defaults_of_the_form_are_those_asked_for(client, dataset):
    shown = client.get(PAGE).context["parameters"]
    wanted = {"epochs": 10, "learning_rate": 0.001, "embedding_dim": 50, "batch_size": 256, "regularization": 0.01}
    assert {name: shown.fields[name].initial for name in wanted} == wanted


def test_a_good_form_queues_a_run_and_leads_to_it(client, scientist, dataset):
    response = client.post(
        PAGE, filled(dataset, name="first", tags="a, b", notes="why", **{"parameters-epochs": "3"}), follow=True
    )
    run = Experiment.objects.get()
    assert response.redirect_chain[0][0] == reverse("experiments:experiment", args=[run.pk])
    assert (run.status, run.parameters["epochs"], run.tags, run.created_by) == ("queued", 3, ["a", "b"], scientist)
    assert str(run.pk) in response.content.decode()


def test_a_double_click_makes_one_run(client, dataset):
    values = filled(dataset)
    assert client.post(PAGE, values)["Location"] == client.post(PAGE, values)["Location"]
    assert Experiment.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", "0"),
        ("epochs", "1000000000"),
        ("epochs", "ten"),
        ("epochs", "3.5"),
        ("learning_rate", "nan"),
        ("learning_rate", "1e400"),
        ("learning_rate", "-0.1"),
        ("batch_size", "9" * 20),
        ("embedding_dim", ""),
    ],
)
def test_a_bad_hyperparameter_is_refused_by_name_with_what_is_accepted(client, dataset, field, value):
    response = client.post(PAGE, filled(dataset, name="kept name", **{f"parameters-{field}": value}))
    assert response.status_code == 422
    errors = response.context["parameters"].errors
    assert list(errors) == [field]
    assert "accepted:" in errors[field][0]
    assert value[:60] in errors[field][0]
    page = response.content.decode()
    assert "kept name" in page
    assert f'value="{value}"' in page or not value
    assert not Experiment.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("test_share", "0.95"),
        ("test_share", "half"),
        ("validation_share", "0"),
        ("split_seed", "-1"),
        ("seed", "1e9"),
        ("seed", str(2**31)),
        ("dataset", "00000000-0000-4000-8000-000000000000"),
        ("dataset", "x"),
        ("architecture", "magic"),
        ("name", "bad\x07"),
        ("split_method", "given"),
        ("tags", "x" * 61),
        ("trackers", ["mlflow", "spy"]),
    ],
)
def test_any_other_bad_field_is_refused_on_its_field(client, dataset, name, value):
    response = client.post(PAGE, filled(dataset) | {name: value})
    assert response.status_code == 422
    assert name in response.context["form"].errors
    assert not Experiment.objects.exists()


def test_the_dataset_of_another_workspace_cannot_be_trained_on(outsider, dataset):
    response = outsider.post(PAGE, filled(dataset))
    assert response.status_code == 422
    assert not Experiment.objects.exists()


def test_a_split_by_time_needs_times(client, workspace):
    timeless = scenes.make_dataset(workspace, has_timestamps=False)
    response = client.post(PAGE, filled(timeless, split_method="time"))
    assert "no timestamps" in response.context["form"].errors["split_method"][0]


@pytest.mark.parametrize("key", [key for key, found in ARCHITECTURES.items() if found.needs_timestamps])
def test_an_architecture_that_reads_sequences_needs_times(client, workspace, key):
    timeless = scenes.make_dataset(workspace, name="timeless", has_timestamps=False)
    response = client.post(PAGE, filled(timeless, architecture=key))
    assert response.context["form"].errors["architecture"] == [
        f"{ARCHITECTURES[key].label} learns from the order of events; timeless has no timestamps."
    ]
    assert "data with times" in response.content.decode()
    assert not Experiment.objects.exists()


def test_typed_values_are_kept_where_the_new_architecture_has_them_and_defaults_are_not(client, dataset):
    typed = {
        "dataset": str(dataset.pk),
        "architecture": "hybrid_biased",
        "parameters_of": "hybrid",
        "parameters-epochs": "77",
        "parameters-learning_rate": "0.001",
    }
    shown = parts(client, **typed)
    default = ARCHITECTURES["hybrid_biased"].parameters().learning_rate
    assert default != ARCHITECTURES["hybrid"].parameters().learning_rate
    assert (shown["epochs"], shown["learning_rate"]) == ("77", str(default))


def test_cloning_fills_the_form_from_the_run_and_links_back(client, workspace, scientist):
    origin = scenes.finished_run(workspace, scientist, name="origin", seed=7, tags=["x"])
    response = client.get(PAGE, {"clone": origin.pk})
    form, parameters = response.context["form"], response.context["parameters"]
    assert form.initial["seed"] == 7
    assert form.initial["tags"] == "x"
    assert parameters.initial["epochs"] == 5
    client.post(PAGE, filled(origin.dataset, cloned_from=str(origin.pk)))
    assert Experiment.objects.get(cloned_from=origin).status == "queued"


def test_a_run_of_another_workspace_cannot_be_cloned(outsider, workspace):
    origin = scenes.finished_run(workspace, seed=7)
    assert outsider.get(PAGE, {"clone": origin.pk}).context["clone"] is None


def test_the_estimate_scales_past_runs_by_rows_and_epochs(client, workspace):
    past = scenes.make_dataset(workspace, num_interactions=1000)
    for seconds in (10.0, 20.0, 90.0):
        scenes.make_experiment(
            workspace,
            dataset=past,
            architecture="hybrid",
            parameters={"epochs": 10},
            status="completed",
            finished_at="2026-01-01T00:00:00Z",
            timings={"train": seconds, "read": 1.0},
        )
    larger = scenes.make_dataset(workspace, num_interactions=4000)
    query = {"dataset": str(larger.pk), "architecture": "hybrid", "parameters-epochs": "5"}
    words = client.get("/training/estimate/", query, headers={"HX-Request": "true"}).content.decode()
    # Median pace 20 s for 10 × 1000 rows; 5 × 4000 rows are twice as much; and 4 s for reading four times the rows.
    assert f">{duration(2 * 20 + 4 * 1)}<" in words
    assert "3 past runs of Hybrid" in words


def test_without_a_past_run_there_is_no_estimate(client, dataset):
    page = client.get(PAGE).content.decode()
    assert "No past run of Hybrid" in page


def test_without_scripts_a_button_shows_what_belongs_to_the_choice_and_starts_nothing(client, dataset):
    response = client.post(PAGE, filled(dataset, architecture="popularity", refresh="1", name="kept"))
    assert response.status_code == 200
    assert response.context["architecture"].key == "popularity"
    assert response.context["form"]["name"].value() == "kept"
    assert not Experiment.objects.exists()


def test_a_viewer_gets_no_training_page(viewer, dataset):
    assert viewer.get(PAGE).status_code == 403
    assert viewer.post(PAGE, filled(dataset)).status_code == 403


def test_the_form_needs_its_csrf_token(scientist, dataset):
    assert browser(scientist, csrf=True).post(PAGE, filled(dataset)).status_code == 403
