"""Who else answers beside the version in production: challengers with a share of the users, shadows that only listen,
and versions whose lists are interleaved with the champion's.

Rows of Deployment are closed and opened, never edited, so that who answered whom at a moment can always be told. The
shares of challengers and interleaved versions sum to 1 at most; the champion has the rest, and its own row says 1
throughout. How users are divided by these shares, ``mlopspro.serving.traffic`` says.
"""

from __future__ import annotations

import datetime as dt
import math

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from experiments.learning.families import Family
from experiments.models import Deployment, ModelVersion, RegisteredModel, Stage
from experiments.models.job import JobStateError
from experiments.services import registry
from experiments.services.deployments import champion
from experiments.services.model_fields import cleaned_note
from experiments.services.spec import Problem, Refused
from experiments.services.version_files import verify_files
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit

CHALLENGER, SHADOW, INTERLEAVED = Deployment.As.CHALLENGER, Deployment.As.SHADOW, Deployment.As.INTERLEAVED
BESIDE = (CHALLENGER, SHADOW, INTERLEAVED)
SHARING = (CHALLENGER, INTERLEAVED)
"""Roles that take users from the champion."""
LONGEST_SALT = 40
LEAST_SHARE = 0.001
ROUNDING = 1e-9


def running(model: RegisteredModel) -> QuerySet[Deployment]:
    """What answers now, in every role, the longest running first."""
    rows = Deployment.objects.filter(model=model, ended_at__isnull=True).select_related("version__model", "started_by")
    return rows.order_by("started_at", "id")


def deploy(
    version: ModelVersion, *, role: str, share: float, actor: User | None, reason: str = "", salt: str = ""
) -> Deployment:
    """A version in staging begins to answer beside the champion.

    ``share``: of the users, above 0 and up to 1; of a shadow, whose answers it is asked for as well. ``salt``: users
    are drawn by it; left out, as they are drawn now. Raises Refused (fields role, version, share, reason, salt),
    JobStateError where it answers already, nothing is in production, or the model is archived.
    """
    problems = _checked(role, share, version.model, salt)
    reason = cleaned_note(reason, "reason")
    problems += [Problem("version", f"{version.number} cannot be loaded. {one}") for one in verify_files(version)]
    if problems:
        raise Refused(problems)
    with transaction.atomic():
        model = registry.lock(version.model)
        locked = _startable(model, version)
        _require_room(model, role, share)
        made = Deployment.objects.create(
            model=model, version=locked, role=role, share=share, salt=_common_salt(model, role, salt),
            started_at=timezone.now(), started_by=actor, reason=reason,
        )  # fmt: skip
        _audit("start_deployment", made, actor, after=_told(made), reason=reason)
    return made


def change_share(deployment: Deployment, share: float, *, actor: User | None, reason: str = "") -> Deployment:
    """The same version with another share, from now on, as a row of its own. Raises as :func:`deploy` does."""
    problems = _checked(deployment.role, share, deployment.model)
    reason = cleaned_note(reason, "reason")
    if problems:
        raise Refused(problems)
    with transaction.atomic():
        model = registry.lock(deployment.model)
        old = _still_running(deployment)
        if old.share == share:
            return old
        _require_room(model, old.role, share, besides=old)
        at = _close(old, timezone.now(), actor)
        made = Deployment.objects.create(
            model=model, version=old.version, role=old.role, share=share, salt=old.salt, started_at=at,
            started_by=actor, reason=reason,
        )  # fmt: skip
        _audit("change_traffic", made, actor, before=_told(old), after=_told(made), reason=reason)
    return made


def end(deployment: Deployment, *, actor: User | None, reason: str = "") -> Deployment:
    """A version beside the champion stops; its users go back to the champion. Raises Refused for the champion,
    JobStateError where it has ended."""
    if deployment.role not in BESIDE:
        raise Refused([Problem("deployment", "the champion is replaced by promoting another version, not ended here")])
    reason = cleaned_note(reason, "reason")
    with transaction.atomic():
        registry.lock(deployment.model)
        running_now = _still_running(deployment)
        _close(running_now, timezone.now(), actor)
        _audit("end_deployment", running_now, actor, before=_told(running_now), reason=reason)
    return running_now


def follow_step(model: RegisteredModel, version: ModelVersion, *, at: dt.datetime, actor: User | None) -> None:
    """Ends what a step between stages ends, under the model's lock: a version that left staging answers no more beside
    the champion, and without a champion nobody does."""
    rows = running(model).filter(role__in=BESIDE)
    if champion(model) is not None:
        rows = rows.filter(version=version) if version.stage != Stage.STAGING else rows.none()
    for one in rows:
        _close(one, at, actor)
        why = f"{version.number} is in {version.state.label.lower()} now."
        _audit("end_deployment", one, actor, before=_told(one), reason=why)


def champion_share(rows: list[Deployment]) -> float:
    """What the others among running deployments leave the champion alone, 0 to 1."""
    return max(0.0, 1.0 - math.fsum(one.share for one in rows if one.role in SHARING))


def _checked(role: str, share: float, model: RegisteredModel, salt: str = "") -> list[Problem]:
    problems = []
    if role not in BESIDE:
        problems.append(Problem("role", f"{role!r} is not accepted; challenger, shadow or interleaved is"))
    if role == INTERLEAVED and Family(model.family).is_tabular:
        words = f"only lists are interleaved, and {model.name} answers rows of tables; challenger or shadow is accepted"
        problems.append(Problem("role", words))
    if len(salt) > LONGEST_SALT:
        problems.append(Problem("salt", f"has {len(salt)} characters; up to {LONGEST_SALT} are accepted"))
    if not (math.isfinite(share) and LEAST_SHARE <= share <= 1):
        problems.append(
            Problem("share", f"{share:g} is not accepted; a share from {LEAST_SHARE} to 1 is (0.1 is 10 %)")
        )
    return problems


def _startable(model: RegisteredModel, version: ModelVersion) -> ModelVersion:
    """The version as it is under the lock, if it may begin to answer."""
    locked = ModelVersion.objects.select_related("model").get(pk=version.pk)
    if model.archived_at is not None:
        raise JobStateError(f"{model.name} is archived; restore it first.")
    if champion(model) is None:
        raise JobStateError(f"No version of {model.name} is in production, so nothing can answer beside it.")
    if locked.stage != Stage.STAGING:
        raise JobStateError(
            f"{locked.number} is in {locked.state.label.lower()}; versions in staging can answer beside."
        )
    if found := Deployment.objects.filter(version=locked, ended_at__isnull=True).first():
        raise JobStateError(f"{locked.number} answers as {found.get_role_display().lower()} already; end that first.")
    return locked


def _require_room(model: RegisteredModel, role: str, share: float, besides: Deployment | None = None) -> None:
    """The shares of those who take users from the champion sum to 1 at most."""
    if role not in SHARING:
        return
    others = running(model).filter(role__in=SHARING)
    taken = math.fsum(one.share for one in others if besides is None or one.pk != besides.pk)
    if taken + share > 1 + ROUNDING:
        raise Refused([Problem("share", f"{share:.3g} is too much; other versions have {taken:.3g}, so up to "
                                        f"{max(0.0, 1 - taken):.3g} is accepted")])  # fmt: skip


def _common_salt(model: RegisteredModel, role: str, salt: str) -> str:
    """The salt of a new row: users are drawn by one salt for all, so it is that of the rows that run already."""
    if role not in SHARING:
        return salt
    known = list(running(model).filter(role__in=SHARING).values_list("salt", flat=True))
    drawn_by = next((one for one in known if one), "")
    if salt and known and salt != drawn_by:
        raise Refused([Problem("salt", f"{salt!r} would draw the users of versions that answer already anew; end those "
                                       "first, or leave it out")])  # fmt: skip
    return salt or drawn_by


def _still_running(deployment: Deployment) -> Deployment:
    found = Deployment.objects.select_related("version__model").get(pk=deployment.pk)
    if found.ended_at is not None:
        raise JobStateError(f"This changed meanwhile: {found.version.number} stopped being {found.role} of this model.")
    return found


def _close(one: Deployment, at: dt.datetime, actor: User | None) -> dt.datetime:
    """Ends a row; its end is its start where the clock went back since."""
    one.ended_at, one.ended_by = max(at, one.started_at), actor
    one.save(update_fields=["ended_at", "ended_by"])
    return one.ended_at


def _told(one: Deployment) -> dict[str, object]:
    return {"version": one.version.number, "role": one.role, "share": one.share}


def _audit(
    action: str,
    one: Deployment,
    actor: User | None,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
    reason: str = "",
) -> None:
    audit.record(
        action=action, actor=actor, workspace=one.model.workspace, obj=one.version, before=before, after=after,
        reason=reason,
    )  # fmt: skip
