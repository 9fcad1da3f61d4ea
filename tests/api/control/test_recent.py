"""A cache that forgets."""

from __future__ import annotations

from rolloutd.api.control.recent import Recent
from rolloutd.core.units import Seconds
from tests.fakes.clock import FakeClock


async def test_an_answer_holds_for_its_lifetime() -> None:
    """Not a moment longer; that there was one is remembered."""
    clock = FakeClock(jumps=False)
    recent: Recent[str, int] = Recent(clock, Seconds(10.0), 8)
    recent.put("a", 1)

    await clock.advance(Seconds(9.9))
    assert recent.get("a") == 1
    await clock.advance(Seconds(0.1))
    assert recent.get("a") is None
    assert recent.has_had("a")


async def test_the_answer_used_longest_ago_makes_room() -> None:
    """Bounded, whoever asks."""
    recent: Recent[str, int] = Recent(FakeClock(jumps=False), Seconds(10.0), 2)
    recent.put("a", 1)
    recent.put("b", 2)
    recent.get("a")
    recent.put("c", 3)

    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)


async def test_a_dropped_answer_is_as_if_never_had() -> None:
    """A token that was revoked starts anew."""
    recent: Recent[str, int] = Recent(FakeClock(jumps=False), Seconds(10.0), 2)
    recent.put("a", 1)
    recent.drop("a")

    assert recent.get("a") is None
    assert not recent.has_had("a")
