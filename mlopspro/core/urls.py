"""Addresses under /dev/."""

from django.urls import path

from mlopspro.core import views_components

app_name = "dev"
urlpatterns = [
    path("components/", views_components.components, name="components"),
    path("components/log/", views_components.log_lines, name="components_log"),
]
