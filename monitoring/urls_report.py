"""Addresses of the report."""

from django.urls import path

from monitoring.views import report

urlpatterns = [path("report.json", report.download, name="report")]
