"""Addresses of alerts and their rules."""

from django.urls import path

from monitoring.views import alert_rules, alerts

urlpatterns = [
    path("alerts/", alerts.alert_list, name="alerts"),
    path("alerts/count/", alerts.count, name="alerts_count"),
    path("alerts/<uuid:pk>/", alerts.alert, name="alert"),
    path("alerts/<uuid:pk>/acknowledge/", alerts.acknowledge, name="alert_acknowledge"),
    path("alerts/<uuid:pk>/snooze/", alerts.snooze, name="alert_snooze"),
    path("alerts/<uuid:pk>/resolve/", alerts.resolve, name="alert_resolve"),
    path("alerts/<uuid:pk>/note/", alerts.note, name="alert_note"),
    path("alerts/models/<uuid:pk>/rules/", alert_rules.rule_list, name="alert_rules"),
    path("alerts/models/<uuid:pk>/rules/new/", alert_rules.create, name="alert_rule_new"),
    path("alerts/models/<uuid:pk>/rules/preview/", alert_rules.preview, name="alert_rule_preview"),
    path("alerts/models/<uuid:pk>/rules/seed/", alert_rules.seed, name="alert_rules_seed"),
    path("alerts/rules/<uuid:pk>/", alert_rules.rule, name="alert_rule"),
    path("alerts/rules/<uuid:pk>/switch/", alert_rules.switch, name="alert_rule_switch"),
    path("alerts/rules/<uuid:pk>/follow/", alert_rules.follow, name="alert_rule_follow"),
    path("alerts/rules/<uuid:pk>/delete/", alert_rules.delete, name="alert_rule_delete"),
]
