"""The steps of the tour in order, one a file. Each does what a person would do, or waits for what the product does."""

from __future__ import annotations

from mlopspro.tour.scene import Step
from mlopspro.tour.steps import (
    agree,
    alert,
    canary,
    change,
    compare,
    data,
    decision,
    gate,
    past,
    promote,
    recovery,
    register,
    retrain,
    train,
    visitors,
)

STEPS: tuple[Step, ...] = (
    data.STEP,
    train.STEP,
    compare.STEP,
    register.STEP,
    promote.STEP,
    agree.STEP,
    past.STEP,
    visitors.STEP,
    change.STEP,
    alert.STEP,
    decision.STEP,
    retrain.STEP,
    gate.STEP,
    canary.STEP,
    recovery.STEP,
)
