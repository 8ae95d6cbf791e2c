"""/metrics: in Prometheus' format, with the documented names, for nobody who is a stranger."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import pytest
from django.conf import settings as product
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from experiments.tests.objects_registry_api import version_row
from mlopspro.accounts.permissions import Role, Scope
from mlopspro.accounts.services import keys
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring.models import LogLoss, Source, Window
from monitoring.selectors import exposition, health_figures
from monitoring.services import service_minutes
from monitoring.tests.health import scenes

pytestmark = pytest.mark.django_db
TOKEN = "a token of the installation, long enough"
DASHBOARD = Path(product.BASE_DIR) / "deploy/grafana/mlopspro.json"
DOCUMENT = Path(product.BASE_DIR) / "docs/operations.md"
NAME = re.compile(r"\bmlopspro_[a-z_]+")


@pytest.fixture(autouse=True)
def token(settings):
    settings.METRICS_TOKEN = TOKEN


def scrape(token: str = TOKEN):
    exposition.forget()
    health_figures.forget()
    return browser().get("/metrics", headers={"Authorization": f"Bearer {token}"})


def samples(token: str = TOKEN) -> dict[tuple[str, ...], float]:
    """{(name, values of its labels in the order of their names …): value}, by prometheus_client's own parser."""
    answer = scrape(token)
    assert answer.status_code == 200
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def key_of(user, workspace, *scopes: Scope) -> str:
    made = keys.create_key(owner=user, workspace=workspace, name="k", scopes=scopes, expires_at=None, actor=user)
    return made.token


def add_predictions(workspace, owner, number=5) -> str:
    version = version_row(workspace, owner)
    source = Source.objects.create(workspace=workspace, model=version.model, version=version, role="champion")
    for level in Window.Level:
        Window.objects.create(
            source=source, level=level, start=timezone.now().replace(hour=0, minute=0, second=0, microsecond=0),
            predictions=number, errors=1, labelled=2, computed_at=timezone.now(),
        )  # fmt: skip
    return version.model.name


def test_strangers_and_wrong_keys_learn_nothing():
    scenes.well()
    assert browser().get("/metrics").status_code == 302
    for wrong in ("", "x", TOKEN[:-1], TOKEN + "x", "mlops_" + "0" * 12 + "_" + "A" * 43):
        answer = scrape(wrong)
        assert answer.status_code == 401, wrong
        assert b"mlopspro_" not in answer.content


def test_without_a_token_in_the_settings_an_empty_one_opens_nothing(settings):
    settings.METRICS_TOKEN = ""
    assert scrape("").status_code == 401


def test_a_key_needs_a_scope_that_reads_and_sees_its_own_workspace_alone():
    ours, theirs = make_workspace(), make_workspace()
    owner = make_member(ours)
    name, other = add_predictions(ours, owner), add_predictions(theirs, make_member(theirs))
    assert scrape(key_of(owner, ours, Scope.SERVE)).status_code == 403
    told = scrape(key_of(owner, ours, Scope.READ)).content.decode()
    assert name in told
    assert other not in told
    everything = scrape().content.decode()
    assert name in everything
    assert other in everything


def test_a_session_of_a_member_reads_it_too():
    workspace = make_workspace()
    assert browser(make_member(workspace, Role.VIEWER)).get("/metrics").status_code == 200


def test_counters_hold_over_processes_and_foldings():
    for process in ("a/1/x", "b/2/y"):
        scenes.add_minute([10, 20, 30], errors=1, ago=dt.timedelta(hours=4), process=process)
        scenes.add_minute([100], process=process)
    found = samples()
    service_minutes.fold(timezone.now())
    for before in (found, samples()):
        assert before["mlopspro_http_requests_total", "page"] == 8
        assert before["mlopspro_http_errors_total", "page"] == 2
        assert before["mlopspro_http_response_seconds_count", "page"] == 8
        assert before["mlopspro_http_response_seconds_sum", "page"] == pytest.approx(0.32)
        assert before["mlopspro_http_response_seconds", "page", "0.95"] == pytest.approx(0.1)


def test_predictions_are_counted_by_days_only():
    workspace = make_workspace()
    name = add_predictions(workspace, make_member(workspace), 7)
    found = samples()
    assert found["mlopspro_predictions_total", name, "champion", "1.0.0", workspace.slug] == 7
    assert found["mlopspro_prediction_errors_total", name, "champion", "1.0.0", workspace.slug] == 1


def test_processes_disks_queues_and_losses_are_there():
    scenes.well()
    scenes.add_process("worker-train", silent=100, host="two")
    LogLoss.objects.create(day=timezone.now().date(), reason="refused_row", count=3, last_at=timezone.now())
    found = samples()
    up = {(key[1], key[3]): value for key, value in found.items() if key[0] == "mlopspro_process_up"}
    assert up["one", "worker-train"] == 1
    assert up["two", "worker-train"] == 0
    assert found["mlopspro_disk_free_bytes", "var", "one"] == scenes.DISK["free"]
    assert found["mlopspro_queue_messages", "train"] == 0
    assert found["mlopspro_log_losses_total", "refused_row"] == 3
    assert found["mlopspro_health_status",] == 1


def described() -> set[str]:
    """Names as a query would write them, of everything that can be exposed."""
    text = scrape().content.decode()
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}


def bare(name: str) -> str:
    return re.sub(r"_(sum|count|bucket)$", "", name)


def test_every_name_of_the_dashboard_is_exposed():
    exposed = described()
    dashboard = json.loads(DASHBOARD.read_text())
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
        for name in NAME.findall(target["expr"])
    }
    assert len(asked) > 15
    assert {name for name in asked if name not in exposed and bare(name) not in exposed} == set()


def test_every_exposed_name_is_documented_and_every_documented_one_is_exposed():
    exposed = described()
    table = {
        name
        for line in DOCUMENT.read_text().splitlines()
        if line.startswith("| `mlopspro_")
        for name in NAME.findall(line)
    }
    assert table == exposed


def test_a_scrape_costs_the_same_number_of_queries_however_much_there_is(django_assert_num_queries):
    workspace = make_workspace()
    owner = make_member(workspace)
    exposition.exposition(None)
    exposition.forget()
    health_figures.forget()
    with django_assert_num_queries(15):
        exposition.exposition(None)
    for number in range(3):
        add_predictions(workspace, owner)
        scenes.add_process("web", host=f"host {number}")
    exposition.forget()
    health_figures.forget()
    with django_assert_num_queries(15):
        exposition.exposition(None)
    with django_assert_num_queries(0):
        exposition.exposition(None)
