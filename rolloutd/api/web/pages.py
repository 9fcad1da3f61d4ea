"""Serves the dashboard's files from memory, compressed once, with headers that lock it up."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable

from aiohttp import ETag, web
from aiohttp.typedefs import Handler

STATIC = files("rolloutd.api.web") / "static"

INDEX = "index.html"

MEDIA = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
}
"""What is served. Anything else in the folder is for people: licences and notes."""

SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    # The browser itself refuses text where markup is meant; lit-html's templates are no data.
    "require-trusted-types-for": "'script'",
    "trusted-types": "lit-html",
}
"""No inline script or style, nothing from elsewhere, and no page may frame this one."""

POLICY = "; ".join(f"{what} {where}" for what, where in SOURCES.items())

HEADERS = {
    # Asked for again each time, and answered 304: a new daemon never meets an old page.
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}
"""On every file."""

LOCKS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Frame-Options": "DENY",
}
"""On the page. Its parts are under its policy; on each of them this would be only bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One file.

    Attributes:
        packed: The body, gzipped.
        tag: Changes with the content.
    """

    media: str
    body: bytes
    packed: bytes
    tag: str
    headers: Mapping[str, str]


def add_pages(app: web.Application) -> None:
    """Serve the dashboard at ``/`` and its parts below ``/ui/``."""
    for path, page in pages().items():
        where = "/" if path == INDEX else f"/ui/{path}"
        app.router.add_get(where, _serve(page))


def pages() -> dict[str, Page]:
    """Read every file that is served, by its path within the folder."""
    return {path: _page(path, file) for path, file in _walk(STATIC, "")}


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{path}/")
        elif _suffix(path) in MEDIA:
            yield path, entry


def _page(path: str, file: Traversable) -> Page:
    body = file.read_bytes()
    return Page(
        headers=HEADERS | LOCKS if path == INDEX else HEADERS,
        media=MEDIA[_suffix(path)],
        body=body,
        packed=gzip.compress(body, mtime=0),
        tag=hashlib.sha256(body).hexdigest()[:16],
    )


def _suffix(path: str) -> str:
    return path[path.rfind(".") :]


def _serve(page: Page) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        known = request.if_none_match or ()
        if any(tag.value in {page.tag, "*"} for tag in known):
            response = web.Response(status=HTTPStatus.NOT_MODIFIED)
        elif _takes_gzip(request.headers.get("Accept-Encoding", "")):
            response = web.Response(body=page.packed, headers={"Content-Encoding": "gzip"})
        else:
            response = web.Response(body=page.body)
        if response.status == HTTPStatus.OK:
            response.content_type, response.charset = page.media, "utf-8"
        response.headers.update(page.headers)
        # Weak: the same content, whether compressed or not.
        response.etag = ETag(value=page.tag, is_weak=True)
        return response

    return answer


def _takes_gzip(accepted: str) -> bool:
    """Read an ``Accept-Encoding`` header."""
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
