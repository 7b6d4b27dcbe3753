"""The quotes as a Django app: synchronous views for WSGI, asynchronous ones for ASGI."""
