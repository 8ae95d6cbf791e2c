"""One of everything that home shows: what needs somebody, what runs, and live models."""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils import timezone

from experiments.models import Dataset, DatasetImport, Experiment, ModelVersion, Search
from experiments.tests.factories import make_dataset, make_experiment
from experiments.tests.pages import scenes
from experiments.tests.versions import make_live, make_model_row, make_version_row
from mlopspro.accounts.models import Workspace
from monitoring.models import Alert, AlertEvent, AlertRule, Channel, Delivery, DeliveryAttempt, Source, Window
from monitoring.services.window_writes import floor
from monitoring.tests.judged.scenes import all_fine
from retraining.models import Decision, Drill, KillSwitch, Retraining, RetrainingStep, Trial, TrialReading


def live_model(workspace: Workspace, name: str, *, run: Experiment | None = None, **verdicts: str) -> ModelVersion:
    version = make_version_row(workspace, make_model_row(workspace, name), run=run)
    make_live(version)
    if run is None or verdicts:
        all_fine(version.model, **verdicts)
    return version


def add_traffic(version: ModelVersion, hours: dict[int, int]) -> Source:
    """``hours``: {hours ago: predictions}."""
    source = Source.objects.create(
        workspace=version.model.workspace, model=version.model, version=version, role="champion"
    )
    now = timezone.now()
    for ago, count in hours.items():
        start = floor(now, 3600) - dt.timedelta(hours=ago)
        Window.objects.create(source=source, level=3600, start=start, predictions=count, computed_at=now)
    return source


def add_alert(version: ModelVersion, severity: str = "warning", state: str = "open", hours_ago: float = 1) -> Alert:
    rule = AlertRule.objects.create(
        model=version.model, name=f"{severity} {uuid.uuid4().hex[:6]}", signal="drift.score", comparison="above",
        threshold=0.3,
    )  # fmt: skip
    at = timezone.now() - dt.timedelta(hours=hours_ago)
    return Alert.objects.create(
        rule=rule, state=state, severity=severity, sentence=f"A {severity} thing.", opened_at=at, last_seen_at=at
    )


def add_decision(version: ModelVersion, tier: str = "monitor", answer: str = "", **fields: object) -> Decision:
    return Decision.objects.create(
        model=version.model, at=timezone.now(), tier=tier, action="propose" if answer else "none",
        sentence=f"It says {tier}.", answer=answer, **fields,
    )  # fmt: skip


def add_canary(version: ModelVersion, *, promote: str = "ask", step: int = 2, share: float = 1.0) -> Retraining:
    made = Retraining.objects.create(
        model=version.model, base=version, version=version, state="canary", plan={"promote": promote},
        sentence="It waits for a person to promote 1.1.0.",
    )  # fmt: skip
    RetrainingStep.objects.create(
        retraining=made, number=1, kind="canary", evidence={"share": share, "canary": {"step": step}}
    )
    return made


def add_failed_retraining(version: ModelVersion) -> Retraining:
    return Retraining.objects.create(
        model=version.model, base=version, state="failed", sentence="Its training failed.", ended_at=timezone.now()
    )


def add_trial(version: ModelVersion, outcome: str = "winner", *, method: str = "sequential") -> Trial:
    at = timezone.now()
    trial = Trial.objects.create(
        model=version.model, name=f"trial {uuid.uuid4().hex[:6]}", state="running", method=method, metric="ndcg_at_10",
        started_at=at, planned_end=at + dt.timedelta(days=3),
    )  # fmt: skip
    verdict = {"outcome": outcome, "sentence": f"The verdict: {outcome}.", "users": 300, "planned_users": 1200}
    TrialReading.objects.create(trial=trial, at=at, arms=[], verdict=verdict)
    return trial


def add_failed_run(workspace: Workspace, name: str = "broken run", **fields: object) -> Experiment:
    values: dict[str, object] = {
        "status": "failed", "failure_kind": "diverged", "failure_reason": "The loss became NaN.",
        "started_at": timezone.now(), "finished_at": timezone.now(),
    }  # fmt: skip
    return make_experiment(workspace, name=name, **(values | fields))


def add_failing_channel(workspace: Workspace, *, arrived: tuple[bool, ...] = (True, False)) -> Channel:
    made = Channel.objects.create(
        workspace=workspace, name=f"ops {uuid.uuid4().hex[:6]}", kind="webhook", target="sealed"
    )
    for succeeded in arrived:
        delivery = Delivery.objects.create(channel=made)
        DeliveryAttempt.objects.create(
            delivery=delivery, at=timezone.now(), succeeded=succeeded, milliseconds=3.0,
            error="" if succeeded else "The receiver answered 500.",
        )  # fmt: skip
    return made


def add_search(workspace: Workspace, trials: int = 8, ended: int = 2) -> Search:
    data = Dataset.objects.filter(workspace=workspace).first() or make_dataset(workspace)
    made = Search.objects.create(
        workspace=workspace, name=f"search {uuid.uuid4().hex[:6]}", dataset=data, architecture="ease", space={},
        metric="validation.ndcg_at_10", trials=trials, created_at=timezone.now() - dt.timedelta(minutes=4),
    )  # fmt: skip
    for number in range(ended):
        at = timezone.now()
        make_experiment(workspace, dataset=data, search=made, trial=number, status="completed", finished_at=at)
    return made


def add_drill(workspace: Workspace) -> Drill:
    return Drill.objects.create(
        workspace=workspace, name="drill", status="running", phase="Replaying", progress_done=3, progress_total=12,
        started_at=timezone.now(), lease_until=timezone.now() + dt.timedelta(minutes=5),
    )  # fmt: skip


def add_draft(workspace: Workspace) -> DatasetImport:
    return DatasetImport.objects.create(
        workspace=workspace, name="ratings of May", status="draft", format="csv", folder="imports/none"
    )


def stop_all(workspace: Workspace) -> KillSwitch:
    return KillSwitch.objects.create(workspace=workspace, stopped=True, reason="A release.")


def acknowledge(alert: Alert, after: dt.timedelta) -> AlertEvent:
    return AlertEvent.objects.create(alert=alert, kind="acknowledged", at=alert.opened_at + after)


def everything(workspace: Workspace, number: int) -> None:
    """``number`` of each thing, each of a model of its own where the model may have one alone."""
    run = scenes.finished_run(workspace)
    for place in range(number):
        tag = f"{place} {uuid.uuid4().hex[:6]}"
        proposed, waiting, failed, tried = (
            live_model(workspace, f"{word} {tag}", run=run) for word in ("a", "b", "c", "d")
        )
        add_traffic(proposed, {0: 5, 1: 10})
        add_alert(proposed, ("critical", "warning", "info")[place % 3])
        add_decision(proposed, "consider_soon", "open")
        add_canary(waiting)
        add_failed_retraining(failed)
        add_trial(tried)
        add_failed_run(workspace, f"broken {tag}", dataset=run.dataset)
        scenes.running_run(workspace, dataset=run.dataset)
        add_failing_channel(workspace)
        add_search(workspace)
        add_drill(workspace)
        add_draft(workspace)
