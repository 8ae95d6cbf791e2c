"""Fixtures of the whole suite: real services, real processes, a real browser.

The session has a world of its own (mlopspro/testing/environment.py): a temporary MLOPSPRO_VAR, in it PostgreSQL and
Redis, started when the first test wants them, and MLflow, started only by tests that ask for it. Each of pytest-xdist's
workers has such a world, and who runs what is decided in mlopspro/testing/scheduling.py. Everything ends with the
session, also a failed one.

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

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import expect
from pytest_django import DjangoDbBlocker
from xdist.remote import Producer

from mlopspro import embedded
from mlopspro.testing import databases, environment, scheduling
from mlopspro.testing.browser import launch_arguments
from mlopspro.testing.live_stack import LiveStack
from mlopspro.testing.proxy import FaultyProxy
from mlopspro.testing.services import ServiceControl

EXPECT_MILLISECONDS = 20_000
"""How long an expectation of a page may take to come true; other tests have the machine as well."""


def pytest_configure(config: pytest.Config) -> None:
    embedded.hold()  # so that no command under test, being the last user for a moment, stops the services
    expect.set_options(timeout=EXPECT_MILLISECONDS)


def pytest_unconfigure(config: pytest.Config) -> None:
    environment.finish()


STACK = pytest.StashKey[LiveStack]()
STARTS_OR_STOPS = {"postgres_server", "redis_server", "mlflow_server", "live_stack", "make_live_stack"}
"""Fixtures whose tests stop a server that others use, or start processes of their own."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is made here – tests, modules, TensorFlow – lives as long as the session, and the collector of garbage need
    not walk over it again with every test."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Such tests are run one after the other, whether or not somebody remembered to mark them, and those on the stack
    of the session last, so that it does not run beside all the others."""
    for item in items:
        if STARTS_OR_STOPS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.services)
        if item.get_closest_marker("services"):
            item.add_marker(scheduling.group(item, shared_stack=_is_on_the_stack(item)))
    items.sort(key=_is_on_the_stack)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """The session's stack ends with the last test on it: its workers and its beat would take time from the others."""
    yield
    stack = item.session.stash.get(STACK, None)
    if stack is not None and _is_on_the_stack(item) and not _is_on_the_stack(nextitem):
        stack.stop()


def _is_on_the_stack(item: pytest.Item | None) -> bool:
    return "live_stack" in getattr(item, "fixturenames", ())


def pytest_xdist_auto_num_workers() -> int:
    return scheduling.workers()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> scheduling.Scheduling | None:
    return scheduling.Scheduling(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def services() -> None:
    """PostgreSQL and Redis run."""
    embedded.ensure_running("postgres", "redis")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    services: None, django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Called by pytest-django before it makes the test database, which becomes a copy of a migrated one."""
    with django_db_blocker.unblock():
        settings.DATABASES["default"].setdefault("TEST", {})["TEMPLATE"] = databases.migrated()


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
def live_stack_processes(
    request: pytest.FixtureRequest, services: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[LiveStack]:
    """The session's one stack; tests use ``live_stack``."""
    stack = request.session.stash[STACK] = LiveStack()
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
