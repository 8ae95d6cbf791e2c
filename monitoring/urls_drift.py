"""Addresses of drift: one check, a check at once, the analysed stretch, references."""

from django.urls import URLPattern, path

from monitoring.views import drift

urlpatterns: list[URLPattern] = [
    path("models/<uuid:pk>/drift/check/", drift.check, name="drift_check"),
    path("models/<uuid:pk>/drift/checks/<uuid:check>/", drift.one, name="drift_one"),
    path("models/<uuid:pk>/drift/window/", drift.window, name="drift_window"),
    path("models/<uuid:pk>/drift/pin/", drift.pin, name="drift_pin"),
    path("models/<uuid:pk>/drift/references/<uuid:reference>/activate/", drift.activate, name="drift_activate"),
]
