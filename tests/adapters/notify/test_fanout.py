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


def test_messengers_are_reminded_and_nobody_else_is() -> None:
    """It happened long ago: a log or a page would show it as new."""
    plan, log, messenger = a_plan(), FakeHerald(), FakeHerald()
    fanout = Fanout((log,), messengers=(messenger,))
    news = Announce(what=Happening.ROLLED_BACK, text="5xx.")
    reminder = Announce(what=Happening.ROLLED_BACK, text="5xx.", again=True)

    fanout.tell(plan, a_record(plan), news)
    fanout.tell(plan, a_record(plan), reminder)

    assert log.said == [news]
    assert messenger.said == [news, reminder]
