"""Paths of the asynchronous views."""

from django.urls import path

from catalogue import async_views as views

urlpatterns = [
    path("items", views.items),
    path("search", views.search),
]
