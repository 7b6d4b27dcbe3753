"""A WSGI app that waits in PostgreSQL, with the driver that it is told to use."""

import importlib
import os

driver = importlib.import_module(os.environ["DRIVER"])
if os.environ.get("GREEN"):
    from psycogreen.gevent import patch_psycopg

    patch_psycopg()


def wsgi(environ, start_response):
    if environ["PATH_INFO"] == "/sleep":
        connection = driver.connect("")
        connection.cursor().execute("select pg_sleep(0.2)")
        connection.close()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
