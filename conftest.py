"""Fixtures of the whole suite: real services, real processes, a real browser.

The session has a world of its own (mlopspro/testing/environment.py): a temporary MLOPSPRO_VAR, in it PostgreSQL and
Redis, started when the first test wants them, and MLflow, started only by tests that ask for it. pytest-xdist's
workers share these services; each has its own databases. Everything ends with the session, also a failed one.

- ``db`` / ``@pytest.mark.django_db``: pytest-django's, on the real PostgreSQL. Redis runs as well.
- ``postgres_server``, ``redis_server``, ``mlflow_server``: a running service as a ServiceControl with ``stop()``,
  ``start()``, ``restart()``, ``kill()``, ``freeze()``, ``thaw()``; it runs again after the test.
- ``faulty_proxy(host, port)``: makes a FaultyProxy, whose ``mode`` is pass, delay, refuse or blackhole.
- ``live_stack``: the site as ``manage.py up`` runs it (web server, workers, beat) on a database of its own:
  ``live_stack.url``, ``.admin_email``, ``.admin_password``, ``.kill("worker-train")``, ``.log("web")``. Inside the
  test the ORM reads and writes the stack's database, and commits; do not combine it with ``db``. One stack serves the
  whole session, so give what you make names of its own; processes that a test killed are started for the next one.
- ``make_live_stack(name, names=…, environment=…)``: another stack for this test alone, for example one whose
  REDIS_URL goes through a proxy. Use ``with stack.as_default_database():`` to look into its database.
- ``page`` and the other Playwright fixtures: in a Chromium of this machine. Mark such tests ``browser``, and those
  that start processes ``services``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django import DjangoDbBlocker

from mlopspro import embedded
from mlopspro.testing import environment
from mlopspro.testing.browser import launch_arguments
from mlopspro.testing.live_stack import LiveStack
from mlopspro.testing.proxy import FaultyProxy
from mlopspro.testing.services import ServiceControl


def pytest_configure(config: pytest.Config) -> None:
    if environment.is_owner():
        embedded.hold()  # so that no pytest-xdist worker, being the last user for a moment, stops the services


def pytest_unconfigure(config: pytest.Config) -> None:
    environment.finish()


STARTS_OR_STOPS = {"postgres_server", "redis_server", "mlflow_server", "live_stack", "make_live_stack"}
"""Fixtures whose tests stop a server that others use, or start processes of their own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Such tests are run one after the other (Makefile), whether or not somebody remembered to mark them."""
    for item in items:
        if STARTS_OR_STOPS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.services)


@pytest.fixture(scope="session")
def services() -> None:
    """PostgreSQL and Redis run."""
    embedded.ensure_running("postgres", "redis")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(services: None, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Called by pytest-django before it makes the test database."""


@pytest.fixture
def postgres_server(services: None) -> Iterator[ServiceControl]:
    with ServiceControl("postgres") as control:
        yield control


@pytest.fixture
def redis_server(services: None) -> Iterator[ServiceControl]:
    with ServiceControl("redis") as control:
        yield control


@pytest.fixture
def mlflow_server(services: None) -> Iterator[ServiceControl]:
    with ServiceControl("mlflow") as control:
        yield control


@pytest.fixture
def faulty_proxy() -> Iterator[Callable[[str, int], FaultyProxy]]:
    proxies: list[FaultyProxy] = []

    def make(host: str, port: int, *, delay_seconds: float = 0.2) -> FaultyProxy:
        proxies.append(FaultyProxy(host, port, delay_seconds=delay_seconds))
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.close()


@pytest.fixture(scope="session")
def live_stack_processes(services: None, django_db_blocker: DjangoDbBlocker) -> Iterator[LiveStack]:
    """The session's one stack; tests use ``live_stack``."""
    stack = LiveStack()
    try:
        with django_db_blocker.unblock():
            stack.start()
        yield stack
    finally:
        stack.stop()


@pytest.fixture
def live_stack(live_stack_processes: LiveStack, django_db_blocker: DjangoDbBlocker) -> Iterator[LiveStack]:
    live_stack_processes.heal()
    with django_db_blocker.unblock(), live_stack_processes.as_default_database():
        yield live_stack_processes


@pytest.fixture
def make_live_stack(services: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[..., LiveStack]]:
    stacks: list[LiveStack] = []

    def make(name: str, **options: Any) -> LiveStack:
        stacks.append(LiveStack(name, **options))
        stacks[-1].start()
        return stacks[-1]

    try:
        with django_db_blocker.unblock():
            yield make
    finally:
        for stack in stacks:
            stack.stop()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    ours = launch_arguments()
    return {**browser_type_launch_args, **ours}
