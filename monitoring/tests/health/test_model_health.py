"""Is one model well where it serves: its status and the list of what is wrong."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from experiments.models import Deployment, ModelFile
from experiments.tests.objects_registry_api import version_row
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring.models import Source, Window
from monitoring.selectors.model_health import model_health
from monitoring.services.health_states import State
from monitoring.tests.health import scenes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_root(settings, tmp_path):
    settings.DATA_ROOT = tmp_path


@pytest.fixture
def version():
    """In production, with a file that is there."""
    scenes.well()
    workspace = make_workspace()
    made = version_row(workspace, make_member(workspace))
    Deployment.objects.create(model=made.model, version=made, started_at=timezone.now())
    file = ModelFile.objects.create(
        version=made, name="arrays.npz", kind="arrays", path=f"{made.folder}/arrays.npz", size_bytes=4, sha256="0" * 64
    )
    file.file.parent.mkdir(parents=True)
    file.file.write_bytes(b"1234")
    return made


def answered(version, predictions: int, errors: int = 0, ago: dt.timedelta = dt.timedelta(minutes=2)) -> None:
    source, _ = Source.objects.get_or_create(
        workspace=version.model.workspace, model=version.model, version=version, role="champion"
    )
    start = (timezone.now() - ago).replace(second=0, microsecond=0)
    for level, at in ((60, start), (3600, start.replace(minute=0))):
        Window.objects.create(
            source=source, level=level, start=at, predictions=predictions, errors=errors, computed_at=timezone.now()
        )


def codes(version) -> dict[str, str]:
    return {issue.code: issue.state.value for issue in model_health(version.model).issues}


def test_a_model_that_answers_well_is_healthy(version):
    answered(version, 100, errors=1)
    found = model_health(version.model)
    assert (found.status, found.issues) == (State.HEALTHY, [])


def test_without_traffic_nothing_can_be_said(version):
    assert model_health(version.model).status is State.UNKNOWN
    assert codes(version) == {"no_traffic": "unknown"}
    answered(version, 1000, ago=dt.timedelta(days=2))
    assert codes(version) == {"no_traffic": "unknown"}
    answered(version, 19)
    assert codes(version) == {"little_traffic": "unknown"}


@pytest.mark.parametrize(("errors", "state"), [(10, None), (11, "degraded"), (50, "degraded"), (51, "unhealthy")])
def test_failing_answers_are_an_issue_by_their_share(version, errors, state):
    answered(version, 1000, errors=errors)
    assert codes(version) == ({"errors": state} if state else {})


def test_a_version_that_does_not_load_is_an_issue_while_the_one_before_answers(version):
    answered(version, 100)
    problem = {"model": "m", "model_id": str(version.model_id), "version": "2.0.0", "problem": "sha256 differs"}
    scenes.add_process("web", loading_problems=[problem, {**problem, "model_id": "another"}])
    found = model_health(version.model)
    assert [(issue.code, issue.state.value) for issue in found.issues] == [("not_loaded", "degraded")]
    assert "sha256 differs" in found.issues[0].message


@pytest.mark.parametrize("damage", ["missing", "short"])
def test_a_damaged_file_is_an_issue(version, damage):
    answered(version, 100)
    file = version.files.get().file
    file.unlink() if damage == "missing" else file.write_bytes(b"1")
    assert codes(version) == {"file_damaged": "unhealthy"}


def test_a_log_that_is_behind_makes_its_figures_doubtful(version):
    answered(version, 100)
    old = (timezone.now() - dt.timedelta(hours=1)).isoformat()
    scenes.add_process("log-shipper", spool={"bytes": 10, "oldest": old})
    assert codes(version) == {"log.spool_age": "degraded"}


def test_a_model_that_was_never_promoted_is_not_judged(version):
    Deployment.objects.all().delete()
    assert codes(version) == {"not_live": "unknown"}


def test_the_api_tells_it_to_members_of_the_workspace_alone(version):
    answered(version, 100, errors=60)
    address = f"/api/mlops/models/{version.model_id}/health"
    told = browser(make_member(version.model.workspace)).get(address).json()
    assert told["status"] == "unhealthy"
    assert [issue["code"] for issue in told["issues"]] == ["errors"]
    assert told["live"] == [
        {"version": "1.0.0", "role": "champion", "share": 1.0, "since": told["live"][0]["since"]},
    ]
    assert browser(make_member(make_workspace())).get(address).status_code == 404
