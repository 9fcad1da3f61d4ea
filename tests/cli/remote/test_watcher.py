"""Questions and answers that cross."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from rolloutd.cli.remote.client import Client, Named, Order
from rolloutd.cli.remote.current import Current
from rolloutd.cli.remote.forms import Full
from rolloutd.cli.remote.keys import Asking
from rolloutd.cli.remote.link import Link, Trust
from rolloutd.cli.remote.options import rest
from rolloutd.cli.remote.place import Address
from rolloutd.cli.remote.trend import Trend, Trends
from rolloutd.cli.remote.watch import Watcher
from rolloutd.errors import Refused, Unavailable
from tests.builders import T0
from tests.cli.remote.pictures import a_full

CHECKOUT, ELSEWHERE = Named("shop", "checkout"), Named("shop", "elsewhere")

SEEN = Trend(seen=T0, canary=(0.9, 0.9, 1.0), stable=(1.0, 1.0, 1.0))


class Declining(Client):
    """A daemon that declines every order."""

    def order(self, named: Named, order: Order) -> Full:
        raise Refused(f"Not done: {order.verb} {named}.")


class Remembering(Client):
    """A daemon that has seen a gate before, and one that hasn't."""

    def trends(self, named: Named, run: int | None) -> Trends:
        if named != CHECKOUT:
            raise Unavailable("Nobody knows.")
        return Trends(run=run, gates={"success-rate": SEEN})


class Typed:
    """Implements ``Keyboard`` with what was typed."""

    def __init__(self, keys: str) -> None:
        self._keys = keys

    def pressed(self) -> str:
        return self._keys


@pytest.mark.parametrize(("watched", "drawn"), [(CHECKOUT, True), (ELSEWHERE, False)])
def test_curves_begin_before_anybody_watched(watched: Named, *, drawn: bool) -> None:
    """Who is called in needs the minutes before the call; without them the picture stands."""
    client = Remembering(Link(Address("http://127.0.0.1:1"), Trust()), rest)
    watcher = Watcher(client, watched, Current(watched, lambda _: a_full(), lambda: T0))
    console = Console(file=io.StringIO(), width=110, record=True)
    console.print(watcher._picture())

    assert ("▁▁█" in console.export_text()) is drawn


def test_an_answer_does_not_take_a_question_away() -> None:
    """Keys that were meant for a reason would be taken for orders."""
    client = Declining(Link(Address("http://127.0.0.1:1"), Trust()), rest)
    current = Current(CHECKOUT, lambda _: a_full(), lambda: T0)
    watcher = Watcher(client, CHECKOUT, current)
    watcher._hear(Typed("p\n"))
    watcher._hear(Typed("rw"))
    while watcher._under_way:
        watcher._take_answers()
    mode = watcher._mode

    assert isinstance(mode, Asking)
    assert (mode.order.verb, mode.order.reason) == ("rollback", "w")
    assert mode.effect.startswith("Not done: pause shop/checkout.\nAll traffic goes to v3")
