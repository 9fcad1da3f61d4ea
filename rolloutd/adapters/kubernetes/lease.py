"""What a Lease says, and the Lease that we would write instead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zlib import crc32

from rolloutd.adapters.kubernetes.fields import section, text, whole
from rolloutd.core.units import Instant, Seconds
from rolloutd.ports import Json

_API_VERSION = "coordination.k8s.io/v1"

API_URL = "rolloutd.io/api-url"
"""Annotation: where the holder's control API is, for the replicas that stand by."""

_COUNT_BEGINS = 1_577_836_800
"""2020 in Unix time: seconds since then fit the field's 32 bits until 2088."""

_UNSEEN = 100
"""Hands through which a Lease may have gone before it was deleted, without our seeing any."""

_OWN = 1000
"""Places to begin from: two holders who saw the same last, or the same second, take different
ones, but for one time in a thousand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A Lease as read.

    Attributes:
        holder: Who leads; ``None`` when it was given back.
        duration: How long others wait after its last change.
        transitions: How many times leadership changed hands: the epoch.
        url: Where the holder's control API is, if it says.
        stamp: Changes with every renewal. The times in a Lease come from other machines'
            clocks, so *that* it changed is all we believe.
        body: The whole object, to be written back.
    """

    holder: str | None
    duration: Seconds
    transitions: int
    url: str | None = None
    stamp: tuple[str | None, ...]
    body: Json


def read(body: Json, default_duration: Seconds) -> Lease:
    """Read a Lease object; fields that are missing are as in a Lease never held."""
    holder = text(body, "spec", "holderIdentity")
    duration = whole(body, "spec", "leaseDurationSeconds")
    return Lease(
        holder=holder,
        duration=default_duration if duration is None else Seconds(duration),
        transitions=whole(body, "spec", "leaseTransitions") or 0,
        url=text(body, "metadata", "annotations", API_URL),
        stamp=(
            holder,
            text(body, "spec", "renewTime"),
            text(body, "metadata", "resourceVersion"),
        ),
        body=body,
    )


def first(name: str, holder: str, duration: Seconds, wall: Instant, last: int) -> Json:
    """Return a new Lease, held.

    It counts from the wall clock's seconds, not from 0: whoever deletes a Lease would
    otherwise lower the epoch below the one stamped on VirtualServices, and no later leader
    could write; or give two leaders the same one. Hands do not change every second, so the
    clock is ahead of every count; ``last``, the highest that was seen, is exceeded in any case,
    and by so much that a slow clock does not give an epoch out again that we never saw. Where
    exactly depends on the holder: two who make it anew, unseen by each other, differ.
    """
    begin = max(int(wall) - _COUNT_BEGINS, last + _UNSEEN)
    return {
        "apiVersion": _API_VERSION,
        "kind": "Lease",
        "metadata": {"name": name},
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": _whole_seconds(duration),
            "leaseTransitions": begin + crc32(holder.encode()) % _OWN,
            "acquireTime": _micro(wall),
            "renewTime": _micro(wall),
        },
    }


def taken(lease: Lease, holder: str, duration: Seconds, wall: Instant, last: int) -> Json:
    """Return the Lease with us as its new holder, in a later epoch than ``last``.

    Transitions rise even when the holder had our name: then an earlier process of ours may
    still be alive, and only another epoch keeps its writes out.
    """
    return _with_spec(
        lease,
        {
            "holderIdentity": holder,
            "leaseDurationSeconds": _whole_seconds(duration),
            "leaseTransitions": max(lease.transitions, last) + 1,
            "acquireTime": _micro(wall),
            "renewTime": _micro(wall),
        },
    )


def advertised(body: Json, url: str | None) -> Json:
    """Return a Lease that says where its holder's control API is, or says nothing of it."""
    annotations = {
        name: value
        for name, value in section(body, "metadata", "annotations").items()
        if name != API_URL
    }
    if url is not None:
        annotations[API_URL] = url
    return {**body, "metadata": section(body, "metadata") | {"annotations": annotations}}


def renewed(lease: Lease, wall: Instant, epoch: int) -> Json:
    """Return the Lease, held on, in an epoch that may be later than its own."""
    return _with_spec(lease, {"renewTime": _micro(wall), "leaseTransitions": epoch})


def released(lease: Lease, wall: Instant) -> Json:
    """Return the Lease, given back; the epoch stays, for the next holder to exceed."""
    return _with_spec(
        lease,
        {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _micro(wall)},
    )


def _with_spec(lease: Lease, changes: Json) -> Json:
    metadata = section(lease.body, "metadata")
    kept = {name: value for name, value in metadata.items() if name != "managedFields"}
    return {**lease.body, "metadata": kept, "spec": section(lease.body, "spec") | changes}


def _whole_seconds(duration: Seconds) -> int:
    return max(1, round(duration))


def _micro(wall: Instant) -> str:
    """Write an instant as Kubernetes' MicroTime: UTC, with exactly six digits."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
