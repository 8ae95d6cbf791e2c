"""The product's real processes, as ``manage.py up`` runs them, against a database of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

import psutil

from mlopspro import embedded
from mlopspro.embedded import addresses, processes
from mlopspro.supervisor import roles
from mlopspro.testing import databases
from mlopspro.testing.environment import worker_name

ALL_ROLES = ("web", "worker-io", "worker-train", "beat", "log-shipper")


class LiveStack:
    """gunicorn, both Celery workers and beat. Use the fixtures ``live_stack`` or ``make_live_stack``.

    ``name`` keeps several apart: it is in the name of the database, of the processes and of their logs.
    ``environment`` is laid over the session's own, for example ``{"REDIS_URL": …}`` of a FaultyProxy.
    """

    def __init__(
        self, name: str = "live", *, names: Sequence[str] = ALL_ROLES, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = f"{name}-{worker_name()}"
        self.database = self.name.replace("-", "_")
        self.port = addresses.port(self.name)
        self.url = f"http://127.0.0.1:{self.port}"
        self.admin_email, self.admin_password = databases.ADMIN_EMAIL, databases.ADMIN_PASSWORD
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "mlopspro.settings",
            "DATABASE_URL": databases.url_of(self.database),
            "REDIS_URL": redis_url_of(name),
            "MLFLOW_TRACKING_URI": embedded.mlflow_uri(),
            # Entries of one stack belong into its own database.
            "MLOPSPRO_PREDICTION_LOG_DIR": str(embedded.var_dir() / f"prediction-log-{self.name}"),
            # Tests receive what is posted to others on this machine.
            "MLOPSPRO_ALLOW_HTTP_TARGETS": "1",
            "MLOPSPRO_ALLOWED_TARGETS": "127.0.0.1",
            **(environment or {}),
        }
        self._names = tuple(names)
        self._records: dict[str, processes.Record] = {}

    def start(self) -> None:
        """Make the database, start every process, wait until the site answers. Queries must not be blocked."""
        embedded.ensure_running("postgres", "redis")
        databases.create(self.database, databases.with_admin())
        if "web" in self._names:
            _collect_static_files()
        self.heal()

    def heal(self) -> None:
        """Start processes that do not run, for example because the last test killed them."""
        for name in self._names:
            if not self.is_alive(name):
                self.start_role(name)
        if "web" in self._names and not processes.wait_until(self.answers, 60, interval=0.1):
            raise RuntimeError(f"the live stack's web server does not answer:\n{self.log('web')[-4000:]}")

    def start_role(self, name: str) -> None:
        role = self._role(name)
        self._records[name] = processes.spawn(
            f"{self.name}-{name}",
            role.argv,
            environment={**self.environment, **role.environment, "PYTHONUNBUFFERED": "1"},
            folder=roles.REPOSITORY,
        )

    def stop_role(self, name: str) -> bool:
        """Ask one process to end, as the supervisor does. Returns whether it ended by itself in its time."""
        role = self._role(name)
        return processes.end(self._records[name], role.stop_signal, role.grace)

    def kill(self, name: str, sign: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the main process of one role alone; its children are left as they are."""
        process = self._records[name].process()
        if process is None:
            raise LookupError(f"{name} of the live stack does not run")
        process.send_signal(sign)

    def family(self, name: str) -> list[psutil.Process]:
        """The main process of one role and its descendants."""
        process = self._records[name].process() if name in self._records else None
        return [] if process is None else [process, *processes.descendants(process)]

    def is_alive(self, name: str) -> bool:
        return name in self._records and self._records[name].is_alive()

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as response:  # noqa: S310
                return bool(response.status == 200)
        except OSError:
            return False

    def log(self, name: str) -> str:
        """Everything one role wrote so far."""
        path = processes.log_path(f"{self.name}-{name}")
        return path.read_text(errors="replace") if path.exists() else ""

    def manage(self, *arguments: str) -> str:
        """Run a management command against the stack's database. Returns its output; raises RuntimeError with it."""
        result = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=roles.REPOSITORY,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise RuntimeError(f"manage.py {' '.join(arguments)} failed:\n{result.stdout}\n{result.stderr}")
        return result.stdout

    def stop(self) -> None:
        """End every process of the stack, whatever state the tests left them in."""
        family = [process for name in self._records for process in self.family(name)]
        for name, record in self._records.items():
            if (process := record.process()) is not None:
                process.send_signal(signal.SIGCONT)
                process.send_signal(self._role(name).stop_signal)
        processes.kill_all(family, patience=12.0)
        self._records.clear()

    @contextmanager
    def as_default_database(self) -> Iterator[None]:
        """Let Django's ORM in this process read and write the stack's database."""
        with databases.as_default(self.database):
            yield

    def _role(self, name: str) -> roles.Role:
        makers = {
            "web": lambda: roles.web("127.0.0.1", self.port),
            "worker-io": roles.io_worker,
            "worker-train": roles.train_worker,
            "beat": roles.beat,
            "log-shipper": roles.log_shipper,
        }
        role = makers[name]()
        # Worker names are unique in a broker, and several stacks may share one.
        argv = tuple(part.replace("@%h", f"@{self.name}") for part in role.argv)
        return replace(role, argv=argv)


def _collect_static_files() -> None:
    from django.test import override_settings

    from mlopspro import settings as product
    from mlopspro.supervisor.assets_step import collect_if_changed

    with override_settings(STORAGES=product.STORAGES):
        collect_if_changed()


def redis_url_of(name: str) -> str:
    """A Redis database for each stack: the bells of one must not be heard by the workers of another.

    The session's own stack ("live") shares that of the tests, so that what a test launches rings its workers.
    """
    url = embedded.redis_url()
    return url if name == "live" else urlunsplit(urlsplit(url)._replace(path=f"/{8 + zlib.crc32(name.encode()) % 8}"))
