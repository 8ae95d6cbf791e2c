"""The page of a model and of a version: tabs, bounds on queries, and what is missing is said."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from experiments.models import MetricValue
from experiments.tests.factories import make_experiment
from experiments.tests.versions import make_live, make_model_row, make_version_row

SESSION = 3
"""Session, person, memberships."""


def cost(client, address, **query) -> int:
    client.get(address, query)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address, query).status_code == 200
    return len(queries)


def url(name, *args) -> str:
    return reverse(f"experiments:{name}", args=args)


TABS = {"overview": 15, "versions": 10, "deployments": 12, "lineage": 15}


def add_versions(model, engineer, minors) -> None:
    for minor in minors:
        version = make_version_row(model.workspace, model, f"1.{minor}.0", by=engineer)
        make_live(version, engineer)


@pytest.mark.parametrize("tab", TABS)
def test_a_model_costs_the_same_however_many_versions_it_has(client, workspace, engineer, tab):
    model = make_model_row(workspace)
    add_versions(model, engineer, range(2))
    make_version_row(workspace, model, "2.0.0", by=engineer)
    few = cost(client, url("model", model.pk), tab=tab)
    add_versions(model, engineer, range(2, 14))
    assert cost(client, url("model", model.pk), tab=tab) == few <= SESSION + TABS[tab]


PAGES = {"model_version": 14, "model_card": 10, "model_compliance": 6, "model_card_edit": 2}


@pytest.mark.parametrize("name", PAGES)
def test_a_version_costs_the_same_however_much_there_is(client, workspace, engineer, name):
    version = make_version_row(workspace, by=engineer)
    few = cost(client, url(name, version.model_id, version.pk))
    add_versions(version.model, engineer, range(1, 8))
    MetricValue.objects.create(
        workspace=workspace, experiment=version.experiment, protocol="rated", name="f1_at_10", segment="new_users",
        value=0.2, users_counted=3,
    )  # fmt: skip
    for number in range(8):
        version.files.create(name=f"{number}.json", kind="x", path="x", size_bytes=1, sha256="0" * 64)
    assert cost(client, url(name, version.model_id, version.pk)) == few <= SESSION + PAGES[name]


def test_lists_and_lineage_cost_the_same_with_few_and_many(client, workspace, engineer):
    make_live(make_version_row(workspace, "model 0", by=engineer))
    data = make_experiment(workspace).dataset
    costs = [cost(client, "/models/"), cost(client, "/lineage/", dataset=data.pk)]
    for number in range(1, 6):
        make_live(make_version_row(workspace, f"model {number}", by=engineer))
        make_experiment(workspace, dataset=data, config_hash=f"{number:064d}")
    assert [cost(client, "/models/"), cost(client, "/lineage/", dataset=data.pk)] == costs
    assert costs[0] <= SESSION + 6
    assert costs[1] <= SESSION + 9


def test_the_overview_of_a_model_with_and_without_versions(client, viewer, workspace, engineer):
    model = make_model_row(workspace)
    assert "No version yet" in client.get(url("model", model.pk)).content.decode()
    make_live(make_version_row(workspace, model, "1.0.0"), engineer)
    make_version_row(workspace, model, "1.0.1")
    text = client.get(url("model", model.pk)).content.decode()
    assert "Promote 1.0.1" in text
    assert "models:/" in text
    assert "@champion" in text
    assert "Roll back" not in text, "there is nothing to go back to"
    make_live(make_version_row(workspace, model, "1.1.0"), engineer)
    assert "Roll back to 1.0.0" in client.get(url("model", model.pk)).content.decode()
    assert "Your role does not promote models" in viewer.get(url("model", model.pk)).content.decode()


def test_an_older_version_is_no_candidate(client, workspace):
    model = make_model_row(workspace)
    make_version_row(workspace, model, "1.0.0")
    make_live(make_version_row(workspace, model, "2.0.0"))
    assert client.get(url("model", model.pk)).context["standing"].candidate is None


@pytest.mark.parametrize("tab", ["nonsense", "monitoring", "<b>"])
def test_unknown_tabs_open_the_overview(client, workspace, tab):
    answer = client.get(url("model", make_model_row(workspace).pk), {"tab": tab})
    assert answer.context["tab"] == "overview"
    assert "Monitoring" not in [one["label"] for one in answer.context["tabs"]]


def test_a_version_of_another_model_is_not_found_there(client, workspace):
    one, other = make_version_row(workspace, "one"), make_version_row(workspace, "other")
    assert client.get(url("model_version", one.model_id, other.pk)).status_code == 404
    assert client.get(url("model_version", one.model_id, uuid.uuid4())).status_code == 404


def test_the_version_says_what_it_was_made_of_and_warns(client, workspace, engineer):
    version = make_version_row(workspace, by=engineer, notes="Newer data.\n<b>bold</b>")
    text = client.get(url("model_version", version.model_id, version.pk)).content.decode()
    assert "ranks the catalogue worse than a popularity list" in text
    assert "&lt;b&gt;bold&lt;/b&gt;" in text
    assert version.experiment.name in text
    assert "It has no files, so it cannot be loaded." in text
    assert "intended use and ethics and terms" in text


def test_run_pages_lead_to_the_registration(client, viewer, workspace, engineer):
    run = make_version_row(workspace).experiment
    assert f"{url('model_register')}?run={run.pk}" in client.get(url("experiment", run.pk)).content.decode()
    assert "Your role does not register models" in viewer.get(url("experiment", run.pk)).content.decode()
    running = make_experiment(workspace, status="running")
    assert "models/register/" not in client.get(url("experiment", running.pk)).content.decode()
