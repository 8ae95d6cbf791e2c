"""From what the database says is live to versions that are mapped: load beside, keep what cannot be replaced.

A champion that cannot be loaded (a file is missing or damaged) leaves the version that answered before; a process that
has none yet takes the nearest former champion whose files are whole. Another version that cannot be loaded leaves its
users to the champion. All of it is said in ``problems`` and tried again every few seconds.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog
from django.conf import settings
from django.db import connection

from experiments.models import Deployment, ModelVersion
from experiments.services import serving_files
from experiments.services.deployments import former_champions
from mlopspro.serving.live import LiveModel, LoadedVersion, Variant
from mlopspro.serving.versions import CannotLoad, NotPrepared, ServedVersion, load
from monitoring.services.sources import source_of

AGAIN_SECONDS = 5.0
MOST_FORMER = 3
"""Former champions that are tried where the champion cannot be loaded."""
_CHAMPION, _CHALLENGER, _SHADOW = Deployment.As.CHAMPION, Deployment.As.CHALLENGER, Deployment.As.SHADOW
_INTERLEAVED = Deployment.As.INTERLEAVED
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Row:
    """A running deployment."""

    role: str
    share: float
    version_id: uuid.UUID
    model_id: uuid.UUID
    name: str
    family: str
    workspace_id: uuid.UUID
    salt: str
    exploration: float


@dataclass(frozen=True)
class _Failure:
    number: str
    problem: str
    again_at: float
    preparing: bool = False


class Loader:
    """``models``: by workspace and name; replaced as a whole, never changed in place. One thread looks at a time."""

    def __init__(self) -> None:
        self.models: Mapping[uuid.UUID, Mapping[str, LiveModel]] = {}
        self.looked = False
        self._rows: list[Row] | None = None
        self._versions: dict[uuid.UUID, ServedVersion] = {}
        self._failures: dict[uuid.UUID, _Failure] = {}
        self._preparing: set[uuid.UUID] = set()

    def look(self) -> None:
        """One query; more only where something changed. Raises what the database raises, and then changes nothing."""
        rows = _running()
        if rows == self._rows and not self._due() and not self._drop_damaged():
            return
        before = {model.id: model for models in self.models.values() for model in models.values()}
        self._failures = {key: one for key, one in self._failures.items() if one.again_at > time.monotonic()}
        of_models: dict[uuid.UUID, list[Row]] = {}
        for row in rows:
            of_models.setdefault(row.model_id, []).append(row)
        made: dict[uuid.UUID, dict[str, LiveModel]] = {}
        for model_id, mine in of_models.items():
            if any(row.role == _CHAMPION for row in mine):
                model = self._model(mine, before.get(model_id))
                made.setdefault(model.workspace_id, {})[model.name] = model
        self.models = made
        self._rows = rows
        self.looked = True
        used = {
            variant.version.id for models in made.values() for model in models.values() for variant in model.variants
        }
        self._versions = {key: one for key, one in self._versions.items() if key in used}

    def status(self) -> Iterator[LoadedVersion]:
        for models in list(self.models.values()):
            for model in models.values():
                for variant in model.variants:
                    one = variant.version
                    gone = ", ".join(one.gone())
                    problem = f"No longer on disk: {gone}. A process that starts now could not load it." if gone else ""
                    yield LoadedVersion(
                        model.workspace_id,
                        model.id,
                        model.name,
                        one.number,
                        variant.role,
                        one.loaded_at,
                        problem,
                        one.size,
                    )
                for words in model.problems:
                    number, _, problem = words.partition(": ")
                    yield LoadedVersion(model.workspace_id, model.id, model.name, number, "", None, problem)

    def _due(self) -> bool:
        """Whether something that failed is to be tried again."""
        now = time.monotonic()
        return any(one.again_at <= now for one in list(self._failures.values()))

    def _drop_damaged(self) -> bool:
        """Forgets versions whose files were written to in place: what is mapped of them is not what was verified."""
        damaged = [key for key, one in self._versions.items() if one.written_to()]
        for key in damaged:
            log.error("file of a live version was written to", version=str(key))
            del self._versions[key]
        return bool(damaged)

    def _model(self, rows: list[Row], before: LiveModel | None) -> LiveModel:
        wanted = next(row for row in rows if row.role == _CHAMPION)
        problems: list[str] = []
        champion = self._variant(wanted, problems) or self._instead(wanted, before)
        beside = [
            variant for row in rows if row.role != _CHAMPION and (variant := self._variant(row, problems)) is not None
        ]
        failure = self._failures.get(wanted.version_id)
        model = LiveModel(
            id=wanted.model_id,
            workspace_id=wanted.workspace_id,
            name=wanted.name,
            family=wanted.family,
            champion=champion,
            challengers=tuple(one for one in beside if one.role == _CHALLENGER),
            shadows=tuple(one for one in beside if one.role == _SHADOW),
            interleaved=tuple(one for one in beside if one.role == _INTERLEAVED),
            problems=tuple(problems),
            preparing=failure is not None and failure.preparing,
            exploration=wanted.exploration,
        )
        return replace(model, split=model.divided())

    def _variant(self, row: Row, problems: list[str]) -> Variant | None:
        """The row's version, loaded; None with a word in ``problems`` where that is not possible."""
        try:
            version, source = self._version(row.version_id, row.role)
        except CannotLoad as error:
            failure = self._failures[row.version_id]
            problems.append(f"{failure.number}: {error}")
            return None
        return Variant(row.role, row.share, version, source, salt=row.salt)

    def _instead(self, wanted: Row, before: LiveModel | None) -> Variant | None:
        """Who answers in the champion's place: who did until now, else a former champion."""
        number = self._failures[wanted.version_id].number
        if before is not None and before.champion is not None and before.champion.version.id in self._versions:
            return replace(before.champion, stands_in_for=number)
        model = ModelVersion.objects.select_related("model").get(pk=wanted.version_id).model
        for former in former_champions(model)[:MOST_FORMER]:
            try:
                version, source = self._version(former.pk, _CHAMPION)
            except CannotLoad:
                continue
            return Variant(_CHAMPION, 1.0, version, source, stands_in_for=number)
        return None

    def _version(self, version_id: uuid.UUID, role: str) -> tuple[ServedVersion, int]:
        """The version with the id of its source in this role. Raises CannotLoad, also for what failed a moment ago."""
        failed = self._failures.get(version_id)
        if failed is not None:
            raise CannotLoad(failed.problem)
        rows = ModelVersion.objects.select_related("model", "experiment__dataset", "dataset").prefetch_related("files")
        row = rows.get(pk=version_id)
        try:
            found = self._versions.get(version_id) or self._loaded(row)
        except CannotLoad as error:
            preparing = isinstance(error, NotPrepared)
            again = time.monotonic() + (0.0 if preparing else AGAIN_SECONDS)
            self._failures[version_id] = _Failure(row.number, str(error), again, preparing)
            log.warning("version not loaded", model=row.model.name, version=row.number, reason=str(error))
            raise
        self._versions[version_id] = found
        return found, source_of(model=row.model, version=row, role=role).pk

    def _loaded(self, row: ModelVersion) -> ServedVersion:
        try:
            return load(row)
        except NotPrepared:
            small = row.dataset.num_interactions <= serving_files.AT_REGISTRATION
            if not small and settings.SERVING_POLL_SECONDS:
                self._prepare_aside(row)
                raise NotPrepared("It is being prepared for serving, as nobody did so before.") from None
        try:
            serving_files.prepare(row)
        except serving_files.CannotPrepare as error:
            raise CannotLoad(str(error)) from error
        return load(ModelVersion.objects.select_related("model", "experiment", "dataset").get(pk=row.pk))

    def _prepare_aside(self, row: ModelVersion) -> None:
        """In a thread of its own, so that large data does not hold up what other models' users are waiting for."""
        if row.pk in self._preparing:
            return

        def work() -> None:
            try:
                serving_files.prepare(row)
            except Exception as error:  # said again with every look, as the file is still not there
                log.warning("version not prepared", version=str(row.pk), error=str(error))
                time.sleep(AGAIN_SECONDS)
            finally:
                self._preparing.discard(row.pk)
                with suppress(Exception):
                    connection.close()

        self._preparing.add(row.pk)
        threading.Thread(target=work, name="prepare for serving", daemon=True).start()


def _running() -> list[Row]:
    rows = Deployment.objects.filter(ended_at__isnull=True, model__archived_at__isnull=True).order_by("pk")
    told = rows.values_list(
        "role", "share", "version_id", "model_id", "model__name", "model__family", "model__workspace_id", "salt",
        "model__exploration",
    )  # fmt: skip
    return [Row(*row) for row in told]
