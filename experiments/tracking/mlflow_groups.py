"""MLflow's experiments, which group runs; called groups here, as an experiment of ours is one run."""

from __future__ import annotations

from typing import Any

from experiments.tracking.mlflow_errors import EXISTS, code_of


def ensured(client: Any, name: str) -> str:
    """The id of the group, made where it is missing, also by another process at this moment, and active again."""
    known = client.get_experiment_by_name(name)
    if known is None:
        try:
            return str(client.create_experiment(name, tags={"mlopspro.purpose": name}))
        except Exception as error:
            if code_of(error) != EXISTS:
                raise
            known = client.get_experiment_by_name(name)
    if known.lifecycle_stage != "active":
        client.restore_experiment(known.experiment_id)
    return str(known.experiment_id)
