"""The same paths, to the asynchronous views."""

from django.urls import path

from quotes.django_app import async_views as views

urlpatterns = [
    path("static", views.static),
    path("quote", views.quote),
    path("write", views.write),
]
