"""How old is what we show?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from rolloutd.cli.remote.client import Named
from rolloutd.cli.remote.current import Current
from rolloutd.cli.remote.events import News
from rolloutd.cli.remote.follower import Ended, Joined, Lost, Tidings
from rolloutd.cli.remote.forms import Full
from rolloutd.cli.remote.link import ProblemError
from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Refused, RolloutdError, Unavailable
from tests.builders import T0
from tests.cli.remote.pictures import a_full

CHECKOUT = Named("shop", "checkout")
ABOUT_IT = News(kind="rollout", form={"namespace": "shop", "name": "checkout"})
ABOUT_OTHERS = News(kind="rollout", form={"namespace": "shop", "name": "cart"})
AWAY = Unavailable("It can't be reached.")


class World:
    """A daemon that answers from a list, the last again and again; a clock set by hand."""

    def __init__(self, *answers: Full | RolloutdError) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.at = T0
        self.heard: list[Tidings] = []

    def look(self, named: Named) -> Full:
        assert named == CHECKOUT
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, RolloutdError):
            raise answer
        return answer

    def clock(self) -> Instant:
        return self.at

    def next(self, patience: Seconds) -> Tidings | None:
        assert patience >= 0
        return self.heard.pop(0) if self.heard else None

    def current(self) -> Current:
        return Current(CHECKOUT, self.look, self.clock)

    def after(self, seconds: float, current: Current, heard: Sequence[Tidings] = ()) -> None:
        """Let time pass, then hear something."""
        self.at = Instant(self.at + seconds)
        self.heard = list(heard)
        current.wait(self, Seconds(0.0))


@pytest.mark.parametrize("tidings", [Joined(), ABOUT_IT, News(kind="reset")])
def test_news_of_the_rollout_are_looked_up(tidings: Tidings) -> None:
    """Events say that something moved; the answer says everything."""
    world = World(a_full(), a_full(why="Moved."))
    current = world.current()

    world.after(0.1, current, [tidings])

    assert current.now.why == "Moved."


def test_news_of_others_cost_no_look() -> None:
    """A daemon has hundreds of rollouts."""
    world = World(a_full())
    current = world.current()

    world.after(0.1, current, [ABOUT_OTHERS, News(kind="heartbeat"), News(kind="word", form=3)])

    assert world.asked == 1


def test_without_news_it_is_asked_for_once_an_interval() -> None:
    """Events tell of changes alone; that nothing changed has to be heard, too."""
    world = World(a_full())
    current = world.current()

    for _ in range(10):
        world.after(1.0, current)

    assert world.asked == 1 + 10 // 5


def test_an_old_answer_is_stale_after_two_intervals() -> None:
    """Never show old green."""
    world = World(a_full(), AWAY)
    current = world.current()

    world.after(9.0, current, [Lost("The daemon hung up.")])
    fresh = current.staleness()
    world.after(2.0, current)

    assert fresh == ""
    assert current.staleness() == "Nothing heard for 11s. It can't be reached."


def test_a_daemon_that_answers_without_looking_is_stale_too() -> None:
    """Its loop may hang while its HTTP server lives."""
    world = World(a_full(seen=Instant(T0 - 60.0), told=T0))

    assert world.current().staleness() == "The daemon's last look at it was 60s ago."


@pytest.mark.parametrize("phase", ["promoted", "waiting"])
def test_a_rollout_that_nobody_looks_at_is_not_stale(phase: str) -> None:
    """It rests; so may the daemon."""
    world = World(a_full(phase=phase, seen=Instant(T0 - 60.0), told=T0))

    assert world.current().staleness() == ""


def test_clocks_may_differ() -> None:
    """The daemon's time goes on from what it said, whatever the time is here."""
    world = World(a_full(told=Instant(T0 + 7200.0), seen=Instant(T0 + 7199.0)))
    current = world.current()
    world.at = Instant(T0 + 3.0)

    assert current.daemon_time() == T0 + 7203.0
    assert current.staleness() == ""


def test_an_answer_ends_the_trouble() -> None:
    """It is not told of for ever."""
    world = World(a_full(), AWAY, a_full(told=None))
    current = world.current()
    world.after(0.1, current, [ABOUT_IT])
    trouble = current.trouble
    world.after(5.0, current)

    assert (trouble, current.trouble) == ("It can't be reached.", "")


def test_a_replica_that_does_not_lead_yet_is_waited_for() -> None:
    """503 passes within seconds."""
    world = World(a_full(), ProblemError(503, "not-leading", "Not me."))
    current = world.current()
    world.after(0.1, current, [ABOUT_IT])

    assert current.trouble == "Not me."


@pytest.mark.parametrize(
    "end",
    [
        lambda: (World(a_full(), ProblemError(401, "unknown", "Who?")), [ABOUT_IT]),
        lambda: (World(a_full()), [Ended("Who?")]),
    ],
)
def test_what_does_not_pass_is_the_end(
    end: Callable[[], tuple[World, list[Tidings]]],
) -> None:
    """A token that ended won't come back by waiting."""
    world, heard = end()
    current = world.current()

    with pytest.raises(Refused, match=r"Who\?"):
        world.after(0.1, current, heard)
