"""The one call that the sandbox's services make, on gRPC without generated code."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import grpc

SERVICE = "shop.DataProduct"
METHOD = "Get"
POD_HEADER = "x-pod"

STATUSES = {code.value[0]: code for code in grpc.StatusCode}
"""gRPC's status codes by number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a pod says: who it is."""

    version: str
    pod: str

    def encode(self) -> bytes:
        """Return the message as sent."""
        return json.dumps({"version": self.version, "pod": self.pod}).encode()

    @classmethod
    def decode(cls, message: bytes) -> Answer:
        """Read a message that ``encode`` made."""
        fields = json.loads(message)
        return cls(version=fields["version"], pod=fields["pod"])


def header(metadata: Iterable[tuple[str, str | bytes]] | None, name: str) -> str:
    """Return a metadata value, or an empty string."""
    for key, value in metadata or ():
        if key == name and isinstance(value, str):
            return value
    return ""
