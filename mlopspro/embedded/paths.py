"""Where the embedded services keep their files: one folder, var/ beside the code unless MLOPSPRO_VAR names another."""

from __future__ import annotations

import os
from pathlib import Path

import environ

REPOSITORY = Path(__file__).resolve().parents[2]
PASSABLE = 0o711
"""Others may pass but not list: PostgreSQL, which runs as another user where we are root, passes to its data."""
PRIVATE = 0o700


def read_dotenv() -> None:
    """Take variables from the .env file, or from the file that MLOPSPRO_DOTENV names; the environment wins."""
    file = Path(os.environ.get("MLOPSPRO_DOTENV", "").strip() or REPOSITORY / ".env")
    if file.is_file():
        environ.Env.read_env(file)


def var_dir() -> Path:
    """The folder of everything the product writes on this machine; it may not exist yet."""
    given = os.environ.get("MLOPSPRO_VAR", "").strip()
    return Path(given).expanduser().resolve() if given else REPOSITORY / "var"


def run_dir() -> Path:
    """Records of running processes and locks."""
    return _made("run", PRIVATE)


def log_dir() -> Path:
    """One log file a process."""
    return _made("log", PRIVATE)


def secrets_dir() -> Path:
    """Generated secrets, readable by their owner alone."""
    return _made("secrets", PRIVATE)


def service_dir(name: str) -> Path:
    """Data of one embedded service."""
    return _made(name, PASSABLE if name == "postgres" else PRIVATE)


def _made(name: str, mode: int) -> Path:
    var = var_dir()
    path = var / name
    try:
        var.parent.mkdir(parents=True, exist_ok=True)
        var.mkdir(mode=PASSABLE, exist_ok=True)
        path.mkdir(mode=mode, exist_ok=True)
    except OSError as error:
        raise RuntimeError(
            f"cannot make the folder {path} ({error.strerror}): give MLOPSPRO_VAR a folder that can be written"
        ) from error
    return path
