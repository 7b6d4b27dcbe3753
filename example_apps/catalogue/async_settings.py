"""Settings of the asynchronous app: the same paths lead to asynchronous views."""

from catalogue.settings import *  # noqa: F403

ROOT_URLCONF = "catalogue.async_urls"
