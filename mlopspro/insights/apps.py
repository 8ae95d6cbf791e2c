"""The app that Django knows; its tables stand in the apps below."""

from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "mlopspro.insights"
    label = "insights"
    verbose_name = "Insights"
