"""What a trial says now, in the page's words: its verdict with a tone, and how far it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from retraining.models import Trial
from retraining.selectors.trial_table import covered

COVERED = (
    "A fixed-horizon test is read once, at its end: looking earlier, and stopping when it looks good, finds "
    "differences that are not there far more often than agreed. Until then its metric stays covered here."
)


@dataclass(frozen=True)
class Said:
    """``label`` is the outcome in two or three words, ``tone`` its colour, ``sentence`` the whole of it."""

    label: str
    tone: str
    icon: str
    sentence: str


@dataclass(frozen=True)
class Progress:
    """``share`` of the planned users; ``eta`` at the pace of the trial so far, None while nobody has come."""

    users: int
    planned: int
    share: float | None
    eta: dt.timedelta | None
    ends: dt.datetime | None


STATES = {
    Trial.State.DRAFT: ("Draft", "neutral", "pencil"),
    Trial.State.RUNNING: ("Running", "info", "loader-circle"),
    Trial.State.ENDED: ("Ended", "neutral", "flag"),
}


def state_of(trial: Trial) -> dict[str, str]:
    """For a badge."""
    label, tone, icon = STATES[Trial.State(trial.state)]
    return {"label": label, "tone": tone, "icon": icon}


def said(trial: Trial, verdict: Mapping[str, Any], control: str = "") -> Said:
    """``verdict``: of the newest reading, {} where there is none; ``control``: number of the version that defends."""
    if trial.state == Trial.State.DRAFT:
        return Said("Draft", "neutral", "pencil", "Nothing runs yet. The plan can be changed until the trial starts.")
    sentence, outcome = str(verdict.get("sentence") or ""), verdict.get("outcome")
    if outcome == "srm_broken":
        return Said("The split is broken", "bad", "triangle-alert", sentence)
    if outcome == "winner":
        winner = str(verdict.get("winner") or "")
        if winner == control:
            return Said(f"{winner} stays", "info", "shield-check", sentence)
        return Said(f"{winner} wins", "good", "trophy", sentence)
    if outcome == "no_difference":
        return Said("No difference", "info", "equal", sentence)
    if covered(trial, verdict) and outcome:
        return Said("Not read before its end", "neutral", "eye-off", sentence)
    if trial.state == Trial.State.ENDED:
        return Said("Ended without a verdict", "neutral", "circle-dashed", sentence or "No reading was taken.")
    waits = "The first reading follows within two minutes."
    return Said("Not enough yet", "neutral", "circle-dashed", sentence or waits)


def progress(trial: Trial, verdict: Mapping[str, Any], now: dt.datetime) -> Progress:
    """Of a draft all is to come; of an ended trial no time is left."""
    users = int(verdict.get("users") or 0)
    planned = int(verdict.get("planned_users") or trial.plan.get("planned_users") or 0)
    share = min(1.0, users / planned) if planned else None
    eta = None
    if trial.state == Trial.State.RUNNING and trial.started_at is not None and 0 < users < planned:
        eta = (now - trial.started_at) * ((planned - users) / users)
    return Progress(users, planned, share, eta, trial.planned_end)
