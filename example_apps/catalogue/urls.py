"""Paths of the synchronous views."""

from django.urls import path

from catalogue import views

urlpatterns = [
    path("items", views.items),
    path("search", views.search),
]
