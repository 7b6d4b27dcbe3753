"""ASGI entry point: the asynchronous views, unless DJANGO_SETTINGS_MODULE asks for the synchronous ones."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quotes.django_app.async_settings")

application = get_asgi_application()
