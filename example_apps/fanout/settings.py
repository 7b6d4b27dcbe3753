"""Settings of the synchronous views.

``UPSTREAM_URL``  where the slow API is, ``http://host:port``
``TLS_CONTEXT``   ``request``: every HTTP client builds its own, as httpx does by default; ``once``: all share one
``PGDATABASE``    and libpq's other variables: the database; without them ``/mixed`` and ``/report`` do not work
``DB_DRIVER``     ``psycopg2`` instead of psycopg 3, for Django and for ``/report``
"""

import os
import sys

if os.environ.get("DB_DRIVER") == "psycopg2":
    sys.modules["psycopg"] = None  # Django takes psycopg 3 wherever it can import it

DEBUG = False
SECRET_KEY = "nothing is signed here"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["fanout"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "fanout.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING_CONFIG = None

DATABASES = {}
if name := os.environ.get("PGDATABASE"):
    # Host, port and user are libpq's own affair, and a connection lives as long as its request.
    DATABASES["default"] = {"ENGINE": "django.db.backends.postgresql", "NAME": name, "CONN_MAX_AGE": 0}
