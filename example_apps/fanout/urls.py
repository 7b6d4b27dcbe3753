"""Paths of the synchronous views."""

from django.urls import path

from fanout import views

urlpatterns = [
    path("health", views.health),
    path("fanout", views.fanout),
    path("fanout/<int:slowest>", views.fanout),
    path("mixed", views.mixed),
    path("report", views.report),
    path("compute", views.compute),
]
