"""Addresses of pages that ask live models."""

from django.urls import path

from mlopspro.serving.views import ask

app_name = "serving"
urlpatterns = [path("recommend/", ask.ask, name="recommend")]
