"""What lists of runs filter and sort by, written beside the run itself."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypedDict

from experiments.models import Experiment, ParameterValue

TEXT_LENGTH = 500
NAME_LENGTH = 250


class ParameterRow(TypedDict):
    name: str
    text: str
    number: float | None


def parameter_rows(parameters: Mapping[str, Any]) -> list[ParameterRow]:
    """One row a parameter: as text, and as a number where it is a finite one. Objects and lists are text (JSON)."""
    return [
        {"name": name[:NAME_LENGTH], "text": _text(value)[:TEXT_LENGTH], "number": _number(value)}
        for name, value in parameters.items()
    ]


def write_parameters(run: Experiment) -> None:
    """Replaces the run's rows by what its parameters say now; inside the caller's transaction."""
    ParameterValue.objects.filter(experiment=run).delete()
    ParameterValue.objects.bulk_create(
        ParameterValue(workspace_id=run.workspace_id, experiment=run, **row) for row in parameter_rows(run.parameters)
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _number(value: Any) -> float | None:
    """Text that reads as a number counts: trackers keep every parameter as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
