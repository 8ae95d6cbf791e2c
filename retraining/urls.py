"""Addresses of retraining."""

from django.urls import path

from retraining.views import decisions, drills, off_policy, overview, policy, runs, trial_acts, trial_planning, trials

app_name = "retraining"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("kill-switch/", overview.turn, name="kill_switch"),
    path("drills/", drills.listed, name="drills"),
    path("drills/start/", drills.start, name="drill_start"),
    path("drills/<uuid:pk>/", drills.detail, name="drill"),
    path("drills/<uuid:pk>/stop/", drills.stop, name="drill_stop"),
    path("models/<uuid:pk>/", overview.model, name="model"),
    path("models/<uuid:pk>/check/", decisions.check, name="check"),
    path("models/<uuid:pk>/retrain/", decisions.retrain, name="retrain"),
    path("models/<uuid:pk>/policy/", policy.edit, name="policy"),
    path("models/<uuid:pk>/floor/", policy.adopt_floor, name="adopt_floor"),
    path("models/<uuid:pk>/what-if/", policy.tried, name="what_if"),
    path("decisions/<uuid:pk>/", decisions.detail, name="decision"),
    path("decisions/<uuid:pk>/answer/", decisions.answer, name="answer"),
    path("models/<uuid:pk>/trials/new/", trial_planning.new, name="trial_new"),
    path("trials/", trials.listed, name="trials"),
    path("trials/<uuid:pk>/", trials.detail, name="trial"),
    path("trials/<uuid:pk>/plan/", trial_planning.edit, name="trial_edit"),
    path("trials/<uuid:pk>/start/", trial_acts.start, name="trial_start"),
    path("trials/<uuid:pk>/stop/", trial_acts.stop, name="trial_stop"),
    path("trials/<uuid:pk>/promote/", trial_acts.promote, name="trial_promote"),
    path("trials/<uuid:pk>/delete/", trial_acts.delete, name="trial_delete"),
    path("versions/<uuid:pk>/estimate/", off_policy.estimate, name="off_policy"),
    path("runs/<uuid:pk>/", runs.detail, name="run"),
    path("runs/<uuid:pk>/stop/", runs.stop, name="stop"),
    path("runs/<uuid:pk>/approve/", runs.approve, name="approve"),
]
