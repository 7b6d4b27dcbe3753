"""The same paths, to the asynchronous views."""

from django.urls import path

from fanout import async_views, views

urlpatterns = [
    path("health", async_views.health),
    path("fanout", async_views.fanout),
    path("fanout/<int:slowest>", async_views.fanout),
    path("mixed", async_views.mixed),
    path("report", views.report),  # a synchronous view under ASGI: Django runs it in a thread
    path("compute", async_views.compute),
]
