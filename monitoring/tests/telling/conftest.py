from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from django.test import Client

from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from mlopspro.testing.receiver import Receiver, receiver


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace()


@pytest.fixture
def engineer(workspace: Workspace) -> User:
    return make_member(workspace, Role.ENGINEER, name="Ada")


@pytest.fixture
def client(engineer: User) -> Client:
    return browser(engineer)


@pytest.fixture
def server(settings) -> Iterator[Receiver]:
    """A receiver that this installation is allowed to post to."""
    settings.ALLOW_HTTP_TARGETS, settings.ALLOWED_TARGETS = True, ["127.0.0.1"]
    with receiver() as running:
        yield running


@pytest.fixture
def other_session(db: None) -> Iterator[psycopg.Connection]:
    """Another worker's session of the same database."""
    wanted = ("dbname", "user", "password", "host", "port")
    parameters = {name: value for name, value in connection.get_connection_params().items() if name in wanted}
    with psycopg.connect(**parameters, autocommit=True) as session:
        yield session
