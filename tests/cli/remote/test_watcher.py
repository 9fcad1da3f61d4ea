"""Questions and answers that cross."""

from __future__ import annotations

from rolloutd.cli.remote.client import Client, Named, Order
from rolloutd.cli.remote.current import Current
from rolloutd.cli.remote.forms import Full
from rolloutd.cli.remote.keys import Asking
from rolloutd.cli.remote.link import Link, Trust
from rolloutd.cli.remote.options import rest
from rolloutd.cli.remote.place import Address
from rolloutd.cli.remote.watch import Watcher
from rolloutd.errors import Refused
from tests.builders import T0
from tests.cli.remote.pictures import a_full

CHECKOUT = Named("shop", "checkout")


class Declining(Client):
    """A daemon that declines every order."""

    def order(self, named: Named, order: Order) -> Full:
        raise Refused(f"Not done: {order.verb} {named}.")


class Typed:
    """Implements ``Keyboard`` with what was typed."""

    def __init__(self, keys: str) -> None:
        self._keys = keys

    def pressed(self) -> str:
        return self._keys


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
