"""httpx's `auth` of a request that is sent again and again: what can be known before the first one is sent."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.encoding import Encoded, built_by_httpx, from_request, from_words

CHALLENGE = 'Digest realm="asyncbench", nonce="0", qop="auth", algorithm=SHA-256'
SEVERAL_STEPS = (
    "this auth needs the server's answer before it can send the request itself; "
    "log in once with httpx and give the headers or cookies that it yields, or write a flow: its client takes any auth"
)


def authorized(method: str, url: str, auth: Any, words: Mapping[str, Any]) -> Encoded:
    """Encode a request with a user and a password (basic), or with an httpx auth object whose flow is one step.

    Raises SpecError for an auth that must see an answer first, or that is none; TypeError, ValueError as `from_words`.
    """
    if isinstance(auth, tuple):
        return _basic(from_words(method, url, **words), auth)
    flow = getattr(auth, "auth_flow", None)
    if flow is None and not callable(auth):
        raise SpecError(f"auth={auth!r}: write ('user', 'password'), or an httpx auth object")
    request = built_by_httpx(method, url, words, "this auth is one of httpx")
    if flow is None:
        return from_request(auth(request))
    return from_request(_one_step(auth, request))


def _basic(built: Encoded, auth: tuple[Any, ...]) -> Encoded:
    if len(auth) != 2 or not all(isinstance(part, str | bytes) for part in auth):
        raise SpecError("auth is a pair of texts: ('user', 'password')")
    user, password = (part.encode() if isinstance(part, str) else part for part in auth)
    header = (b"Authorization", b"Basic " + b64encode(user + b":" + password))
    kept = tuple(pair for pair in built.headers if pair[0].lower() != b"authorization")
    return replace(built, headers=(*kept, header))


def _one_step(auth: Any, request: Any) -> Any:
    """The request as the flow sends it, if it sends nothing more whatever the answer: tried with a refusal."""
    import httpx

    overridden = any(
        getattr(type(auth), name, None) is not getattr(httpx.Auth, name)
        for name in ("sync_auth_flow", "async_auth_flow")
    )
    if overridden or getattr(auth, "requires_response_body", False):
        raise SpecError(SEVERAL_STEPS)
    request.read()
    flow = auth.auth_flow(request)
    sent = next(flow)
    try:
        flow.send(httpx.Response(401, headers={"WWW-Authenticate": CHALLENGE}, request=sent))
    except StopIteration:
        return sent
    except Exception as error:
        raise SpecError(f"{SEVERAL_STEPS} ({type(error).__name__}: {error})") from error
    raise SpecError(SEVERAL_STEPS)
