"""Logging in from a page: a token once, then a cookie that no script can read.

The cookie *is* the token, so that every replica knows it, it outlives a restart, and it is
worth nothing from the moment that the token is.
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlsplit

from aiohttp import web

from rolloutd.core.units import Seconds

SECURE_NAME = "__Host-rolloutd"
"""Over TLS. Browsers take this name from nobody but this very host."""

PLAIN_NAME = "rolloutd"

LIFETIME = Seconds(12 * 3600.0)
"""A shift. The token may end earlier."""

LARGEST = 3000
"""Bytes of a token that fits a cookie: browsers drop those above 4096 without a word."""


def token_of(request: web.Request) -> str | None:
    """Return the token that a request carries; a header comes before a cookie."""
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None
    cookie = request.cookies.get(SECURE_NAME) or request.cookies.get(PLAIN_NAME)
    return None if cookie is None else _unwrapped(cookie)


def begin(request: web.Request, answer: web.Response, token: str) -> None:
    """Give the browser its cookie."""
    name, secure = (SECURE_NAME, True) if _is_secure(request) else (PLAIN_NAME, False)
    value = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
    answer.set_cookie(
        name,
        value,
        max_age=int(LIFETIME),
        path="/",
        httponly=True,
        samesite="Strict",
        secure=secure,
    )


def end(answer: web.Response) -> None:
    """Take the cookie back."""
    for name, secure in ((SECURE_NAME, True), (PLAIN_NAME, False)):
        answer.del_cookie(name, path="/", httponly=True, samesite="Strict", secure=secure)


def _is_secure(request: web.Request) -> bool:
    """Say whether the browser uses TLS: to us, or to a proxy, as its ``Origin`` tells."""
    return request.secure or urlsplit(request.headers.get("Origin", "")).scheme == "https"


def _unwrapped(value: str) -> str | None:
    try:
        padded = value + "=" * (-len(value) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
