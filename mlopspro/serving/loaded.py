"""What this process answers with. A thread of its own asks the database once a second what is live, and changes it.

A new version is mapped and verified beside the one that answers; then one assignment swaps them, so a request sees the
old or the new one whole, and none waits. What cannot be loaded leaves what was there; see ``loading``. While the
database is away, everything that is loaded goes on answering.

The thread starts with the first request that needs it (after gunicorn's fork, which keeps no threads), and that request
waits for its first look, bounded. With ``settings.SERVING_POLL_SECONDS = 0`` there is no thread and every call looks
for itself: commands and tests.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress

import structlog
from django.conf import settings
from django.db import close_old_connections, connection

from mlopspro.accounts.models import Workspace
from mlopspro.serving.live import LiveModel, LoadedVersion, Variant
from mlopspro.serving.loading import Loader
from mlopspro.serving.problems import NotReady
from monitoring.services import beats

__all__ = ["LiveModel", "LoadedVersion", "Variant", "forget", "live", "problems", "refresh", "status"]
FIRST_SECONDS = 20.0
"""How long the first requests of a process wait for its first look at what is live."""
log = structlog.get_logger(__name__)


class _Kept:
    """Of one process: a forked child has its own."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loader = Loader()
        self.looking = threading.Lock()
        self.first = threading.Event()
        self.stopping = threading.Event()
        self.thread: threading.Thread | None = None
        self.trouble = ""

    def ensure(self) -> None:
        """Has the models as they are now, or as of a second ago. Raises NotReady where the first look failed."""
        if not settings.SERVING_POLL_SECONDS:
            self.look()
            return
        if self.thread is None:
            with self.looking:
                if self.thread is None:
                    self.thread = threading.Thread(target=self._run, name="live models", daemon=True)
                    self.thread.start()
        if not self.first.is_set():
            self.first.wait(FIRST_SECONDS)
        if not self.loader.looked:
            raise NotReady("Models are being loaded, or the database does not answer; ask again.", soon=True)

    def look(self) -> None:
        with self.looking:
            self.loader.look()

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                close_old_connections()
                self.look()
                self._said("")
            except Exception as error:  # the database, most likely: what is loaded goes on, the next look is soon
                self._said(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
                with suppress(Exception):
                    connection.close()
            self.first.set()
            self.stopping.wait(settings.SERVING_POLL_SECONDS or 1.0)
        with suppress(Exception):
            connection.close()

    def _said(self, trouble: str) -> None:
        """Once for each change: a database that is away for an hour is one line."""
        if trouble != self.trouble:
            self.trouble = trouble
            log.warning("live models not refreshed", error=trouble) if trouble else log.info("live models refreshed")


_kept: _Kept | None = None
_making = threading.Lock()


def _mine() -> _Kept:
    global _kept
    if _kept is None or _kept.pid != os.getpid():
        with _making:
            if _kept is None or _kept.pid != os.getpid():
                _kept = _Kept()
                beats.provide("loading_problems", problems)
    return _kept


def live(workspace: Workspace) -> Mapping[str, LiveModel]:
    """Models of the workspace with a version in production, by name. No query as a rule. Raises NotReady."""
    kept = _mine()
    kept.ensure()
    return kept.loader.models.get(workspace.pk, {})


def refresh() -> None:
    """Looks now, in this thread. Raises what the database raises."""
    _mine().look()


def status() -> list[LoadedVersion]:
    """Every version that this process answers with, and those it should and cannot. Asks nobody."""
    return list(_mine().loader.status())


def problems(workspace_id: uuid.UUID | None = None) -> list[dict[str, str]]:
    """What could not be loaded: model, version, problem. Carried by the process' signs of life; the hook for alerts."""
    return [
        {"model": one.model, "model_id": str(one.model_id), "version": one.version, "problem": one.problem}
        for one in status()
        if one.problem and workspace_id in (None, one.workspace_id)
    ]


def forget() -> None:
    """Ends the thread and drops everything; the next call begins anew. For tests and for the end of a process."""
    global _kept
    with _making:
        kept, _kept = _kept, None
    if kept is not None and kept.pid == os.getpid():
        kept.stopping.set()
        if kept.thread is not None:
            kept.thread.join(5)


def _after_fork() -> None:
    """The child of a process whose lock was held at that moment would wait for ever."""
    global _making
    _making = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
