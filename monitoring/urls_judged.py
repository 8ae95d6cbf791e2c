"""Addresses of how a model is judged: its settings, and judging it at once."""

from django.urls import URLPattern, path

from monitoring.views import settings

urlpatterns: list[URLPattern] = [
    path("models/<uuid:pk>/settings/", settings.show, name="settings"),
    path("models/<uuid:pk>/settings/prices/", settings.save_prices, name="settings_prices"),
    path("models/<uuid:pk>/settings/policy/", settings.save_policy, name="settings_policy"),
    path("models/<uuid:pk>/judge/", settings.judge, name="judge"),
]
