"""Names as the trackers take them: metrics without ``@`` (decision D8), runs by model and time, keys that are legal."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

MAX_KEY_LENGTH = 250
"""MLflow's limit on the names of metrics, parameters and tags; W&B's is wider."""
DEFAULT_GROUPS = ("prediction", "training", "evaluation", "monitoring")
"""The four experiments every MLflow server is given (F54)."""
DEFAULT_WORKSPACE = "default"

_ILLEGAL = re.compile(r"[^\w\-./: ]")


def run_name(model: str, launched_at: dt.datetime) -> str:
    """``<model>-YYYYMMDD-HHMMSS`` in UTC (F46)."""
    return f"{model}-{launched_at.astimezone(dt.UTC):%Y%m%d-%H%M%S}"


def group_name(group: str, workspace_slug: str) -> str:
    """The MLflow experiment of a workspace: plain names for the default one, the others carry their slug."""
    return group if workspace_slug in ("", DEFAULT_WORKSPACE) else f"{group}-{workspace_slug}"


def metric_name(protocol: str, name: str, *, headline: bool) -> str:
    """Name of a final metric.

    The headline protocol's metrics are plain (``precision_at_10``, ``rmse``), any other's carry their protocol
    (``catalogue.ndcg_at_10``), so that no two protocols ever share a name.
    """
    return legal_key(name if headline else f"{protocol}.{name}")


def legal_key(name: str) -> str:
    """The name with ``@`` spelled ``_at_`` and everything else that a tracker refuses replaced by ``_``."""
    return _ILLEGAL.sub("_", name.replace("@", "_at_"))[:MAX_KEY_LENGTH].strip("/. ") or "unnamed"


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level of dotted keys: ``{"split": {"seed": 1}}`` → ``{"split.seed": 1}``."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{name}.")
        else:
            flat[legal_key(name)] = value
    return flat
