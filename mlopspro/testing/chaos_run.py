"""One run of the chaos: a live model, insisting clients, kills, and then the count."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone

from experiments.learning.data.snapshot import read_snapshot
from experiments.models import ModelVersion
from experiments.services import promotion
from experiments.tests.registered import make_version
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Scope
from mlopspro.accounts.services import keys
from mlopspro.embedded import processes
from mlopspro.testing.chaos import Clients, Kill, Killer, unexplained
from mlopspro.testing.live_stack import LiveStack
from monitoring.models import StaleMinute, Window
from monitoring.services import windows
from monitoring.services.prediction_ids import id_of_key
from monitoring.services.spool import pending_bytes

FEEDBACK_EVERY = 5


@dataclass(frozen=True)
class Outcome:
    """What clients were told is safe, and what stands in the log and in its windows.

    ``lists`` may be fewer than ``lists_in_log``: an answer that was logged and whose process was killed before it got
    out is asked for again. ``counted``: predictions in all windows of a level, by level.
    """

    kills: list[Kill]
    retried: int
    unexplained: list[tuple[float, str]]
    accepted: int
    rows: int
    lists: int
    lists_in_log: int
    lists_missing: int
    feedback: int
    feedback_rows: int
    counted: dict[int, int]
    labelled: int
    seconds: float


def carry_out(
    stack: LiveStack, *, seed: int, batches: int, batch: int, lists: int, kills: int, senders: int = 2,
    patience: float = 150.0, settle: float = 120.0, pause: float = 0.1,
) -> Outcome:  # fmt: skip
    """``batches`` of ``batch`` predictions, divided among senders, and ``lists`` asked for, while ``kills`` happen.

    ``pause``: seconds between two batches of a sender.
    """
    with stack.as_default_database():
        version = _live_version()
        token = _token(stack, version.model.workspace)
        users = [str(name) for name in read_snapshot(version.dataset.path).user_ids]
        connection.close()
    killer = Killer(stack, seed=seed, count=kills)
    clients = Clients(stack.url, token, began=killer.began)
    _wait_for_answers(clients, users)
    base = timezone.now().replace(microsecond=0) - dt.timedelta(hours=2)
    began = time.monotonic()
    for number in range(senders):
        mine = range(number, batches, senders)
        clients.send(_predictions(version, mine, batch, base), pause=pause)
        clients.send(_feedback(version, mine, batch, base), pause=pause)
    thread = threading.Thread(target=killer.run, args=(lambda: bool(clients.errors),), daemon=True)
    thread.start()
    clients.ask(users, lists, pause=pause / 5, until=lambda: not thread.is_alive())
    clients.join(patience)
    thread.join(60)
    seconds = time.monotonic() - began
    stack.heal()
    _settle(stack, settle)
    with stack.as_default_database():
        return _counted(clients, killer, seconds=seconds)


def _live_version() -> ModelVersion:
    version = make_version(Workspace.objects.get(slug="default"), "chaos")
    promotion.promote(version, actor=None, force=True, reason="The chaos needs it to be live", through="command")
    return version


def _token(stack: LiveStack, workspace: Workspace) -> str:
    owner = User.objects.get(email=stack.admin_email)
    return keys.create_key(
        owner=owner, workspace=workspace, name=f"chaos {uuid.uuid4().hex[:6]}", scopes=[Scope.SERVE, Scope.LOG],
        expires_at=None, actor=owner,
    ).token  # fmt: skip


def _wait_for_answers(clients: Clients, users: Sequence[str]) -> None:
    clients.ask(users, 1)
    clients.join(30)
    clients.begin_again()


def _key(number: int) -> str:
    return f"chaos-{number:09}"


def _predictions(
    version: ModelVersion, mine: Sequence[int], batch: int, base: dt.datetime
) -> Iterator[tuple[list[str], str, bytes]]:
    for place in mine:
        numbers = range(place * batch, (place + 1) * batch)
        rows = [
            {
                "model": version.model.name, "version": version.number, "id": _key(number),
                "at": (base + dt.timedelta(seconds=number * 7919 % 6000)).isoformat(), "user": f"u{number % 997}",
                "items": ["a", "b", "c"], "scores": [3.0, 2.0, 1.0], "latency_ms": 1.0 + number % 7,
            }
            for number in numbers
        ]  # fmt: skip
        yield [_key(number) for number in numbers], "/api/predictions", json.dumps(rows).encode()


def _feedback(
    version: ModelVersion, mine: Sequence[int], batch: int, base: dt.datetime
) -> Iterator[tuple[list[str], str, bytes]]:
    """Of every fifth prediction, sent beside it: some of it comes before its prediction and waits."""
    for place in mine:
        numbers = [number for number in range(place * batch, (place + 1) * batch) if number % FEEDBACK_EVERY == 0]
        rows = [
            {
                "prediction": str(id_of_key(version.model_id, _key(number))), "kind": "click", "item": "b",
                "key": f"f-{number}", "at": (base + dt.timedelta(seconds=number * 7919 % 6000 + 30)).isoformat(),
            }
            for number in numbers
        ]  # fmt: skip
        yield [_key(number) for number in numbers], "/api/feedback", json.dumps(rows).encode()


def _settle(stack: LiveStack, seconds: float) -> None:
    """Until the spool is empty and every window is computed; by the stack's own processes, then by this one."""
    folder = Path(stack.environment["MLOPSPRO_PREDICTION_LOG_DIR"]) / "spool"
    if not processes.wait_until(lambda: pending_bytes(folder) == 0, seconds, interval=0.1):
        raise TimeoutError(
            f"the spool still holds {pending_bytes(folder):,} bytes:\n{stack.log('log-shipper')[-3000:]}"
        )
    with stack.as_default_database():
        until = time.monotonic() + seconds
        while StaleMinute.objects.exists():
            windows.refresh(10, busy_pause=0)
            if time.monotonic() > until:
                raise TimeoutError(f"{StaleMinute.objects.count():,} minutes are still stale")


def _counted(clients: Clients, killer: Killer, *, seconds: float) -> Outcome:
    accepted = clients.accepted
    asked = [str(one) for one in accepted.lists]
    rows, distinct, ours, found, feedback = _row(
        """SELECT (SELECT count(*) FROM monitoring_prediction WHERE key LIKE 'chaos-%%'),
                  (SELECT count(DISTINCT key) FROM monitoring_prediction WHERE key LIKE 'chaos-%%'),
                  (SELECT count(*) FROM monitoring_prediction WHERE key = ''),
                  (SELECT count(*) FROM monitoring_prediction WHERE id = ANY(%s::uuid[])),
                  (SELECT count(*) FROM monitoring_feedback)""",
        [asked],
    )
    if rows != distinct or len(set(asked)) != len(asked):
        raise AssertionError(f"{rows} rows of {distinct} keys: some stand in the log twice")
    levels = {
        row[0]: row[1]
        for row in _rows("SELECT level, sum(predictions)::bigint FROM monitoring_window GROUP BY level", [])
    }
    (labelled,) = _row(
        "SELECT coalesce(sum(labelled), 0)::bigint FROM monitoring_window WHERE level = %s", [Window.Level.DAY]
    )
    return Outcome(
        kills=killer.kills,
        retried=len(accepted.failures),
        unexplained=unexplained(accepted, killer.kills),
        accepted=len(accepted.keys),
        rows=rows,
        lists=len(accepted.lists),
        lists_in_log=ours,
        lists_missing=len(asked) - found,
        feedback=accepted.feedback,
        feedback_rows=feedback,
        counted=levels,
        labelled=labelled,
        seconds=seconds,
    )


def _rows(statement: str, values: Sequence[Any]) -> list[tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[tuple[int, ...]] = cursor.fetchall()
    return found


def _row(statement: str, values: Sequence[Any]) -> tuple[int, ...]:
    return _rows(statement, values)[0]
