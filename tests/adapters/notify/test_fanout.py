"""Several heralds are one to the engine."""

from __future__ import annotations

from rolloutd.adapters.notify.fanout import Fanout
from rolloutd.core.actions import Announce, Happening
from tests.builders import a_plan, a_record
from tests.fakes.herald import FakeHerald


def test_everyone_is_told() -> None:
    """The log always, and whoever else was asked for."""
    plan, first, second = a_plan(), FakeHerald(), FakeHerald()

    words = Announce(what=Happening.STARTED, text="Started.")
    Fanout((first, second)).tell(plan, a_record(plan), words)

    assert first.said == second.said == [words]
