"""Nothing moves by a key alone."""

from __future__ import annotations

import pytest

from rolloutd.cli.remote.client import Order
from rolloutd.cli.remote.keys import (
    LONGEST_REASON,
    Asking,
    Giving,
    Leaving,
    Looking,
    Mode,
    Wish,
    press,
    prompt,
)
from tests.cli.remote.pictures import a_full

NOW = a_full()


def typed(keys: str, mode: Mode | None = None) -> Wish:
    """Press some keys, one after the other."""
    wish: Wish = mode or Looking()
    for key in keys:
        assert isinstance(wish, Looking | Asking)
        wish = press(wish, key, NOW)
    return wish


def test_an_order_needs_a_key_a_reason_and_enter() -> None:
    """It is held to the step whose effect was shown."""
    order = Order(verb="rollback", reason="p99 doubled", expected_step=1)

    assert typed("r p99 doublled\x7f\x7f\x7fed\n") == Giving(order)


@pytest.mark.parametrize(
    ("phase", "key", "verb"),
    [
        ("progressing", "p", "pause"),
        ("paused", "p", "resume"),
        ("progressing", "s", "skip"),
        ("waiting", "r", "rollback"),
    ],
)
def test_each_key_asks_for_its_order(phase: str, key: str, verb: str) -> None:
    """Its effect stands beside it."""
    wish = press(Looking(), key, a_full(phase=phase))

    assert isinstance(wish, Asking)
    assert wish.order.verb == verb
    assert wish.effect in prompt(wish, NOW)


def test_escape_leaves_an_order_ungiven() -> None:
    """Also after typing."""
    assert typed("rno\x1b") == Looking()


def test_a_question_takes_q_as_a_letter() -> None:
    """It does not quit in the middle of a word."""
    wish = typed("pq")

    assert isinstance(wish, Asking)
    assert wish.order.reason == "q"


def test_q_leaves() -> None:
    """The rollout goes on without us."""
    assert typed("q") == Leaving()


def test_other_keys_do_nothing() -> None:
    """Neither while looking nor, unprintable, in a reason."""
    assert typed("xP\t") == Looking()
    assert typed("p\x01") == typed("p")


def test_a_reason_is_no_longer_than_the_daemon_takes() -> None:
    """Pasting a log does not lose the order."""
    wish = typed("p" + "x" * 600)

    assert isinstance(wish, Asking)
    assert len(wish.order.reason) == LONGEST_REASON


def test_an_ended_rollout_takes_no_orders() -> None:
    """There is nothing left to skip."""
    ended = a_full(phase="promoted")

    assert press(Looking(), "r", ended) == Looking()
    assert prompt(Looking(), ended) == "[q]uit"


def test_what_was_said_last_stands_above_the_keys() -> None:
    """Such as why an order was declined."""
    assert prompt(Looking("Not done."), NOW).splitlines() == [
        "Not done.",
        "[p]ause   [s]kip hold   [r]oll back   [q]uit",
    ]
