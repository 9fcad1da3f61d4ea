"""What waits for delivery is bounded, and rollbacks are safe."""

from __future__ import annotations

import time

import pytest

from rolloutd.adapters.notify.messages import Message, message
from rolloutd.adapters.notify.outbox import MEMORY, Outbox
from rolloutd.core.actions import Announce, Happening
from tests.builders import a_plan, a_record, at

PLAN = a_plan()


def a_message(run: int, what: Happening = Happening.STARTED) -> Message:
    return message(PLAN, a_record(PLAN, run=run), Announce(what=what, text="."), at(0))


def test_messages_come_out_in_the_order_they_went_in() -> None:
    """A story told backwards misleads."""
    outbox = Outbox()
    for run in (1, 2, 3):
        outbox.put(a_message(run))

    assert [outbox.take().occasion.run for _ in range(3)] == [1, 2, 3]


def test_a_full_one_gives_up_its_oldest_ordinary_message() -> None:
    """The newest tells most of how things stand."""
    outbox = Outbox(capacity=2)
    outbox.put(a_message(1, Happening.ROLLED_BACK))
    outbox.put(a_message(2))

    lost = outbox.put(a_message(3))

    assert lost == a_message(2)
    assert [outbox.take().occasion.run for _ in range(2)] == [1, 3]


def test_an_ordinary_message_finds_no_place_among_rollbacks() -> None:
    """They were there first, and matter more."""
    outbox = Outbox(capacity=1)
    outbox.put(a_message(1, Happening.ROLLED_BACK))

    assert outbox.put(a_message(2)) == a_message(2)
    assert len(outbox) == 1


@pytest.mark.parametrize("what", [Happening.ROLLED_BACK, Happening.ABORTED])
def test_rollbacks_are_kept_beyond_the_bound(what: Happening) -> None:
    """A run has one at most, so this stays small."""
    outbox = Outbox(capacity=1)
    lost = [outbox.put(a_message(run, what)) for run in range(5)]

    assert lost == [None] * 5
    assert len(outbox) == 5


def test_what_was_put_in_is_known_even_when_it_is_gone() -> None:
    """Told again after delivery, it would be sent twice."""
    outbox = Outbox()
    outbox.put(a_message(1))
    outbox.take()

    assert outbox.knows(a_message(1).occasion)
    assert not outbox.knows(a_message(2).occasion)


def test_its_memory_is_bounded() -> None:
    """A daemon runs for months."""
    outbox = Outbox()
    for run in range(MEMORY + 1):
        outbox.put(a_message(run))

    assert not outbox.knows(a_message(0).occasion)
    assert outbox.knows(a_message(1).occasion)


def test_asking_costs_no_more_when_it_remembers_much() -> None:
    """Telling happens within a rollout's turn."""
    outbox = Outbox()
    for run in range(MEMORY):
        outbox.put(a_message(run))
    asked = a_message(MEMORY).occasion

    costs = []
    for _ in range(101):
        began = time.perf_counter()
        outbox.knows(asked)
        costs.append(time.perf_counter() - began)

    assert sorted(costs)[50] < 0.0001
