"""How a version misbehaves, on demand. Pure: chance comes in, an answer's fate comes out."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TypeAlias

from rolloutd.core.units import Millis, Ratio

INTERNAL = 13
"""gRPC status of a failure in the server."""

UNAVAILABLE = 14
"""gRPC status of a server that cannot answer at present."""

_NOT_LATER = Millis(0.0)
_MUCH_LATER = Millis(400.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Some calls fail, with the statuses of a server in trouble, half and half."""

    ratio: Ratio = Ratio(0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """All calls succeed, later.

    Attributes:
        added: On top of the usual time.
    """

    added: Millis = _MUCH_LATER


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """Pods die: calls in progress are cut off, new connections are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcStatus:
    """Calls fail with one gRPC status, on HTTP 200: who counts HTTP codes sees nothing."""

    code: int = INTERNAL
    ratio: Ratio = Ratio(1.0)


Fault: TypeAlias = Errors | Latency | Crash | GrpcStatus

INCIDENT: Fault = Errors(ratio=Ratio(0.15))
"""What an incident of something that both arms depend on does to each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one call.

    Attributes:
        status: gRPC status; 0 is success.
        added: Time on top of the usual.
    """

    status: int = 0
    added: Millis = _NOT_LATER


class Switchboard:
    """Which version has which fault.

    Args:
        chance: Decides which calls fail.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._faults: dict[str, Fault] = {}
        self._incident: Fault | None = None

    def inflict(self, version: str, fault: Fault) -> None:
        """Give a version a fault, in place of any that it has."""
        self._faults[version] = fault

    def mend(self, version: str) -> None:
        """Take a version's fault away."""
        self._faults.pop(version, None)

    def incident(self, *, on: bool) -> None:
        """Begin or end what hurts all versions alike."""
        self._incident = INCIDENT if on else None

    def is_crashed(self, version: str) -> bool:
        """Say whether a version's pods are to be dead."""
        return isinstance(self._faults.get(version), Crash)

    def fate(self, version: str) -> Fate:
        """Decide about a call. Its version's own fault speaks first, then the incident's."""
        suffered = [self._suffer(fault) for fault in self._present(version)]
        statuses = (fate.status for fate in suffered if fate.status)
        return Fate(
            status=next(statuses, 0), added=Millis(sum(fate.added for fate in suffered))
        )

    def _present(self, version: str) -> list[Fault]:
        return [fault for fault in (self._faults.get(version), self._incident) if fault]

    def _suffer(self, fault: Fault) -> Fate:
        match fault:
            case Errors(ratio=ratio):
                status = self._chance.choice((INTERNAL, UNAVAILABLE))
                return Fate(status=status) if self._strikes(ratio) else Fate()
            case GrpcStatus(code=code, ratio=ratio):
                return Fate(status=code) if self._strikes(ratio) else Fate()
            case Latency(added=added):
                return Fate(added=added)
            case Crash():
                return Fate()  # nobody is there to decide; the pods see to it

    def _strikes(self, ratio: Ratio) -> bool:
        return self._chance.random() < ratio
