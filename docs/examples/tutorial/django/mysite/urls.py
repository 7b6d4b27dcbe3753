import time

from django.http import JsonResponse
from django.urls import path


def page(request):
    time.sleep(0.005)  # stands for a query or a call
    return JsonResponse({"hello": "world"})


urlpatterns = [path("", page)]
