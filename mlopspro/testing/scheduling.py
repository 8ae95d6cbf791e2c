"""Who of pytest-xdist's workers runs what.

Tests of one file stay together. Those that start processes or stop servers go one after the other to one worker, which
has servers of its own (mlopspro/testing/environment.py) and begins with them, as they take longest; they mostly wait,
so that the others have the machine meanwhile. Only when nothing else is left do others take of them.
"""

from __future__ import annotations

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling
from xdist.workermanage import WorkerController

SERVICES = "services "
"""How the names of such groups begin. pytest-xdist tells names of groups at the end of a test's id, behind an @."""
MAX_WORKERS = 4


def group(item: pytest.Item, *, shared_stack: bool) -> pytest.MarkDecorator:
    """The mark of a test that is to be run one after the other with its like. Those on the one stack of the session
    are one group, so that it is started once; others go by file."""
    return pytest.mark.xdist_group(SERVICES + ("live stack" if shared_stack else item.nodeid.partition("::")[0]))


def workers() -> int:
    """One more than there are cores, as one of them mostly waits."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores + 1, MAX_WORKERS)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Units of work are files, and groups of services."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        self._keeper: WorkerController | None = None
        """The worker of tests with services."""

    def _split_scope(self, nodeid: str) -> str:
        name = nodeid.rpartition("@")[2]
        return name if name.startswith(SERVICES) else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(self._next_scope(node), last=False)
        super()._assign_work_unit(node)

    def _next_scope(self, node: WorkerController) -> str:
        services = [scope for scope in self.workqueue if scope.startswith(SERVICES)]
        others = [scope for scope in self.workqueue if not scope.startswith(SERVICES)]
        if self._keeper is None or self._keeper not in self.nodes:
            self._keeper = node
        ours = services if node is self._keeper else others
        return str((ours or services or others)[0])
