"""Addresses of retraining."""

from django.urls import path

from retraining.views import decisions, drills, overview, policy, runs

app_name = "retraining"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("kill-switch/", overview.turn, name="kill_switch"),
    path("drills/", drills.listed, name="drills"),
    path("drills/<uuid:pk>/", drills.detail, name="drill"),
    path("models/<uuid:pk>/", overview.model, name="model"),
    path("models/<uuid:pk>/check/", decisions.check, name="check"),
    path("models/<uuid:pk>/retrain/", decisions.retrain, name="retrain"),
    path("models/<uuid:pk>/policy/", policy.edit, name="policy"),
    path("models/<uuid:pk>/what-if/", policy.tried, name="what_if"),
    path("decisions/<uuid:pk>/", decisions.detail, name="decision"),
    path("decisions/<uuid:pk>/answer/", decisions.answer, name="answer"),
    path("runs/<uuid:pk>/", runs.detail, name="run"),
    path("runs/<uuid:pk>/stop/", runs.stop, name="stop"),
    path("runs/<uuid:pk>/approve/", runs.approve, name="approve"),
]
