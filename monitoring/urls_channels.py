"""Addresses of the channels through which people are told of alerts."""

from django.urls import path

from monitoring.views import channels

urlpatterns = [
    path("alerts/channels/", channels.channel_list, name="channels"),
    path("alerts/channels/new/", channels.channel_new, name="channel_new"),
    path("alerts/channels/<uuid:pk>/", channels.channel, name="channel"),
    path("alerts/channels/<uuid:pk>/edit/", channels.channel_edit, name="channel_edit"),
    path("alerts/channels/<uuid:pk>/switch/", channels.channel_switch, name="channel_switch"),
    path("alerts/channels/<uuid:pk>/test/", channels.channel_test, name="channel_test"),
    path("alerts/channels/<uuid:pk>/key/", channels.channel_key, name="channel_key"),
    path("alerts/channels/<uuid:pk>/delete/", channels.channel_delete, name="channel_delete"),
]
