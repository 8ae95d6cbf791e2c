"""Addresses of this part."""

from django.urls import URLPattern

app_name = "insights"
urlpatterns: list[URLPattern] = []
