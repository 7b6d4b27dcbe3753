from django.http import JsonResponse
from django.urls import path

from shop.models import Item


def items(request):
    found = Item.objects.select_related("maker").order_by("id")
    return JsonResponse({"items": [{"name": item.name, "maker": item.maker.name} for item in found]})


urlpatterns = [path("items", items)]
