"""What an error of MLflow's client means for a delivery. Imports no MLflow: it looks at shape and cause."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from experiments.tracking.protocol import DeliveryFailed, MessageRefused, RunGone, TrackerError, TrackerUnavailable

NOT_FOUND = "RESOURCE_DOES_NOT_EXIST"
EXISTS = "RESOURCE_ALREADY_EXISTS"
_REFUSALS = frozenset({"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "INVALID_STATE", "MALFORMED_REQUEST", EXISTS})
_CREDENTIALS = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED"})
_NO_MLFLOW = frozenset({"ENDPOINT_NOT_FOUND", "NOT_FOUND", "FEATURE_DISABLED", "NOT_IMPLEMENTED"})
_LONGEST = 300


def cause_of(error: BaseException) -> requests.RequestException | None:
    """The failed HTTP request behind an error of the client, if there is one."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, requests.RequestException):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def code_of(error: BaseException) -> str:
    """MLflow's own error code, or an empty text."""
    return str(getattr(error, "error_code", ""))


def translated(error: Exception) -> TrackerError:
    """The TrackerError that says what to do about it."""
    request = cause_of(error)
    if isinstance(request, requests.exceptions.RetryError):
        # Answered 429 or 5xx. A 500 may be about this one run; the others are about the server or what is before it.
        kind = DeliveryFailed if "too many 500" in str(request) else TrackerUnavailable
        return kind(f"MLflow answered with an error: {_short(request)}")
    if isinstance(request, requests.Timeout) or "timed out" in str(request):
        return TrackerUnavailable("MLflow does not answer in time")
    if request is not None:
        return TrackerUnavailable("MLflow cannot be reached")
    code = code_of(error)
    if code == NOT_FOUND:
        return RunGone("MLflow does not know this run any more")
    if code in _REFUSALS:
        return MessageRefused(f"MLflow refused it: {_short(error)}")
    if code in _CREDENTIALS:
        return TrackerUnavailable(f"MLflow refused the credentials: {_short(error)}")
    if code in _NO_MLFLOW:
        return TrackerUnavailable(f"No MLflow server answers at this address: {_short(error)}")
    return DeliveryFailed(f"MLflow: {_short(error)}")


@contextmanager
def as_tracker_errors() -> Iterator[None]:
    """Turns every error but a TrackerError into the TrackerError it means."""
    try:
        yield
    except TrackerError:
        raise
    except Exception as error:
        raise translated(error) from error


def _short(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:_LONGEST]
