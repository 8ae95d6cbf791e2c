"""Every table of this app in the Django admin; one file a part of the product, imported here."""

from experiments.admin import chat, datasets, recipes, registry, runs, searches, tracking

__all__ = ["chat", "datasets", "recipes", "registry", "runs", "searches", "tracking"]
