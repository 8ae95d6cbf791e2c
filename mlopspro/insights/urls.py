"""Addresses of home and of insights."""

from django.urls import URLPattern, path

from mlopspro.insights.views import home, insights, usage

app_name = "insights"
urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("now/", home.now, name="home_now"),
    path("insights/", insights.insights, name="insights"),
    path("insights/figures.csv", insights.export, name="export"),
    path("insights/use/", usage.switch, name="use"),
]
