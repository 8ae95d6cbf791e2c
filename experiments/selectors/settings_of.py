"""With what a run was made: every setting under its title, in the order of the form, and what was changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticUndefined

from experiments.learning import architectures
from experiments.models import Experiment
from experiments.services.spec import SplitChoice

PHASES = ("read", "train", "evaluate", "save")


@dataclass(frozen=True)
class Setting:
    label: str
    value: Any
    default: Any = None

    @property
    def changed(self) -> bool:
        return self.default is not None and self.value != self.default


def settings_of(run: Experiment) -> list[Setting]:
    """Hyperparameters, seed and split. Those of an architecture that is gone stand under their plain names."""
    architecture = architectures.find(run.architecture)
    fields = architecture.parameters.model_fields if architecture else {}
    rows = []
    for name in sorted(run.parameters, key=lambda key: list(fields).index(key) if key in fields else len(fields)):
        info = fields.get(name)
        default = None if info is None or info.default is PydanticUndefined else info.default
        rows.append(Setting((info and info.title) or name, run.parameters[name], default))
    rows.append(Setting("Seed", run.seed))
    for name, info in SplitChoice.model_fields.items():
        if name in run.split:
            rows.append(Setting(info.title or name, run.split[name]))
    return rows


def timings_of(run: Experiment) -> list[tuple[str, float]]:
    """Seconds of each phase in the order in which they happen."""
    return sorted(run.timings.items(), key=lambda pair: PHASES.index(pair[0]) if pair[0] in PHASES else len(PHASES))
