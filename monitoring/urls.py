"""Addresses of monitoring; one list a part."""

from django.urls import URLPattern

from monitoring import urls_health, urls_windows

app_name = "monitoring"
urlpatterns: list[URLPattern] = [*urls_windows.urlpatterns, *urls_health.urlpatterns]
