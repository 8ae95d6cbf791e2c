"""The definition of each protocol as data, stored beside the numbers so that none is ever shown without it."""

from __future__ import annotations

from typing import Any

from experiments.learning.metrics.catalogue import CatalogueFindings
from experiments.learning.metrics.context import Context
from experiments.learning.metrics.rated_findings import RatedFindings

DEFINITION = "1"


def describe_catalogue(
    context: Context, findings: CatalogueFindings, test_users: int, threshold: float | None, unreachable: int
) -> dict[str, Any]:
    """Label, rule and counts of the catalogue protocol; ``unreachable`` relevant pairs were seen in training."""
    relevance = "every test interaction" if threshold is None else f"test rating of {threshold:g} or more"
    return {
        "definition": DEFINITION,
        "label": "catalogue",
        "summary": "Every item the user has not seen in training is ranked; test interactions should stand at the top.",
        "candidates": "all items outside the user's training and validation data",
        "relevance": relevance,
        "relevant_from": threshold,
        "ks": list(context.settings.ks),
        "headline_k": context.settings.headline_k,
        "users_counted": len(findings.users),
        "users_left_out": test_users - len(findings.users),
        "relevant_seen_in_training": unreachable,
        "random": "expected value of a random order, computed exactly; diversity from 500 random lists with a seed",
        "popularity": "most training users first",
        "oracle": "best any list could reach; an upper bound for coverage and diversity",
        "curves": "threshold is the length of every user's list",
    }


def describe_rated(
    context: Context, findings: RatedFindings, threshold: float, scale: tuple[float, float]
) -> dict[str, Any]:
    """Label, rule, cut and counts of the rated protocol."""
    return {
        "definition": DEFINITION,
        "label": "rated",
        "summary": (
            f"The user's own test items in order of predicted rating; recommended are those of the first "
            f"{context.settings.headline_k} with a prediction of {findings.cut.value:.3g} or more."
        ),
        "candidates": "the user's own test items",
        "relevance": f"test rating of {threshold:g} or more",
        "relevant_from": threshold,
        "scale": list(scale),
        "ks": [context.settings.headline_k],
        "headline_k": context.settings.headline_k,
        "cut": findings.cut.value,
        "cut_chosen_on": findings.cut.chosen_on,
        "cut_validation_f1": findings.cut.f1,
        "cut_validation_users": findings.cut.users,
        "popularity_cut": findings.popularity_cut.value,
        "users_counted": len(findings.users),
        "users_left_out": findings.left_out,
        "random": "random order with nothing cut off, which is the best a scorer without knowledge can do",
        "everything": "every test item recommended, the first k in no particular order",
        "popularity": "most training users first, with a cut on their number chosen on validation",
        "oracle": "relevant items first and nothing else recommended",
        "curves": "threshold is the cut on the predicted rating, list length aside",
    }


def describe_pointwise(test_ratings: int, test_users: int, scale: tuple[float, float]) -> dict[str, Any]:
    """Label and counts of the pointwise protocol."""
    return {
        "definition": DEFINITION,
        "label": "pointwise",
        "summary": f"Error over all test ratings, predictions clipped to {scale[0]:g} to {scale[1]:g}.",
        "candidates": "all test ratings",
        "scale": list(scale),
        "ratings": test_ratings,
        "users_counted": test_users,
        "users_left_out": 0,
        "popularity": "mean training rating of the item",
        "oracle": "no error",
    }
