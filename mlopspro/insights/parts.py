"""Parts of the product, as their use is counted. An address belongs to one part; nothing else of it is kept."""

from __future__ import annotations

from django.urls import ResolverMatch

WHOLE = "all"
"""All parts together, so that time with the product is not counted once a part."""
LABELS = {
    "home": "Home",
    "training": "Training",
    "experiments": "Experiments",
    "comparison": "Comparison",
    "data": "Data",
    "recipes": "Recipes",
    "registry": "Registry",
    "serving": "Serving",
    "monitoring": "Monitoring",
    "alerts": "Alerts",
    "retraining": "Retraining",
    "trials": "Trials",
    "insights": "Insights",
    "assistant": "Assistant",
    "tour": "Tour",
    "settings": "Settings",
}
_BEGINNINGS = {
    "experiments": (
        ("compar", "comparison"),
        ("dataset", "data"),
        ("import", "data"),
        ("model", "registry"),
        ("recipe", "recipes"),
        ("assistant", "assistant"),
        ("training", "training"),
        ("search", "training"),
        ("", "experiments"),
    ),
    "insights": (("home", "home"), ("", "insights")),
    "monitoring": (("alert", "alerts"), ("channel", "alerts"), ("", "monitoring")),
    "retraining": (("trial", "trials"), ("", "retraining")),
    "serving": (("", "serving"),),
    "tour": (("", "tour"),),
}


def part_of(match: ResolverMatch) -> str:
    """By namespace and name of the route; what is of no part of the product is "settings"."""
    name = match.url_name or ""
    for beginning, part in _BEGINNINGS.get(match.namespace, ()):
        if name.startswith(beginning):
            return part
    return "settings"
