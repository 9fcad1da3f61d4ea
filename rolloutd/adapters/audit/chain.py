"""Lines that hold each other: each has a hash over its own content and the hash before it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import orjson

from rolloutd.ports import Json

GENESIS = "0" * 64
"""Stands for the hash before the first line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last line of a chain: whoever has kept it elsewhere can tell if lines are missing.

    Attributes:
        seq: Its number, from 1; 0 before the first.
        hash: SHA-256 in hexadecimal.
    """

    seq: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A line that is whole in itself, wherever it stands.

    Attributes:
        head: Its own number and hash.
        previous: The hash that it says came before it.
        entry: All of it, as parsed.
    """

    head: Head
    previous: str
    entry: Json

    @property
    def kind(self) -> str:
        """What it tells of."""
        return str(self.entry.get("kind"))


def chained(head: Head, entry: Json) -> tuple[bytes, Head]:
    """Return the line that says this after ``head``, and the new head."""
    body = {**entry, "seq": head.seq + 1, "prev": head.hash}
    digest = _digest(head.hash, body)
    return _canonical({**body, "hash": digest}) + b"\n", Head(seq=head.seq + 1, hash=digest)


def link(line: bytes) -> Link | None:
    """Read a line without its end; ``None`` for one that is not as it was written."""
    try:
        form: object = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(form, dict) or _canonical(form) != line:
        return None
    seq, previous, digest = form.get("seq"), form.get("prev"), form.get("hash")
    if not (isinstance(seq, int) and isinstance(previous, str) and isinstance(digest, str)):
        return None
    body = {name: value for name, value in form.items() if name != "hash"}
    if _digest(previous, body) != digest:
        return None
    return Link(head=Head(seq=seq, hash=digest), previous=previous, entry=form)


def fingerprint(raw: bytes) -> str:
    """Return the hash by which a torn line is vouched for."""
    return hashlib.sha256(raw).hexdigest()


def _canonical(form: Json) -> bytes:
    return orjson.dumps(form, option=orjson.OPT_SORT_KEYS)


def _digest(previous: str, body: Json) -> str:
    return hashlib.sha256(previous.encode() + _canonical(body)).hexdigest()
