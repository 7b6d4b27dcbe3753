"""TLS of the load agent: one context per slot, never one per request."""

from __future__ import annotations

import ssl
from pathlib import Path

from pytest_asyncbench.traffic.plan import Target


def context(target: Target) -> ssl.SSLContext | None:
    """The context of all connections of a slot; None where the target speaks plain HTTP.

    Raises OSError (ssl.SSLError) if the certificates cannot be read.
    """
    if target.scheme != "https":
        return None
    made = authorities(target.verify)
    made.set_alpn_protocols(["http/1.1"])
    return made


def authorities(verify: bool | str) -> ssl.SSLContext:
    """A context that trusts the system's authorities (True), those in a file or directory, or anybody (False)."""
    if isinstance(verify, str):
        if Path(verify).is_dir():
            return ssl.create_default_context(capath=verify)
        return ssl.create_default_context(cafile=verify)
    made = ssl.create_default_context()
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made
