"""Addresses of searches over hyperparameters."""

from django.urls import path

from experiments.views import search_new, searches

urlpatterns = [
    path("searches/", searches.search_list, name="searches"),
    path("searches/new/", search_new.new, name="search_new"),
    path("searches/<uuid:pk>/", searches.detail, name="search"),
    path("searches/<uuid:pk>/now/", searches.now, name="search_now"),
    path("searches/<uuid:pk>/parameters/", searches.parameters, name="search_parameters"),
    path("searches/<uuid:pk>/stop/", searches.stop, name="search_stop"),
]
