"""Which runs have to be brought to their end, and when."""

from __future__ import annotations

import dataclasses

from rolloutd.core.plan import Key, Plan
from rolloutd.core.stray import Stray
from rolloutd.core.units import Seconds
from rolloutd.engine.orphans import GRACE, Orphans
from tests.builders import T0, a_plan, a_record
from tests.engine.test_supervisor import FakeCatalogue
from tests.fakes.clock import FakeClock
from tests.fakes.estate import FakeEstate

PLAN = a_plan()
STRAY = Stray(key=PLAN.key, record=a_record(PLAN, routes=PLAN.virtual_services))
RENAMED = dataclasses.replace(PLAN, key=Key("default", "renamed"))
NONE = FakeCatalogue({})
BROKEN = FakeCatalogue({}, ("shop.yaml:3:1: unknown field",))


def naming(*plans: Plan) -> FakeCatalogue:
    """Return a catalogue of these plans."""
    return FakeCatalogue({plan.key: plan for plan in plans})


class Watch:
    """Orphans over some time."""

    def __init__(self) -> None:
        self.clock = FakeClock(T0)
        self.estate = FakeEstate(STRAY)
        self.orphans = Orphans(self.estate, self.clock)

    async def abandoned_after(self, seconds: float, catalogue: FakeCatalogue) -> int:
        """Look now and after a while; return how many are to be brought to their end."""
        list(self.orphans.abandoned(catalogue))
        await self.clock.sleep(Seconds(seconds))
        return len(list(self.orphans.abandoned(catalogue)))


def test_a_run_of_a_plan_that_is_there_has_moved() -> None:
    """It need not be waited for: its plan says where it belongs."""
    assert Watch().orphans.moved(naming(PLAN)) == {PLAN.key: STRAY}
    assert Watch().orphans.moved(naming(RENAMED)) == {}


def test_a_run_whose_routes_another_plan_moves_is_superseded() -> None:
    """At once, for that plan waits for it."""
    ((stray, why),) = Watch().orphans.superseded(naming(RENAMED))

    assert stray == STRAY
    assert why == "the plan default/renamed moves its routes now"


def test_a_run_of_a_plan_that_is_there_is_not_superseded() -> None:
    """Its own plan brings it to its end."""
    assert list(Watch().orphans.superseded(naming(PLAN, RENAMED))) == []


def test_a_run_on_routes_that_nobody_wants_is_not_superseded() -> None:
    """It may only be away for a moment."""
    assert list(Watch().orphans.superseded(NONE)) == []


async def test_a_run_that_nobody_names_is_given_up_after_a_while() -> None:
    """And not before."""
    assert await Watch().abandoned_after(GRACE - 1, NONE) == 0
    assert await Watch().abandoned_after(GRACE, NONE) == 1


async def test_a_run_is_kept_while_a_plan_file_is_broken() -> None:
    """It may be the very one."""
    watch = Watch()

    assert await watch.abandoned_after(10 * GRACE, BROKEN) == 0
    assert await watch.abandoned_after(GRACE - 1, NONE) == 0


async def test_a_run_that_was_named_again_is_waited_for_anew() -> None:
    """The file came, and went again: that is another absence."""
    watch = Watch()
    await watch.abandoned_after(GRACE - 1, NONE)
    await watch.abandoned_after(1.0, naming(PLAN))

    assert await watch.abandoned_after(GRACE - 1, NONE) == 0
