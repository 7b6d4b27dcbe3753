"""The servers of the article, each with one process, as specs."""

from pathlib import Path

from pytest_asyncbench import ServerSpec, daphne, gunicorn, uvicorn, uwsgi

# Servers run in the directory above the package, where `fanout` can be imported.
HERE = {
    "cwd": Path(__file__).resolve().parents[1],
    "ready": "/health",
    "env": {"UPSTREAM_URL": "{upstream.url}", "TLS_CONTEXT": "request"},
}
WSGI = "fanout.wsgi:application"
ASGI = "fanout.asgi:application"

uwsgi_2_threads = uwsgi(WSGI, threads=2, **HERE)
uwsgi_100_threads = uwsgi(WSGI, threads=100, **HERE)
uwsgi_gevent = uwsgi(WSGI, greenlets=100, **HERE)
gunicorn_100_threads = gunicorn(WSGI, worker_class="gthread", threads=100, **HERE)
gunicorn_gevent = gunicorn(WSGI, worker_class="gevent", greenlets=100, **HERE)
uvicorn_async = uvicorn(ASGI, loop="asyncio", http="h11", **HERE)  # as in the article: without uvloop
daphne_async = daphne(ASGI, **HERE)


def once(spec: ServerSpec) -> ServerSpec:
    """The same server, with one TLS context for all HTTP clients."""
    return spec.with_env(TLS_CONTEXT="once")
