"""The ledger answers the questions that a demonstration is judged by."""

from __future__ import annotations

from rolloutd.core.units import Instant, Seconds
from rolloutd.sandbox.services.ledger import NOWHERE, Call, Ledger


def call(start: float, end: float, version: str = "v4", *, status: int = 0) -> Call:
    """Make a call of which only these matter."""
    return Call(
        caller="business-product-0",
        start=Instant(start),
        end=Instant(end),
        version=version,
        pod=f"{version}-0",
        status=status,
    )


def ledger(*calls: Call, kept: int = 100) -> Ledger:
    """Make a ledger with these calls."""
    made = Ledger(kept=kept)
    for each in calls:
        made.record(each)
    return made


def test_calls_are_counted_by_version_and_together() -> None:
    """The demonstration ends with these numbers."""
    book = ledger(
        call(1, 2, "v3"), call(1, 2), call(2, 3, status=13), call(3, 4, NOWHERE, status=14)
    )

    assert (book.requests(), book.failures()) == (4, 2)
    assert (book.requests("v4"), book.failures("v4")) == (2, 1)
    assert (book.requests("v3"), book.failures("v3")) == (1, 0)
    assert (book.requests("v5"), book.failures("v5")) == (0, 0)


def test_the_first_bad_answer_counts_from_when_it_arrived() -> None:
    """Before that nobody could have known; detection is measured from here."""
    book = ledger(call(1, 9, status=13), call(2, 4, status=13), call(2, 3))

    assert book.first_bad("v4", Instant(0)) == Instant(4)


def test_bad_answers_of_before_and_of_others_do_not_count() -> None:
    """An earlier fault, or stable's, is another story."""
    book = ledger(call(1, 2, status=13), call(4, 5, "v3", status=13), call(6, 7, status=13))

    assert book.first_bad("v4", Instant(3)) == Instant(7)
    assert book.first_bad("v4", Instant(8)) is None


def test_a_slow_answer_is_bad_when_slowness_is_the_fault() -> None:
    """A latency fault fails no call."""
    book = ledger(call(1.0, 1.1), call(2.0, 2.5))

    assert book.first_bad("v4", Instant(0), slower=Seconds(0.3)) == Instant(2.5)
    assert book.first_bad("v4", Instant(0)) is None


def test_the_last_start_on_a_version_is_the_latest_sent_not_the_latest_answered() -> None:
    """Restoring is over when nobody is sent to the canary any more; answers may straggle."""
    book = ledger(call(5, 6), call(3, 8), call(7, 8, "v3"))

    assert book.last_start_on("v4") == Instant(5)
    assert book.last_start_on("v5") is None


def test_memory_is_bounded_and_counts_are_not() -> None:
    """A demonstration may run over night."""
    book = ledger(*(call(at, at + 1, status=13) for at in range(1000)), kept=10)

    assert len(book.recent()) == 10
    assert book.requests("v4") == 1000
    assert book.first_bad("v4", Instant(0)) == Instant(991)
