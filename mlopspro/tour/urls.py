"""Addresses of this part."""

from django.urls import URLPattern

app_name = "tour"
urlpatterns: list[URLPattern] = []
