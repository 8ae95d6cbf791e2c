"""How many of a model's lists have a last place that is drawn, so that the log knows with what chance items were shown.

Serving draws (``mlopspro/serving/exploration.py``); here the share is set, by the rules of every change to a model.
"""

from __future__ import annotations

import math

from django.db import transaction
from django.utils import timezone

from experiments.learning.families import Family
from experiments.models import RegisteredModel
from experiments.models.job import JobStateError
from experiments.services import registry
from experiments.services.model_fields import cleaned_note
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit


def change_exploration(
    model: RegisteredModel, share: float, *, actor: User | None, reason: str = ""
) -> RegisteredModel:
    """``share`` of the champion's lists, 0 to 1, reaches every process within two seconds.

    Raises Refused (fields share, model, reason), JobStateError where the model is archived.
    """
    problems = []
    if not (math.isfinite(share) and 0 <= share <= 1):
        problems.append(Problem("share", f"{share:g} is not accepted; a share from 0 to 1 is (0.1 is 10 % of lists)"))
    if Family(model.family).is_tabular:
        problems.append(Problem("model", f"{model.name} answers rows of tables; only lists have a place to draw"))
    reason = cleaned_note(reason, "reason")
    if problems:
        raise Refused(problems)
    with transaction.atomic():
        locked = registry.lock(model)
        if locked.archived_at is not None:
            raise JobStateError(f"{locked.name} is archived; restore it first.")
        before = locked.exploration
        if before == share:
            return locked
        locked.exploration, locked.updated_at = share, timezone.now()
        locked.save(update_fields=["exploration", "updated_at"])
        audit.record(
            action="change_exploration", actor=actor, workspace=locked.workspace, obj=locked,
            before={"exploration": before}, after={"exploration": share}, reason=reason,
        )  # fmt: skip
    return locked
