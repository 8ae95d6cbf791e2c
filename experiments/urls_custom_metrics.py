"""Addresses of the metrics that people define."""

from django.urls import path

from experiments.views import custom_metrics

urlpatterns = [
    path("custom-metrics/", custom_metrics.metric_list, name="custom_metrics"),
    path("custom-metrics/new/", custom_metrics.create, name="custom_metric_create"),
    path("custom-metrics/check/", custom_metrics.check, name="custom_metric_check"),
    path("custom-metrics/<uuid:pk>/", custom_metrics.detail, name="custom_metric"),
    path("custom-metrics/<uuid:pk>/archive/", custom_metrics.archive, name="custom_metric_archive"),
    path("custom-metrics/<uuid:pk>/restore/", custom_metrics.restore, name="custom_metric_restore"),
    path("custom-metrics/<uuid:pk>/again/", custom_metrics.try_again, name="custom_metric_again"),
]
