"""Every address of the site. Public identifiers are UUIDs; nouns are plural; one namespace an app."""

from django.contrib import admin
from django.urls import include, path

from mlopspro import api_docs, health
from mlopspro.api import api
from monitoring.views import prometheus

urlpatterns = [
    # First, as addresses are tried one after the other: an answer over the API must not walk past every page.
    path("api/docs", api_docs.page, name="api_docs"),
    path("api/", api.urls),
    path("", include("mlopspro.insights.urls")),
    path("", include("experiments.urls")),
    path("monitoring/", include("monitoring.urls")),
    path("retraining/", include("retraining.urls")),
    path("", include("mlopspro.serving.urls")),
    path("tour/", include("mlopspro.tour.urls")),
    path("accounts/", include("mlopspro.accounts.urls_sign_in")),
    path("settings/", include("mlopspro.accounts.urls")),
    path("dev/", include("mlopspro.core.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", prometheus.metrics, name="metrics"),
]

handler403 = "mlopspro.core.errors.forbidden"
handler404 = "mlopspro.core.errors.not_found"
handler500 = "mlopspro.core.errors.server_error"
