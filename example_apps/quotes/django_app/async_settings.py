"""Settings of the asynchronous variant: the same paths lead to asynchronous views."""

from quotes.django_app.settings import *  # noqa: F403

ROOT_URLCONF = "quotes.django_app.async_urls"
