"""Addresses of home and of insights."""

from django.urls import URLPattern, path

from mlopspro.insights.views import home

app_name = "insights"
urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("now/", home.now, name="home_now"),
]
