"""Addresses of the tour."""

from django.urls import path

from mlopspro.tour import views

app_name = "tour"
urlpatterns = [path("", views.tour, name="tour")]
