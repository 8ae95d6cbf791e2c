"""MLflow's registry follows ours: versions with their run, aliases, each once in effect, also after an outage."""

from __future__ import annotations

import io
import uuid

import pytest
import requests
from django.core.management import call_command

from experiments.models import RegistryMessage, TrackerHealth, TrackerRun
from experiments.selectors import registry as rows
from experiments.services import breaker, delivery, outbox, promotion, registry, registry_delivery
from experiments.services.model_fields import Changes
from experiments.tests.registered import judged_run, judged_version, make_model
from experiments.tests.registry.conftest import scores
from experiments.tests.tracking.mirrors import MlflowReader
from experiments.tracking.mlflow_tracker import MlflowTracker
from mlopspro import embedded
from mlopspro.testing.people import make_workspace
from mlopspro.testing.proxy import FaultyProxy

pytestmark = [pytest.mark.services, pytest.mark.django_db]


@pytest.fixture
def workspace(mlflow_server, db):
    """Made when MLflow runs: starting it may take longer than the database keeps an idle transaction open."""
    return make_workspace()


@pytest.fixture
def tracker(mlflow_server, settings, monkeypatch) -> MlflowTracker:
    monkeypatch.setattr(delivery, "_prepared", set())
    return _tracker(embedded.mlflow_uri(), settings)


def _tracker(uri: str, settings) -> MlflowTracker:
    return MlflowTracker(uri, public_url="", data_root=settings.DATA_ROOT, timeout_seconds=10)


@pytest.fixture
def reader(mlflow_server) -> MlflowReader:
    return MlflowReader(embedded.mlflow_uri())


@pytest.fixture
def model(workspace):
    return make_model(workspace, f"films {uuid.uuid4().hex[:6]}")


def mirrored_version(workspace, model, mean: float, seed: int, **fields):
    """A version whose run has a mirror in MLflow on its way."""
    first = model.versions.order_by("created_at").first()
    data = {"dataset": first.dataset} if first else {}
    run = judged_run(workspace, scores(mean, seed=seed), trackers=["mlflow"], **data, **fields)
    outbox.open_mirrors(run)
    outbox.record_end(run, "completed")
    return registry.register(run, actor=None, model=model)


def deliver(tracker: MlflowTracker, model, *, runs: bool = True) -> int:
    if runs:
        delivery.deliver_waiting(20, using={"mlflow": tracker})
    return registry_delivery.deliver_waiting(20, model=model.pk, using=tracker)


def told(reader: MlflowReader, model) -> tuple[dict[str, str], dict[str, str]]:
    """Run of each version by our number, and our number of each alias, read over plain REST."""
    name = rows.mirror(model).name
    found = reader.call("GET", "registered-models/get", name=name)["registered_model"]
    query = {"filter": f"name = '{name}'", "max_results": 100}
    versions = reader.call("GET", "model-versions/search", **query).get("model_versions", [])
    numbers = {one["version"]: _tags(one)["mlopspro.version"] for one in versions}
    assert len(set(numbers.values())) == len(numbers), "each version once"
    aliases = {one["alias"]: numbers[one["version"]] for one in found.get("aliases", [])}
    return {_tags(one)["mlopspro.version"]: one.get("run_id", "") for one in versions}, aliases


def _tags(one: dict) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in one.get("tags", [])}


def waiting(model) -> int:
    return RegistryMessage.objects.filter(model=model, delivered_at__isnull=True).count()


def test_versions_point_to_their_runs_and_aliases_follow(workspace, model, tracker, reader):
    first = mirrored_version(workspace, model, 0.3, 1)
    promotion.promote(first, actor=None)
    assert registry_delivery.deliver_waiting(5, model=model.pk, using=tracker) == 0, "the run's mirror comes first"
    assert deliver(tracker, model) == 2

    second = mirrored_version(workspace, model, 0.5, 2)
    promotion.promote(second, actor=None, to_stage="staging")
    deliver(tracker, model)
    runs = {one.number: TrackerRun.objects.get(experiment=one.experiment_id).external_id for one in (first, second)}
    assert told(reader, model) == (runs, {"champion": "1.0.0", "challenger": "1.0.1"})

    second.refresh_from_db()
    promotion.promote(second, actor=None)
    promotion.rollback(model, actor=None)
    deliver(tracker, model)
    assert told(reader, model) == (runs, {"champion": "1.0.0"})
    status = {
        number: _tags(reader.call("GET", "runs/get", run_id=run)["run"]["data"])["status"]
        for number, run in runs.items()
    }
    assert status == {"1.0.0": "active", "1.0.1": "inactive"}
    assert rows.model_uri(model) == f"models:/{rows.mirror(model).name}@champion"

    first.refresh_from_db()
    promotion.move(first, actor=None, to_stage="archived")
    deliver(tracker, model)
    assert told(reader, model)[1] == {}


def test_told_twice_is_told_once(workspace, model, tracker, reader):
    """A worker that is killed after MLflow has it and before the row says so tells it again."""
    promotion.promote(mirrored_version(workspace, model, 0.3, 1), actor=None)
    deliver(tracker, model)
    before = told(reader, model)
    RegistryMessage.objects.filter(model=model).update(delivered_at=None)
    assert deliver(tracker, model) == 2
    assert told(reader, model) == before


def test_a_run_that_is_not_mirrored_gets_a_version_all_the_same(workspace, model, tracker, reader):
    version = judged_version(workspace, scores(0.3), model)
    promotion.promote(version, actor=None)
    assert deliver(tracker, model) == 2
    assert RegistryMessage.objects.filter(model=model).exclude(last_error="").count() == 0
    assert told(reader, model) == ({"1.0.0": ""}, {"champion": "1.0.0"})


def test_an_outage_delays_and_loses_nothing(workspace, model, mlflow_server, reader, settings, faulty_proxy):
    host, port = embedded.mlflow_uri().removeprefix("http://").split(":")
    proxy: FaultyProxy = faulty_proxy(host, int(port))
    tracker = _tracker(f"http://127.0.0.1:{proxy.port}", settings)
    tracker.timeout_seconds = 2
    first, second = judged_version(workspace, scores(0.3, seed=1), model), None
    promotion.promote(first, actor=None)
    proxy.mode = "refuse"
    assert deliver(tracker, model, runs=False) == 0
    assert TrackerHealth.objects.get(tracker="mlflow").failures == 1
    second = judged_version(workspace, scores(0.5, seed=2), model)
    promotion.promote(second, actor=None)
    assert deliver(tracker, model, runs=False) == 0, "the breaker is open: nobody waits for it"
    assert waiting(model) == 4
    proxy.mode = "pass"
    breaker.try_now("mlflow")
    assert deliver(tracker, model, runs=False) == 4
    assert told(reader, model)[1] == {"champion": "1.0.1"}
    assert TrackerHealth.objects.get(tracker="mlflow").failures == 0


def test_a_registry_that_lost_the_model_is_told_everything_again(workspace, model, tracker, reader):
    promotion.promote(judged_version(workspace, scores(0.3, seed=1), model), actor=None)
    deliver(tracker, model)
    name = rows.mirror(model).name
    assert requests.delete(f"{tracker.uri}/api/2.0/mlflow/registered-models/delete", json={"name": name}, timeout=30).ok
    promotion.promote(judged_version(workspace, scores(0.5, seed=2), model), actor=None)
    while waiting(model):
        deliver(tracker, model)
    versions, aliases = told(reader, model)
    assert (set(versions), aliases) == ({"1.0.0", "1.0.1"}, {"champion": "1.0.1"})


def test_a_name_that_others_use_in_mlflow_is_left_to_them(workspace, model, tracker, reader):
    wanted = rows.mirror(model).name
    reader.call("POST", "registered-models/create", name=wanted)
    judged_version(workspace, scores(0.3), model)
    deliver(tracker, model)
    assert rows.mirror(model).name == f"{wanted}-{model.pk.hex[:8]}"
    assert told(reader, model)[0] == {"1.0.0": ""}


def test_a_model_that_is_renamed_is_renamed_there(workspace, model, tracker, reader):
    judged_version(workspace, scores(0.3), model)
    deliver(tracker, model)
    new = f"series {uuid.uuid4().hex[:6]}"
    registry.edit_model(model, actor=None, changes=Changes(name=new, description="What to watch"))
    deliver(tracker, model)
    model.refresh_from_db()
    assert rows.mirror(model).name.startswith(new)
    name = rows.mirror(model).name
    assert reader.call("GET", "registered-models/get", name=name)["registered_model"]["description"] == "What to watch"
    assert set(told(reader, model)[0]) == {"1.0.0"}


def test_sync_trackers_tells_the_registry_too(workspace, model, reader, mlflow_server, monkeypatch):
    monkeypatch.setattr(delivery, "_prepared", set())
    promotion.promote(mirrored_version(workspace, model, 0.3, 1), actor=None)
    call_command("sync_trackers", seconds=20, stdout=io.StringIO())
    assert waiting(model) == 0
    assert told(reader, model)[1] == {"champion": "1.0.0"}
