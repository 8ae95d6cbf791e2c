"""What runs now, with how far it is and how long it takes still: searches, retrainings, trials, drills."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.urls import reverse

from experiments.models import Experiment, Search
from experiments.models.job import Job
from mlopspro.core.formats import number, share
from mlopspro.insights.selectors.attention import verdict_now
from mlopspro.insights.selectors.work import Work
from retraining.models import Retraining, Trial


@dataclass(frozen=True)
class Running:
    """One piece of work. ``share`` from 0 to 1, None where its length is not known; ``steps`` as {% stepper %} takes
    them."""

    key: str
    kind: str
    icon: str
    name: str
    href: str
    label: str
    share: float | None = None
    eta: dt.timedelta | None = None
    detail: str = ""
    steps: list[dict[str, str]] = field(default_factory=list)

    @property
    def state(self) -> tuple[object, ...]:
        """Without the time left: it follows from these and the clock."""
        return (self.key, self.name, self.label, self.share, self.detail, str(self.steps))


def running(found: Work, now: dt.datetime) -> list[Running]:
    """Everything but lone runs, which have a drawing of their own; no query."""
    return [
        *(_retraining(one) for one in found.open_retrainings),
        *(_trial(one, now) for one in found.trials),
        *(_search(one, now) for one in found.searches),
        *(
            _job(one, "Drill", "rotate-ccw", one.name, reverse("retraining:drill", args=[one.pk]))
            for one in found.drills
        ),
        *(
            _job(one, "Import", "upload", one.name, reverse("experiments:import", args=[one.pk]))
            for one in found.imports
            if one.is_active
        ),
    ]


def _job(job: Job, kind: str, icon: str, name: str, href: str) -> Running:
    label = job.phase or job.status_label
    return Running(f"{kind} {job.pk}", kind, icon, name, href, label, job.progress_share, job.eta)


def _search(search: Search, now: dt.datetime) -> Running:
    over: int = getattr(search, "over", 0)
    left = max(0, search.trials - over)
    # At the pace of the whole search so far; unknown until its first trial is over.
    eta = (now - search.created_at) / over * left if over else None
    done = min(1.0, over / search.trials) if search.trials else None
    label = f"{number(over)} of {number(search.trials)} trials"
    href = reverse("experiments:search", args=[search.pk])
    return Running(f"search {search.pk}", "Search", "search", search.name, href, label, done, eta)


def _trial(trial: Trial, now: dt.datetime) -> Running:
    verdict = verdict_now(trial)
    users, planned = verdict.get("users"), verdict.get("planned_users")
    known = isinstance(users, (int, float)) and isinstance(planned, (int, float)) and planned > 0
    label = f"{number(users)} of {number(planned)} users" if known else f"{number(users or 0)} users so far"
    done = min(1.0, float(users) / float(planned)) if known and users is not None and planned is not None else None
    eta = trial.planned_end - now if trial.planned_end and trial.planned_end > now else None
    href = reverse("retraining:trial", args=[trial.pk])
    name = f"{trial.name}, {trial.model.name}"
    detail = str(verdict.get("sentence", "")) if trial.method == Trial.Method.SEQUENTIAL else ""
    return Running(f"trial {trial.pk}", "Trial", "split", name, href, label, done, eta, detail)


_STAGES = (("composing", "Data"), ("training", "Train"), ("gate", "Gate"), ("canary", "Canary"), ("", "Production"))


def _retraining(one: Retraining) -> Running:
    place = [state for state, _ in _STAGES].index(one.state)
    steps = [
        {"label": label, "state": "done" if at < place else "current" if at == place else "waiting"}
        for at, (_, label) in enumerate(_STAGES)
    ]
    run: Experiment | None = one.experiment if one.state == Retraining.State.TRAINING else None
    done, eta = (run.progress_share, run.eta) if run is not None else (None, None)
    if one.state == Retraining.State.CANARY:
        done = next((step.evidence.get("share") for step in reversed(one.steps.all()) if step.kind == "canary"), None)
    label = _labels(one, done)
    href = reverse("retraining:run", args=[one.pk])
    return Running(
        f"retraining {one.pk}", "Retraining", "refresh-cw", one.model.name, href, label, done, eta, one.sentence, steps
    )


def _labels(one: Retraining, done: float | None) -> str:
    if one.state == Retraining.State.CANARY and done is not None:
        return f"Canary, {share(done, 0)} of the users"
    return one.status.label
