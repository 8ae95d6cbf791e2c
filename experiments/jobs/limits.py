"""Bounds on what one attempt may take of the machine."""

from __future__ import annotations

import resource

from django.conf import settings


def limit_memory() -> None:
    """Caps the address space of this process where JOB_MEMORY_LIMIT_MB is set (Linux; macOS ignores it)."""
    if settings.JOB_MEMORY_LIMIT_MB:
        allowed = settings.JOB_MEMORY_LIMIT_MB * 1024 * 1024
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether TensorFlow or NumPy failed for want of memory; by name, as this must not import TensorFlow."""
    names = {cls.__name__ for cls in type(error).__mro__}
    return bool(names & {"ResourceExhaustedError", "MemoryError", "_ArrayMemoryError"})
