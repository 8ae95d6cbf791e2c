"""Addresses of the pages that show many runs at once."""

from django.urls import path

from experiments.views import dashboard, explore, explore_groups

urlpatterns = [
    path("experiments/scatter/", explore.scatter, name="explore_scatter"),
    path("experiments/parallel/", explore.parallel, name="explore_parallel"),
    path("experiments/groups/", explore_groups.groups, name="explore_groups"),
    path("metrics/", dashboard.metrics, name="metrics"),
]
