"""Verifying a version's files on request, with a trace of who did it and what was found."""

from __future__ import annotations

from experiments.models import ModelVersion
from experiments.services import registry
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit

VERIFIED = "verify_files"


def verify(version: ModelVersion, *, actor: User) -> list[str]:
    """Reads every file and compares its SHA-256; returns what is wrong, a sentence a file, and records the outcome."""
    problems = [str(problem) for problem in registry.verify_files(version)]
    audit.record(
        action=VERIFIED, actor=actor, workspace=version.model.workspace, obj=version, after={"problems": problems}
    )
    return problems
