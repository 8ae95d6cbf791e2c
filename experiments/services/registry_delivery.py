"""Takes what MLflow's registry is to be told there: in order a model, each message once in effect, after any outage.

One worker at a time delivers a model. What a message asks for is brought about with whatever it needs (the registered
model, the version), so a message that is delivered twice, or a registry that was lost, mends by itself. A version waits
for its run's mirror, as MLflow links the two. Breaker and pauses are those of the runs' mirrors.
"""

from __future__ import annotations

import time
import uuid

import structlog
from django.conf import settings
from django.db import Error as DatabaseProblem
from django.db.models import Min
from django.utils import timezone

from experiments.models import ModelVersion, OutboxEntry, RegisteredModel, RegistryMessage, TrackerName, TrackerRun
from experiments.services import breaker, locks, outbox
from experiments.services.registry_outbox import ALIAS, DESCRIBE, REGISTER, UNALIAS, wanted_name
from experiments.services.trackers import trackers
from experiments.tracking.mlflow_errors import as_tracker_errors
from experiments.tracking.mlflow_registry import MlflowRegistry, ModelRef, SourceGone, VersionRef
from experiments.tracking.mlflow_tracker import MlflowTracker
from experiments.tracking.protocol import MessageRefused, TrackerError, TrackerUnavailable
from mlopspro.core.logs import scrub_text

log = structlog.get_logger(__name__)
MODELS_PER_PASS = 100


class _Waits(TrackerError):
    """The run's mirror is not complete yet; the model's turn comes again with the next delivery."""


def deliver_waiting(seconds: float, *, model: uuid.UUID | None = None, using: MlflowTracker | None = None) -> int:
    """Delivers what waits, for at most about ``seconds``; returns the number of messages dealt with.

    Safe to run anywhere, at any time, at once. ``model`` limits it to one model; ``using`` gives another MLflow.
    """
    tracker = using or _mlflow()
    if tracker is None or not tracker.is_available:
        return 0
    due = _waiting(model)
    if not due or not breaker.allows(tracker.key):
        return 0
    deadline, done = time.monotonic() + seconds, 0
    try:
        for pk in due:
            done += _deliver_model(tracker, pk, deadline)
            if time.monotonic() >= deadline:
                break
    except TrackerUnavailable as error:
        breaker.failed(tracker.key, str(error))
        log.warning("tracker unavailable", tracker=tracker.key, reason=str(error))
    return done


def waiting() -> int:
    """Messages that could be delivered: none where no MLflow is set up."""
    tracker = _mlflow()
    if tracker is None or not tracker.is_available:
        return 0
    return RegistryMessage.objects.filter(delivered_at__isnull=True).count()


def retry_now(model: RegisteredModel) -> None:
    """Has this model tried at the next delivery, whatever pauses were due."""
    RegistryMessage.objects.filter(model=model, delivered_at__isnull=True).update(retry_at=None)
    breaker.try_now(TrackerName.MLFLOW)


def _mlflow() -> MlflowTracker | None:
    found = trackers().get(TrackerName.MLFLOW)
    return found if isinstance(found, MlflowTracker) else None


def _waiting(model: uuid.UUID | None) -> list[uuid.UUID]:
    """Models with something to tell and no pause due, the longest waiting first."""
    rows = RegistryMessage.objects.filter(delivered_at__isnull=True)
    if model is not None:
        rows = rows.filter(model=model)
    paused = rows.filter(retry_at__gt=timezone.now()).values("model")
    found = rows.exclude(model__in=paused).values("model").annotate(first=Min("pk")).order_by("first")
    return [row["model"] for row in found[:MODELS_PER_PASS]]


def _deliver_model(tracker: MlflowTracker, pk: uuid.UUID, deadline: float) -> int:
    """Its messages in order, until one has to wait."""
    done = 0
    with locks.held(locks.REGISTERED_MODEL, pk.int) as got:
        model = RegisteredModel.objects.select_related("workspace", "recipe").filter(pk=pk).first() if got else None
        if model is None:
            return 0
        for message in list(RegistryMessage.objects.filter(model=model, delivered_at__isnull=True).order_by("pk")):
            if not _deliver(tracker, model, message):
                break
            done += 1
            if time.monotonic() >= deadline:
                break
    return done


def _deliver(tracker: MlflowTracker, model: RegisteredModel, message: RegistryMessage) -> bool:
    """Whether it is dealt with. TrackerUnavailable is passed on."""
    try:
        with as_tracker_errors():
            name = _bring_about(MlflowRegistry(tracker.client), model, message)
    except (TrackerUnavailable, DatabaseProblem):
        raise
    except _Waits:
        return False
    except MessageRefused as refusal:
        log.warning("registry message refused", model=str(model.pk), kind=message.kind, reason=str(refusal))
        _mark(message, last_error=str(refusal))
        return True
    except SourceGone as error:
        _tell_run_again(message)
        _put_off(message, str(error))
    except TrackerError as error:
        _put_off(message, str(error))
    except Exception:  # whatever one model's message does, the others are told
        log.exception("registry delivery failed", model=str(model.pk), kind=message.kind)
        _put_off(message, "An unexpected error, which is in the worker's log.")
    else:
        _mark(message, name=name)
        breaker.succeeded(tracker.key)
        return True
    # It did answer, if only about this model.
    breaker.succeeded(tracker.key)
    return False


def _bring_about(registry: MlflowRegistry, model: RegisteredModel, message: RegistryMessage) -> str:
    """Returns what MLflow calls the model."""
    ref = _model_ref(model)
    version = _version_ref(message) if message.kind in (REGISTER, ALIAS) else None
    found = registry.ensure_model(ref)
    if found.new and _was_told(model, message):
        _from_the_beginning(model, message)
        raise _Waits
    if version is not None and message.kind == REGISTER:
        registry.ensure_version(found.name, version)
    elif version is not None:
        registry.set_alias(found.name, str(message.payload["alias"]), version)
    elif message.kind == UNALIAS:
        registry.delete_alias(found.name, str(message.payload["alias"]))
    elif message.kind == DESCRIBE:
        registry.describe(found.name, ref)
    else:
        raise MessageRefused(f"A message of the kind {message.kind!r} is not known")
    return found.name


def _was_told(model: RegisteredModel, message: RegistryMessage) -> bool:
    return RegistryMessage.objects.filter(model=model, pk__lt=message.pk, delivered_at__isnull=False).exists()


def _from_the_beginning(model: RegisteredModel, message: RegistryMessage) -> None:
    """MLflow lost the model (its database was replaced, or somebody deleted it): it is told everything again."""
    log.warning("the registry lost a model, telling it again", model=str(model.pk))
    RegistryMessage.objects.filter(model=model, pk__lt=message.pk).update(delivered_at=None, retry_at=None)


def _model_ref(model: RegisteredModel) -> ModelRef:
    name = wanted_name(model)
    tags = {
        "mlopspro.workspace": model.workspace.slug,
        "mlopspro.family": model.family,
        "mlopspro.recipe": model.recipe.name if model.recipe is not None else "",
        "mlopspro.tags": ", ".join(model.tags),
        "mlopspro.link": _link(f"/models/{model.pk}/"),
    }
    return ModelRef(
        model_id=str(model.pk),
        name=name,
        other_name=f"{name[:240]}-{model.pk.hex[:8]}",
        description=scrub_text(model.description)[:5000],
        tags={key: scrub_text(value)[:5000] for key, value in tags.items() if value},
    )


def _version_ref(message: RegistryMessage) -> VersionRef:
    """Raises _Waits while the run's mirror is on its way."""
    rows = ModelVersion.objects.select_related("model", "dataset", "experiment", "recipe_version__recipe")
    version = rows.get(pk=message.payload["version"])
    recipe = version.recipe_version
    tags = {
        "mlopspro.experiment_id": str(version.experiment_id),
        "mlopspro.architecture": version.architecture,
        "mlopspro.dataset_sha256": version.dataset_sha256,
        "mlopspro.config_hash": version.config_hash,
        "mlopspro.recipe": f"{recipe.recipe.name} {recipe.number}" if recipe is not None else "",
        "mlopspro.link": _link(f"/models/{version.model_id}/versions/{version.pk}/"),
    }
    return VersionRef(
        version_id=str(version.pk),
        number=version.number,
        run_id=_mirrored_run(version),
        source=f"mlopspro://models/{version.model_id}/versions/{version.pk}",
        description=scrub_text(version.notes)[:5000],
        tags={key: scrub_text(value)[:5000] for key, value in tags.items() if value},
    )


def _mirrored_run(version: ModelVersion) -> str:
    """Its run's id in MLflow; empty where the run has no mirror there, or MLflow would not have it."""
    mirror = TrackerRun.objects.filter(experiment=version.experiment_id, tracker=TrackerName.MLFLOW).first()
    if mirror is None:
        return ""
    if OutboxEntry.objects.filter(tracker_run=mirror, delivered_at__isnull=True).exists():
        raise _Waits
    return mirror.external_id


def _tell_run_again(message: RegistryMessage) -> None:
    """MLflow lost the version's run: it is mirrored anew, and the version waits for that."""
    version = ModelVersion.objects.get(pk=message.payload["version"])
    for mirror in TrackerRun.objects.filter(experiment=version.experiment_id, tracker=TrackerName.MLFLOW):
        outbox.rebuild(mirror, forget=True)


def _link(path: str) -> str:
    public_url = str(settings.PUBLIC_URL).rstrip("/")
    return f"{public_url}{path}" if public_url else ""


def _mark(message: RegistryMessage, *, name: str = "", last_error: str = "") -> None:
    payload = message.payload | ({"name": name} if name else {})
    RegistryMessage.objects.filter(pk=message.pk).update(
        payload=payload, delivered_at=timezone.now(), failures=0, retry_at=None, last_error=last_error
    )


def _put_off(message: RegistryMessage, reason: str) -> None:
    failures = message.failures + 1
    retry_at = timezone.now() + breaker.pause_after(failures)
    RegistryMessage.objects.filter(pk=message.pk).update(failures=failures, retry_at=retry_at, last_error=reason)
