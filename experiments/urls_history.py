"""Addresses of the history: its panels, what is done to ticked runs, saved views, and what people write on a run."""

from django.urls import path

from experiments.views import history_export, history_panels, run_editing, saved_views, selected

urlpatterns = [
    path("experiments/filters/", history_panels.filters, name="history_filters"),
    path("experiments/columns/", history_panels.columns, name="history_columns"),
    path("experiments/export.csv", history_export.export, name="history_export"),
    path("experiments/views/", history_panels.views, name="history_views"),
    path("experiments/views/save/", saved_views.save, name="view_save"),
    path("experiments/views/<uuid:pk>/", saved_views.open_view, name="view"),
    path("experiments/views/<uuid:pk>/update/", saved_views.update, name="view_update"),
    path("experiments/views/<uuid:pk>/delete/", saved_views.delete, name="view_delete"),
    path("experiments/selected/compare/", selected.compare, name="selected_compare"),
    path("experiments/selected/pin/", selected.pin, name="selected_pin"),
    path("experiments/selected/unpin/", selected.unpin, name="selected_unpin"),
    path("experiments/selected/baseline/", selected.baseline, name="selected_baseline"),
    path("experiments/selected/tag/", selected.tag, name="selected_tag"),
    path("experiments/selected/untag/", selected.untag, name="selected_untag"),
    path("experiments/selected/delete/", selected.delete, name="selected_delete"),
    path("experiments/selected/restore/", selected.restore, name="selected_restore"),
    path("experiments/selected/export.csv", history_export.export_selected, name="selected_export"),
    path("experiments/<uuid:pk>/edit/", run_editing.edit, name="experiment_edit"),
    path("experiments/<uuid:pk>/tags/add/", run_editing.tag, name="experiment_tag"),
    path("experiments/<uuid:pk>/tags/remove/", run_editing.untag, name="experiment_untag"),
    path("experiments/<uuid:pk>/pin/", run_editing.pin, name="experiment_pin"),
    path("experiments/<uuid:pk>/unpin/", run_editing.unpin, name="experiment_unpin"),
    path("experiments/<uuid:pk>/baseline/", run_editing.set_baseline, name="experiment_baseline"),
    path("experiments/<uuid:pk>/baseline/clear/", run_editing.clear_baseline, name="experiment_clear_baseline"),
]
