"""How the tour ended, in one sentence with its figures."""

from __future__ import annotations

from typing import Any

from mlopspro.core.formats import metric


def story(facts: dict[str, Any]) -> str:
    """From the facts of a tour whose steps are done."""
    return (
        f"Live NDCG@10 fell from {metric(facts['before'])} to {metric(facts['fallen'])}. The alert opened after "
        f"{facts['alert_after']:.0f} s, the model was trained again, judged and promoted step by step in "
        f"{facts['retrained_in']:.0f} s, and quality recovered to {metric(facts['after'])}. Nobody touched it."
    )
