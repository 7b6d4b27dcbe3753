"""ASGI entry point: the asynchronous views."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fanout.async_settings")

application = get_asgi_application()
