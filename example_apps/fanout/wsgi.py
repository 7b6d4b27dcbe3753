"""WSGI entry point: the synchronous views.

``PSYCOGREEN=1`` teaches psycopg2 to wait with gevent. psycopg 3 does so by itself, if gevent has patched the process
before psycopg is imported.
"""

import os

from django.core.wsgi import get_wsgi_application

if os.environ.get("PSYCOGREEN") == "1":
    from psycogreen.gevent import patch_psycopg

    patch_psycopg()

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fanout.settings")

application = get_wsgi_application()
