"""The estimate from logged traffic beside the gate: kept with its step, deciding nothing, and never in the way."""

from __future__ import annotations

from dataclasses import asdict

import structlog

from experiments.learning.families import Family
from experiments.models import ModelVersion
from retraining.models import Retraining, RetrainingStep
from retraining.services import off_policy, steps

SECONDS = 10.0
log = structlog.get_logger(__name__)


def keep(row: Retraining, step: RetrainingStep, version: ModelVersion) -> None:
    """Once a step: what the log says of the new version, {} of models on tables or where that failed."""
    if "off_policy" in step.evidence:
        return
    found = {}
    if not Family(version.model.family).is_tabular:
        try:
            found = asdict(off_policy.estimate(version, seconds=SECONDS))
        except Exception as error:  # a hint that cannot be had stops no retraining
            log.warning("no estimate from logged traffic", retraining=str(row.pk), error=str(error))
    with steps.locked(row):
        steps.note(step, step.sentence, {"off_policy": found})
