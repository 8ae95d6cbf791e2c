"""Addresses of datasets, training and experiments. Identifiers are UUIDs; nouns are plural."""

from django.urls import path

from experiments.urls_assistant import urlpatterns as assistant_urls
from experiments.urls_compare import urlpatterns as compare_urls
from experiments.urls_custom_metrics import urlpatterns as custom_metrics_urls
from experiments.urls_explore import urlpatterns as explore_urls
from experiments.urls_history import urlpatterns as history_urls
from experiments.urls_models import urlpatterns as model_urls
from experiments.urls_recipes import urlpatterns as recipe_urls
from experiments.urls_searches import urlpatterns as search_urls
from experiments.views import artifacts, datasets, experiment, experiments, imports, run_actions, training

app_name = "experiments"
urlpatterns = [
    path("datasets/", datasets.dataset_list, name="datasets"),
    path("datasets/import/", imports.upload, name="dataset_import"),
    path("datasets/synthetic/", imports.synthetic, name="dataset_synthetic"),
    path("datasets/<uuid:pk>/", datasets.dataset_detail, name="dataset"),
    path("datasets/<uuid:pk>/refused.csv", datasets.refused_csv, name="dataset_refused_csv"),
    path("datasets/<uuid:pk>/delete/", datasets.delete, name="dataset_delete"),
    path("datasets/<uuid:pk>/restore/", datasets.restore, name="dataset_restore"),
    path("imports/<uuid:pk>/", imports.detail, name="import"),
    path("imports/<uuid:pk>/preview/", imports.preview, name="import_preview"),
    path("imports/<uuid:pk>/status/", imports.status, name="import_status"),
    path("imports/<uuid:pk>/confirm/", imports.confirm, name="import_confirm"),
    path("imports/<uuid:pk>/stop/", imports.stop, name="import_stop"),
    path("imports/<uuid:pk>/discard/", imports.discard, name="import_discard"),
    path("training/", training.training, name="training"),
    path("training/parts/", training.parts, name="training_parts"),
    path("training/estimate/", training.estimate, name="training_estimate"),
    path("training/running/", training.running, name="training_running"),
    path("experiments/", experiments.experiment_list, name="experiments"),
    *history_urls,
    path("experiments/rows/", experiments.rows, name="experiment_rows"),
    *assistant_urls,
    *compare_urls,
    *custom_metrics_urls,
    *explore_urls,
    path("experiments/<uuid:pk>/", experiment.detail, name="experiment"),
    path("experiments/<uuid:pk>/status/", experiment.status, name="experiment_status"),
    path("experiments/<uuid:pk>/curves/", experiment.curves, name="experiment_curves"),
    path("experiments/<uuid:pk>/log/", experiment.log_lines, name="experiment_log_lines"),
    path("experiments/<uuid:pk>/log.txt", artifacts.log_file, name="experiment_log_file"),
    path("experiments/<uuid:pk>/mirrors/", experiment.mirrors, name="experiment_mirrors"),
    path(
        "experiments/<uuid:pk>/mirrors/<slug:tracker>/retry/", run_actions.retry_mirror, name="experiment_mirror_retry"
    ),
    path("experiments/<uuid:pk>/stop/", run_actions.stop, name="experiment_stop"),
    path("experiments/<uuid:pk>/retry/", run_actions.retry, name="experiment_retry"),
    path("experiments/<uuid:pk>/delete/", run_actions.delete, name="experiment_delete"),
    path("experiments/<uuid:pk>/restore/", run_actions.restore, name="experiment_restore"),
    path("experiments/<uuid:pk>/artifacts/<int:artifact>/", artifacts.download, name="artifact"),
    path("experiments/<uuid:pk>/artifacts/<int:artifact>/preview/", artifacts.preview, name="artifact_preview"),
    *model_urls,
    *recipe_urls,
    *search_urls,
]
