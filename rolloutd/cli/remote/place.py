"""Where the daemon is, when its address is known."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

DEFAULT_NAMESPACE: Final = "default"


class Address:
    """Implements ``Place`` for ``--server``."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def url(self) -> str:
        """Return the address that was given."""
        return self._url

    def namespace(self) -> str:
        """Return Kubernetes's own default: an address says nothing of namespaces."""
        return DEFAULT_NAMESPACE

    def renew(self) -> None:
        """Do nothing: there is this one way."""

    def close(self) -> None:
        """Do nothing: there is nothing to give up."""


def is_address(text: str) -> bool:
    """Say whether this can be a server's address: ``http(s)://HOST[:PORT][/BASE]``."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and not (parts.query or parts.fragment or parts.username)
        )
    except ValueError:
        return False
