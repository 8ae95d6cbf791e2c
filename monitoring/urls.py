"""Addresses of monitoring; one list a part."""

from django.urls import URLPattern

from monitoring import urls_alerts, urls_channels, urls_drift, urls_health, urls_judged, urls_report, urls_windows

app_name = "monitoring"
urlpatterns: list[URLPattern] = [
    *urls_windows.urlpatterns,
    *urls_report.urlpatterns,
    *urls_health.urlpatterns,
    *urls_drift.urlpatterns,
    *urls_judged.urlpatterns,
    *urls_channels.urlpatterns,
    *urls_alerts.urlpatterns,
]
