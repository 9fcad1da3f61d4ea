"""Server-Sent Events, as the daemon writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rolloutd.errors import Unavailable

HEARTBEAT: Final = "heartbeat"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One event.

    Attributes:
        kind: ``rollout``, ``gone``, ``word``, ``hello``, ``reset``, or ``heartbeat``.
        ident: From where on to ask again; empty for a heartbeat.
        form: What it says; not looked into yet.
    """

    kind: str
    ident: str = ""
    form: object = None

    def is_about(self, namespace: str, name: str) -> bool:
        """Say whether it is about this rollout."""
        form = self.form
        return isinstance(form, dict) and (form.get("namespace"), form.get("name")) == (
            namespace,
            name,
        )


def read_news(lines: Iterator[bytes]) -> Iterator[News]:
    """Yield events as their last line comes; one that is not finished is none.

    Raises:
        Unavailable: The lines are no events.
    """
    fields: dict[str, str] = {}
    for line in lines:
        text = line.decode(errors="replace").rstrip("\r\n")
        if text.startswith(":"):
            yield News(kind=HEARTBEAT)
        elif text:
            name, _, value = text.partition(":")
            fields[name] = value.removeprefix(" ")
        elif fields:
            yield _finished(fields)
            fields = {}


def _finished(fields: dict[str, str]) -> News:
    try:
        form: object = json.loads(fields.get("data") or "{}")
    except ValueError as error:
        raise Unavailable("The daemon's events can't be read. Try again.") from error
    return News(kind=fields.get("event", ""), ident=fields.get("id", ""), form=form)
