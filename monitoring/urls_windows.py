"""Addresses of the monitoring page and of single predictions, below monitoring/."""

from django.urls import path

from monitoring.views import windows

urlpatterns = [
    path("", windows.overview, name="overview"),
    path("predictions/<uuid:pk>/", windows.prediction, name="prediction"),
]
