"""Every table of this app in the Django admin; one file a part of the product, imported here."""

from experiments.admin import datasets, recipes, runs, tracking

__all__ = ["datasets", "recipes", "runs", "tracking"]
