"""A leader must learn of every epoch that is in use."""

from __future__ import annotations

from rolloutd.adapters.istio.epochs import EpochsSeen


def test_the_epoch_of_every_changed_object_is_told() -> None:
    """Objects that bear none, or nonsense, tell nothing."""
    told: list[int] = []
    seen = EpochsSeen(told.append)
    for value in ("7", "seven"):
        seen.changed("MODIFIED", {"metadata": {"annotations": {"rolloutd.io/epoch": value}}})
    seen.changed("ADDED", {"metadata": {}})

    assert told == [7]
