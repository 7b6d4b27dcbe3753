"""Settings of the asynchronous views, under the same paths."""

from fanout.settings import *  # noqa: F403

ROOT_URLCONF = "fanout.async_urls"
