"""``serving.safetensors`` of a version: what answering needs beyond the model, made once from the version's dataset.

Made when a version of a small dataset is registered, else by whoever loads it first (a thread, never a request) or by
``manage.py prepare_serving``. It is a file of the version like any other: its SHA-256 is recorded, it appears as a
whole or not at all, and it is verified whenever it is mapped.
"""

from __future__ import annotations

import time

import structlog
from django.db import transaction
from safetensors.numpy import save as save_tensors

from experiments.learning import atomic
from experiments.learning.data.errors import DatasetError
from experiments.learning.data.splits import split
from experiments.learning.families import Family
from experiments.learning.metrics.settings import relevance_threshold
from experiments.learning.recommenders.catalogue import Catalogue
from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.models import ModelFile, ModelVersion
from experiments.services import locks
from experiments.services.runs.recommenders import read, settings_of
from experiments.services.spec import split_spec

SERVING_FILE = "serving.safetensors"
KIND = "serving"
AT_REGISTRATION = 300_000
"""Interactions up to which a version is prepared while it is registered: well below a second."""
PATIENCE_SECONDS = 600.0
log = structlog.get_logger(__name__)


class CannotPrepare(Exception):
    """Why the file cannot be made, in words for people."""


def needs(version: ModelVersion) -> bool:
    """Recommenders do; models on tables answer from their own files."""
    return not Family(version.model.family).is_tabular


def serving_file(version: ModelVersion) -> ModelFile | None:
    return ModelFile.objects.filter(version=version, name=SERVING_FILE).first()


def prepare(version: ModelVersion, *, again: bool = False) -> ModelFile | None:
    """The version's file, made where there is none, or with ``again`` in any case; None where it needs none.

    Of several processes one makes it and the others wait. Raises CannotPrepare where the dataset cannot be read.
    """
    if not needs(version):
        return None
    found = None if again else serving_file(version)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while found is None:
        with locks.held(locks.SERVING_FILE, version.pk.int) as mine:
            if mine:
                found = None if again else serving_file(version)
                return found or _make(version)
        if time.monotonic() > deadline:
            raise CannotPrepare("Another process has been preparing this version for ten minutes.")
        time.sleep(0.2)
        found = serving_file(version)
    return found


def prepare_small(version: ModelVersion) -> None:
    """At registration. What goes wrong is logged and tried again by whoever serves the version."""
    if not needs(version) or version.dataset.num_interactions > AT_REGISTRATION:
        return
    try:
        prepare(version)
    except CannotPrepare as error:
        log.info("version not prepared for serving", version=str(version.pk), reason=str(error))


def catalogue_of(version: ModelVersion) -> Catalogue:
    """From the dataset, the split and the relevance rule that the version was made with. Raises CannotPrepare."""
    run = version.experiment
    try:
        interactions = read(run)
        relevant_from = None
        if interactions.feedback == "explicit" and interactions.scale:
            relevant_from = relevance_threshold(settings_of(run).relevant_from, interactions.scale)
        return Catalogue.of(interactions, split(interactions, split_spec(run.split)), relevant_from)
    except (DatasetError, ScorerError) as error:
        raise CannotPrepare(str(error)) from error


def _make(version: ModelVersion) -> ModelFile:
    catalogue = catalogue_of(version)
    content = save_tensors(catalogue.arrays(), catalogue.metadata())
    path = version.path / SERVING_FILE
    try:
        digest = atomic.write_bytes(path, content)
    except OSError as error:
        raise CannotPrepare(f"{SERVING_FILE} could not be written: {error.strerror or error}.") from error
    with transaction.atomic():
        made, _ = ModelFile.objects.update_or_create(
            version=version,
            name=SERVING_FILE,
            defaults={
                "kind": KIND,
                "path": f"{version.folder}/{SERVING_FILE}",
                "size_bytes": len(content),
                "sha256": digest,
            },
        )
    return made
