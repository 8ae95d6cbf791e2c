"""A queued run carried out as a worker's child does it, whatever its end."""

from __future__ import annotations

from experiments.jobs import attempt
from experiments.jobs.lifecycle import claim
from experiments.models import Experiment


def carried_out(run: Experiment) -> Experiment:
    """The run at its end: completed, or failed with its reason."""
    lease = claim(Experiment.KIND, run.pk)
    assert lease is not None
    attempt.carry_out(attempt.open_context(lease), when_fenced=lambda: None)
    return Experiment.objects.select_related("dataset", "workspace").get(pk=run.pk)
