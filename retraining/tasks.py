"""Celery tasks of retraining: thin, safe to be delivered twice, safe to be killed anywhere."""

from __future__ import annotations

from celery import shared_task

from retraining.services import decisions, driver, trial_readings

ADVANCE_SECONDS = 8.0
READ_SECONDS = 20.0


@shared_task
def advance() -> int:
    """Open retrainings go as far as they can now; returns how many went on."""
    return driver.advance_open(ADVANCE_SECONDS)


@shared_task
def decide() -> int:
    """Policies of live models that are due are evaluated; returns how many retrainings were begun or proposed."""
    return decisions.decide_due().acted


@shared_task
def read_trials() -> int:
    """Running trials whose time has come are read and judged; returns how many."""
    return trial_readings.read_due(READ_SECONDS)
