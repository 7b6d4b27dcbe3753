"""Settings of the synchronous variant.

``DATABASE_URL``  ``postgresql://user:password@host:port/name``; without it only ``/static`` works
``DB_POOL``       ``1``: psycopg's pool, 5 to 15 connections; otherwise a new connection per request
"""

import os
from typing import Any
from urllib.parse import unquote, urlsplit

POOL = {"min_size": 5, "max_size": 15}


def database(url: str, *, pooled: bool) -> dict[str, Any]:
    """Django's words for a database URL."""
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": parts.hostname,
        "PORT": parts.port,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "NAME": unquote(parts.path.removeprefix("/")),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"pool": POOL} if pooled else {},
    }


DEBUG = False
SECRET_KEY = "nothing is signed here"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["quotes.django_app"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "quotes.django_app.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LOGGING_CONFIG = None

DATABASES = {}
if url := os.environ.get("DATABASE_URL"):
    DATABASES["default"] = database(url, pooled=os.environ.get("DB_POOL") == "1")
