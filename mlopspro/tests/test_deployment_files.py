"""Compose file, example of variables and operations notes say what the code does."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from django.conf import settings

from mlopspro.supervisor import roles
from mlopspro.supervisor.roles import REPOSITORY

COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
NOTES = "\n".join((REPOSITORY / "docs" / name).read_text() for name in ("operations.md", "how-to/trackers.md"))
EXAMPLE = (REPOSITORY / ".env.example").read_text()
READ = re.compile(r"""(?:env\.\w+|environ\.get|positive_number)\(\s*["']([A-Z][A-Z0-9_]+)["']""")
APPS = sorted({name.split(".")[0] for name in settings.INSTALLED_APPS if (REPOSITORY / name.split(".")[0]).is_dir()})
ELSEWHERE = {"MLOPSPRO_WORKER_QUEUES"}
"""Read by our code, and set by it as well."""


def variables_of_the_code() -> set[str]:
    files = [path for app in APPS for path in (REPOSITORY / app).rglob("*.py")]
    product = [path for path in files if not {"tests", "testing", "browser_tests"} & set(path.parts)]
    return {name for path in product for name in READ.findall(path.read_text())} - ELSEWHERE


def test_every_variable_that_the_code_reads_is_in_the_notes():
    undocumented = {name for name in variables_of_the_code() if f"`{name}`" not in NOTES}
    assert undocumented == set()


def test_every_variable_of_the_example_is_one_that_is_read():
    compose = (REPOSITORY / "docker-compose.yml").read_text()
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))
    assert named
    unknown = {name for name in named - variables_of_the_code() if f"${{{name}" not in compose}
    assert unknown == set()


def test_every_variable_that_compose_demands_is_in_the_example():
    demanded = set(re.findall(r"\$\{([A-Z0-9_]+):\?", (REPOSITORY / "docker-compose.yml").read_text()))
    assert demanded <= set(re.findall(r"^#([A-Z0-9_]+)=.*\(compose", EXAMPLE, re.MULTILINE))


@pytest.mark.parametrize(
    ("service", "role"),
    [("worker-train", roles.train_worker()), ("worker-io", roles.io_worker()), ("beat", roles.beat())],
)
def test_containers_run_what_the_supervisor_runs(service, role):
    def words(text: str) -> list[str]:
        return [word for word in text.split() if not word.startswith("${")]

    supervised = [word for word in role.argv[role.argv.index("celery") :] if word != "2" or service != "worker-train"]
    assert words(COMPOSE["services"][service]["command"]) == supervised
    assert COMPOSE["services"][service].get("stop_signal", "SIGTERM") == role.stop_signal.name


def test_the_log_shipper_runs_beside_the_site_and_sees_its_spool():
    shipper, web = COMPOSE["services"]["log-shipper"], COMPOSE["services"]["web"]
    assert shipper["command"].split()[1:] == list(roles.log_shipper().argv[1:])
    assert shipper["volumes"] == web["volumes"]


def test_the_image_serves_as_the_supervisor_does():
    dockerfile = (REPOSITORY / "Dockerfile").read_text()
    for word in ("--no-control-socket", "--preload", "gthread", "mlopspro.wsgi:application"):
        assert word in dockerfile
        assert word in roles.web("127.0.0.1", 8000).argv
    assert re.search(r"^USER mlopspro$", dockerfile, re.MULTILINE)


def test_the_image_holds_every_app():
    copied = re.findall(r"^COPY (\w+) \./\1$", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    assert len(APPS) >= 4
    assert {*APPS, "templates", "static"} == set(copied)


def test_only_the_site_has_a_published_port_and_only_on_loopback():
    published = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8000:8000"]}


def test_exactly_one_beat():
    assert sum("beat" in str(service.get("command")).split() for service in COMPOSE["services"].values()) == 1


KUBERNETES = REPOSITORY / "deploy" / "kubernetes"


def objects_of_the_cluster() -> dict[tuple[str, str], dict[str, Any]]:
    made = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    documents = [one for name in made for one in yaml.safe_load_all((KUBERNETES / name).read_text())]
    return {(one["kind"], one["metadata"]["name"]): one for one in documents}


def pods_of_the_cluster() -> list[dict[str, Any]]:
    specs = [one.get("spec", {}) for one in objects_of_the_cluster().values()]
    return [spec["template"]["spec"] for spec in specs if "template" in spec]


def containers_of_the_cluster() -> dict[str, dict[str, Any]]:
    return {one["name"]: one for pod in pods_of_the_cluster() for one in pod["containers"]}


@pytest.mark.parametrize(
    ("name", "role"),
    [("worker-train", roles.train_worker()), ("worker-io", roles.io_worker()), ("beat", roles.beat())],
)
def test_pods_run_what_the_supervisor_runs(name, role):
    words = containers_of_the_cluster()[name]["command"][-1].removeprefix("exec ").split()
    assert words == list(role.argv[role.argv.index("celery") :])


def test_the_cluster_has_what_compose_has():
    ours = {name for name in COMPOSE["services"] if name not in ("postgres", "redis")}
    assert set(containers_of_the_cluster()) == ours
    migrate = containers_of_the_cluster()["migrate"]["command"][-1]
    assert f'sh -c "{migrate}"' == COMPOSE["services"]["migrate"]["command"]
    mlflow = [str(word) for word in containers_of_the_cluster()["mlflow"]["command"]]
    assert mlflow[:-1] == COMPOSE["services"]["mlflow"]["command"][:-1]


def test_answers_that_wait_for_the_database_outlive_their_pod():
    web = objects_of_the_cluster()["StatefulSet", "web"]["spec"]
    kept = {one["metadata"]["name"] for one in web["volumeClaimTemplates"]}
    for one in web["template"]["spec"]["containers"]:
        mounts = {mount["mountPath"]: mount["name"] for mount in one["volumeMounts"]}
        assert mounts["/var/lib/mlopspro"] in kept, one["name"]


def test_no_pod_runs_as_root_or_gains_rights():
    assert len(pods_of_the_cluster()) == 6
    for pod in pods_of_the_cluster():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        for one in pod["containers"]:
            assert one["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def test_one_beat_in_the_cluster_and_one_address_outside():
    found = objects_of_the_cluster()
    assert found["Deployment", "beat"]["spec"]["replicas"] == 1
    assert found["Deployment", "beat"]["spec"]["strategy"] == {"type": "Recreate"}
    backends = [rule["http"]["paths"] for rule in found["Ingress", "web"]["spec"]["rules"]]
    assert [[path["backend"]["service"]["name"] for path in paths] for paths in backends] == [["web"]]
    assert found["NetworkPolicy", "closed"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}


def test_the_cluster_sets_variables_that_are_read():
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    given = {line.split("=", 1)[0] for line in kustomization["configMapGenerator"][0]["literals"]}
    given |= {line.split("=", 1)[0] for line in (KUBERNETES / "secrets.example.env").read_text().splitlines()}
    assert given - {"MLFLOW_BACKEND_STORE_URI"} <= variables_of_the_code()
