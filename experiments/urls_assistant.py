"""Addresses of the assistant."""

from django.urls import path

from experiments.views import assistant

urlpatterns = [
    path("assistant/", assistant.overview, name="assistant"),
    path("assistant/start/", assistant.start, name="assistant_start"),
    path("assistant/<uuid:pk>/", assistant.thread, name="assistant_thread"),
    path("assistant/<uuid:pk>/send/", assistant.send, name="assistant_send"),
    path("assistant/<uuid:pk>/answer/", assistant.answer, name="assistant_answer"),
    path("assistant/<uuid:pk>/apply/<uuid:message>/", assistant.apply, name="assistant_apply"),
    path("assistant/<uuid:pk>/delete/", assistant.delete, name="assistant_delete"),
]
