"""Addresses of monitoring; one list a part."""

from django.urls import URLPattern

app_name = "monitoring"
urlpatterns: list[URLPattern] = []
