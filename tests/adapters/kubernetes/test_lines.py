"""Lines are whole or not there."""

from __future__ import annotations

import pytest

from rolloutd.adapters.kubernetes.lines import Lines
from rolloutd.errors import Unavailable
from tests.adapters.kubernetes.paces import seeded


def test_a_line_that_never_ended_is_never_seen() -> None:
    """Half an event parsed as a whole one would be a lie about the cluster."""
    lines = Lines(limit=100)

    assert lines.feed(b'{"a":1}\n{"type":"MODIFIED","obj') == [b'{"a":1}']


@pytest.mark.parametrize("seed", range(20))
def test_the_cutting_of_chunks_does_not_matter(seed: int) -> None:
    """TCP cuts where it likes."""
    chance = seeded(seed)
    wanted = [b"x" * chance.randrange(1, 40) for _ in range(30)]
    stream = b"".join(line + b"\n" * chance.randrange(1, 3) for line in wanted)
    lines, found = Lines(limit=100), []

    while stream:
        size = chance.randrange(1, 60)
        found += lines.feed(stream[:size])
        stream = stream[size:]

    assert found == wanted


def test_an_endless_line_is_refused() -> None:
    """A server gone mad must not take our memory with it."""
    lines = Lines(limit=10)
    lines.feed(b"123456")

    with pytest.raises(Unavailable, match="longer than 10 bytes"):
        lines.feed(b"78901")
