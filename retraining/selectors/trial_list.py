"""All trials of a workspace, or of a model, as rows of a list; and where a new one can begin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils import timezone

from experiments.models import Deployment, RegisteredModel, Stage
from mlopspro.accounts.models import Workspace
from retraining.models import Trial
from retraining.selectors import trials
from retraining.selectors.trial_verdict import Progress, Said, progress, said, state_of
from retraining.services.trial_metrics import MetricSpec, spec_of

MOST = 200
OF_A_MODEL = 10
_ORDER = {Trial.State.RUNNING: 0, Trial.State.DRAFT: 1, Trial.State.ENDED: 2}
OPEN = (Stage.DEVELOPMENT, Stage.STAGING)


@dataclass(frozen=True)
class Row:
    """``versions``: "1.1.0 against 1.0.0"."""

    trial: Trial
    state: dict[str, str]
    said: Said
    progress: Progress
    metric: MetricSpec
    versions: str

    @property
    def users(self) -> int:
        return self.progress.users


def rows(workspace: Workspace) -> list[Row]:
    """Running ones first, then drafts, then what has ended; the newest first in each."""
    return _rows(trials.of_workspace(workspace)[:MOST])


def of_model(model: RegisteredModel) -> list[Row]:
    return _rows(trials.of_model(model)[:OF_A_MODEL])


def can_try(model: RegisteredModel) -> bool:
    """Whether a version waits beside production. One query."""
    return model.versions.filter(stage__in=OPEN).exists()


def models(workspace: Workspace) -> list[RegisteredModel]:
    """In production, with a version beside it that could be tried. One query."""
    live = Deployment.objects.filter(ended_at__isnull=True, role=Deployment.As.CHAMPION)
    found = RegisteredModel.objects.filter(
        workspace=workspace, archived_at__isnull=True, pk__in=live.values("model")
    ).annotate(waiting=Count("versions", filter=Q(versions__stage__in=OPEN)))
    return list(found.filter(waiting__gt=0).order_by("name")[:MOST])


def _rows(found: Iterable[Trial]) -> list[Row]:
    made = [_row(one) for one in found]
    return sorted(made, key=lambda one: _ORDER[Trial.State(one.trial.state)])


def _row(trial: Trial) -> Row:
    control = next((one.version.number for one in trial.arms.all() if one.is_control), "")
    variants = ", ".join(one.version.number for one in trial.arms.all() if not one.is_control)
    versions = f"{variants} against {control}" if control else variants
    verdict = trial.verdict
    far = progress(trial, verdict, timezone.now())
    return Row(trial, state_of(trial), said(trial, verdict, control), far, spec_of(trial.metric), versions)
