"""Addresses of monitoring; one list a part."""

from django.urls import URLPattern

from monitoring import urls_health

app_name = "monitoring"
urlpatterns: list[URLPattern] = [*urls_health.urlpatterns]
