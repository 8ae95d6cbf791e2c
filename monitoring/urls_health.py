"""Addresses of the health page, below monitoring/."""

from django.urls import path

from monitoring.views import health

urlpatterns = [path("health/", health.health, name="health")]
