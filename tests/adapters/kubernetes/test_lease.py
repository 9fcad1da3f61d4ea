"""Leases are read with distrust and written as others expect them."""

from __future__ import annotations

from rolloutd.adapters.kubernetes import lease as leases
from rolloutd.adapters.kubernetes.fields import section
from rolloutd.core.units import Instant, Seconds
from rolloutd.ports import Json

NOON = Instant(1_704_110_400.25)
BODY: Json = {
    "metadata": {"name": "rolloutd", "resourceVersion": "7", "managedFields": ["much"]},
    "spec": {
        "holderIdentity": "a",
        "leaseDurationSeconds": 20,
        "leaseTransitions": 4,
        "renewTime": "2024-01-01T11:59:00.000000Z",
        "strategy": "OldestEmulationVersion",
    },
}


def test_times_are_utc_with_microseconds() -> None:
    """Anything else is rejected by the API server, or read as another hour by other clients."""
    spec = section(leases.first("l", "a", Seconds(15.0), NOON, 0), "spec")

    assert spec["renewTime"] == spec["acquireTime"] == "2024-01-01T12:00:00.250000Z"


def test_taking_over_raises_the_epoch_even_from_ourselves() -> None:
    """An earlier process of the same name may still be alive and writing."""
    spec = section(
        leases.taken(leases.read(BODY, Seconds(15.0)), "a", Seconds(15.0), NOON, 0), "spec"
    )

    assert spec["leaseTransitions"] == 5


def anew(*, holder: str, wall: Instant, last: int = 0) -> int:
    """Return the epoch of a Lease that somebody makes anew."""
    spec = section(leases.first("l", holder, Seconds(15.0), wall, last), "spec")
    epoch = spec["leaseTransitions"]
    assert isinstance(epoch, int)
    return epoch


def test_a_new_lease_counts_from_above_any_old_one() -> None:
    """Deleting the Lease must not lower the epoch below the one stamped on objects."""
    early = anew(holder="a", wall=NOON)
    later = anew(holder="a", wall=Instant(NOON + 1.0))

    assert early in range(126_273_600, 126_274_600)
    assert later == early + 1


def test_a_new_lease_exceeds_the_last_one_even_where_clocks_went_back() -> None:
    """Two leaders with one epoch could both write."""
    assert anew(holder="a", wall=Instant(0.0), last=126_273_600) >= 126_273_700


def test_two_who_make_a_lease_anew_count_from_different_places() -> None:
    """Each deleted under the other's eyes: in one second, or after the same last one.

    Both would write in one epoch (simulation, seed 303680).
    """
    assert anew(holder="a", wall=NOON) != anew(holder="b", wall=NOON)
    assert anew(holder="a", wall=NOON, last=200_000_000) != anew(
        holder="b", wall=NOON, last=200_000_000
    )


def test_a_new_lease_gives_out_no_epoch_that_was_taken_unseen() -> None:
    """Deleted while we were cut off, after another had taken it in the epoch after ours.

    With a clock that is slow, too, both would write in one epoch (simulation, seed 154393).
    """
    old = leases.read(BODY, Seconds(15.0))
    unseen = section(leases.taken(old, "b", Seconds(15.0), NOON, 0), "spec")

    assert (
        anew(holder="a", wall=Instant(0.0), last=old.transitions) != unseen["leaseTransitions"]
    )


def test_renewing_and_releasing_keep_the_rest() -> None:
    """The version read guards the write; fields we do not know are not ours to drop."""
    lease = leases.read(BODY, Seconds(15.0))

    renewed, released = leases.renewed(lease, NOON, 4), leases.released(lease, NOON)

    assert section(renewed, "metadata") == {"name": "rolloutd", "resourceVersion": "7"}
    assert section(renewed, "spec")["strategy"] == "OldestEmulationVersion"
    assert section(renewed, "spec")["holderIdentity"] == "a"
    assert section(released, "spec")["holderIdentity"] == ""
    assert section(released, "spec")["leaseTransitions"] == 4


def test_a_lease_without_fields_was_never_held() -> None:
    """Manifests ship empty Leases, so that a Role can name them."""
    lease = leases.read({"metadata": {"name": "l"}}, Seconds(15.0))

    assert (lease.holder, lease.transitions, lease.duration) == (None, 0, 15.0)
