"""``manage.py up``: everything on this machine under one supervisor, until Ctrl-C."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from mlopspro import assets, embedded
from mlopspro.accounts.services.bootstrap import ensure_first_admin
from mlopspro.embedded import processes
from mlopspro.embedded.addresses import port_is_free
from mlopspro.embedded.locks import LockedError, file_lock
from mlopspro.embedded.paths import log_dir, run_dir
from mlopspro.supervisor import roles
from mlopspro.supervisor.assets_step import collect_if_changed
from mlopspro.supervisor.supervisor import Supervisor, end_leftovers

DATABASES = ("postgres", "redis")
TOUR_PACE = {
    "MLOPSPRO_JUDGE_SECONDS": "4",
    "MLOPSPRO_CHECK_SECONDS": "3",
    "MLOPSPRO_DECIDE_SECONDS": "3",
    "MLOPSPRO_LOOP_SECONDS": "3",
}
"""How often is looked in a tour of four minutes, where the environment does not say."""
WEB_START_SECONDS = 60.0


class Command(BaseCommand):
    help = (
        "Run web server, workers, scheduler and, where none are given, PostgreSQL, Redis and MLflow. Ctrl-C stops all."
    )
    requires_system_checks = ()  # migrate runs them, and once is enough

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default 8000)")
        parser.add_argument("--reload", action="store_true", help="restart web processes when code changes")
        parser.add_argument("--demo", action="store_true", help="show the whole loop once (docs/how-to/demo.md)")

    def handle(self, *args: Any, **options: Any) -> None:
        self.began = time.monotonic()
        # Here people read; events are in the logs of the processes.
        logging.getLogger().setLevel(logging.WARNING)
        host, port = options["host"], options["port"]
        self.address = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0', '::') else host}:{port}/"  # noqa: S104
        lock = run_dir() / "up.lock"
        try:
            with file_lock(lock, timeout=1.0):
                self._run(host, port, options)
        except LockedError:
            raise CommandError(f"it runs already{self._running_address()}; stop that one first") from None

    def _run(self, host: str, port: int, options: dict[str, Any]) -> None:
        leftovers = end_leftovers()
        if leftovers:
            self.say(f"ended processes that an earlier run left: {', '.join(leftovers)}")
        if not port_is_free(port, host):
            raise CommandError(f"port {port} on {host} is taken by another program; choose one with --port")
        (run_dir() / "up.json").write_text(json.dumps({"address": self.address}))
        try:
            self.web_role = roles.web(host, port, reload=options["reload"])
            self.worker_roles = (roles.io_worker(), roles.train_worker(), roles.beat(), roles.log_shipper())
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.supervisor = Supervisor(self.say, services=DATABASES)
        self.supervisor.install_signals()
        try:
            if options["demo"]:
                # Before anything is started: processes inherit it.
                os.environ.update({name: value for name, value in TOUR_PACE.items() if name not in os.environ})
            self._start(demo=options["demo"])
            self.supervisor.run()
        finally:
            self.say("stopping …")
            connections.close_all()
            self.supervisor.stop()
            embedded.release()
            (run_dir() / "up.json").unlink(missing_ok=True)
            self.say("stopped, nothing is left running")

    def _start(self, *, demo: bool) -> None:
        steps: list[Callable[[], None]] = [
            self._services,
            self._migrate,
            self._static_files,
            self._first_administrator,
            self._baseline_recipes,
            self._web,
            self._workers,
        ]
        if demo:
            steps.append(self._demo)
        for step in steps:
            if self.supervisor.stopping.is_set():
                return
            step()

    def _services(self) -> None:
        # Also with all servers given: being a holder keeps others from stopping what we may use.
        embedded.hold()
        for name in DATABASES:
            title = embedded.service(name).title
            if embedded.is_given(name):
                self.say(f"{title}: the one given in the environment")
                continue
            try:
                started = embedded.ensure_running(name)
            except embedded.ServiceError as error:
                raise CommandError(str(error)) from error
            self.say(f"{title} {'is up' if started else 'runs already'}")

    def _migrate(self) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        connections.close_all()
        self.say("database is migrated")

    def _static_files(self) -> None:
        absent = assets.missing()
        if absent:
            raise CommandError(f"front-end files are missing ({', '.join(absent)}); run: manage.py fetch_assets")
        if settings.DEBUG:
            return  # served from their sources
        if collect_if_changed():
            self.say("static files are collected")

    def _first_administrator(self) -> None:
        first = ensure_first_admin()
        connections.close_all()
        if first.created and first.password is None:
            self.say(f"first administrator: {first.email}, with the password of the environment")
        elif first.created:
            self.say("first administrator, shown this once:")
            self.stdout.write(f"\n      e-mail    {first.email}\n      password  {first.password}\n\n")

    def _baseline_recipes(self) -> None:
        call_command("seed_recipes", verbosity=0)
        connections.close_all()

    def _web(self) -> None:
        child = self.supervisor.start(self.web_role)
        if self.supervisor.wait_for(child, self._answers, WEB_START_SECONDS):
            self.say(f"ready at {self.address}")
        elif not self.supervisor.stopping.is_set():
            raise CommandError(
                f"the web server does not answer. The end of its log:\n{processes.last_lines('web', 30)}"
            )

    def _workers(self) -> None:
        for role in self.worker_roles:
            self.supervisor.start(role)
            self.say(f"{role.title} started")
        if not embedded.is_given("mlflow"):
            self.supervisor.start(roles.mlflow_server())
            self.say(f"MLflow is starting at {embedded.mlflow_uri()}")
        self.say(f"logs are in {log_dir()}; Ctrl-C stops everything")

    def _demo(self) -> None:
        """Run ``manage.py demo`` beside the loop that watches the others, its words shown here."""
        demo = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--base-url", self.address.rstrip("/")],
            cwd=roles.REPOSITORY,
            env={**os.environ, "LOG_LEVEL": "WARNING"},
            start_new_session=True,
        )
        while demo.poll() is None and not self.supervisor.stopping.wait(0.5):
            self.supervisor.watch()
        if demo.poll() is None:
            demo.terminate()
            demo.wait(timeout=10)
        elif demo.returncode != 0:
            self.say(f"the demo ended with exit code {demo.returncode}; the site runs on at {self.address}")
        else:
            self.say(f"the demo is over; the site runs on at {self.address}")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}healthz", timeout=2) as response:  # noqa: S310
                return bool(response.status == 200)
        except urllib.error.HTTPError:
            return True  # an answer, if only a refusal: this address need not be one of ALLOWED_HOSTS
        except OSError:
            return False

    def _running_address(self) -> str:
        try:
            return f" at {json.loads((run_dir() / 'up.json').read_text())['address']}"
        except (OSError, ValueError, KeyError):
            return ""

    def say(self, text: str) -> None:
        """One line with the seconds since the start."""
        # The terminal may be gone (SIGHUP); stopping must go on all the same.
        with suppress(OSError):
            self.stdout.write(f"{time.monotonic() - self.began:6.1f} s  {text}")
            self.stdout.flush()
