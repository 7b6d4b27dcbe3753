"""Paths of the synchronous views."""

from django.urls import path

from quotes.django_app import views

urlpatterns = [
    path("static", views.static),
    path("quote", views.quote),
    path("write", views.write),
]
