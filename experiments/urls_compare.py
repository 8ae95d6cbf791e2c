"""Addresses of the comparison of runs."""

from django.urls import path

from experiments.views import compare

urlpatterns = [
    path("experiments/compare/", compare.compare, name="compare"),
    path("experiments/compare/verdict/", compare.verdict, name="compare_verdict"),
    path("experiments/compare/live/", compare.live, name="compare_live"),
    path("experiments/compare/candidates/", compare.candidates, name="compare_candidates"),
]
