"""An auditor that objects to nothing would make every seed clean."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator, Sequence

import pytest

from rolloutd.adapters.istio import annotations as ours
from rolloutd.core.record_text import to_text
from rolloutd.core.state import Cause, Pause, Phase, Record
from rolloutd.core.units import Instant, Percent
from rolloutd.ports import Json
from rolloutd.telemetry.metrics import Metrics
from tests.builders import a_record
from tests.simulation.cluster import CANARY, PRIMARY
from tests.simulation.plans import BY_CRON, HOURS, KEY, STAIRS, a_simulated_plan
from tests.simulation.scenario import quiet
from tests.simulation.stage import Stage
from tests.simulation.timeline import T0, VirtualClock

PATH = f"/apis/networking.istio.io/v1/namespaces/default/virtualservices/{PRIMARY}"
PLAN = a_simulated_plan(STAIRS[0], spans_two=False, retires=True)
AT_10 = a_record(PLAN, started=Instant(T0), since=Instant(T0), step_since=Instant(T0))
AT_50 = dataclasses.replace(AT_10, step=1, weight=Percent(50), since=Instant(T0 + 6.0))


class Desk:
    """A stage without a daemon, on which a test writes in the name of one."""

    def __init__(self, metrics: Metrics) -> None:
        self.stage = Stage(quiet(PLAN), metrics, traced=True)
        self.stage.cluster.build(PRIMARY)
        self.stage.audit.licence.plans.append(PLAN)
        self.stage.audit.almanac.enter("r0.1", VirtualClock(self.stage.timeline))

    def write(
        self, record: Record, canary: int, *more: Json, epoch: int = 7, who: str = "r0.1"
    ) -> str:
        """Write as a replica does; return what the auditor has to say."""
        key = ours.keys(KEY.name).record
        annotations = {ours.EPOCH: str(epoch), key: to_text(record)}
        weights = [
            _put(f"/spec/http/{route}/route/{arm}/weight", weight)
            for route in (0, 2)
            for arm, weight in ((0, 100 - canary), (1, canary))
        ]
        self.patch(_put("/metadata/annotations", annotations), *weights, *more, who=who)
        return self.stage.audit.violation

    def patch(self, *operations: Json, who: str) -> None:
        """Patch the VirtualService."""
        asyncio.run(self._patch(operations, who))

    async def _patch(self, operations: Sequence[Json], who: str) -> None:
        self.stage.cluster.writer = who
        await self.stage.cluster.api.patch(PATH, operations)
        self.stage.cluster.writer = ""


def _put(path: str, value: object) -> Json:
    return {"op": "add", "path": path, "value": value}


@pytest.fixture
def desk(metrics: Metrics) -> Iterator[Desk]:
    here = Desk(metrics)
    yield here
    here.stage.end()


def test_a_run_as_it_should_be_is_not_objected_to(desk: Desk) -> None:
    """Each of the objections below would be worth nothing otherwise."""
    assert desk.write(AT_10, 10) == ""
    assert desk.write(AT_50, 50) == ""
    done = dataclasses.replace(
        AT_50, step=2, weight=Percent(100), phase=Phase.PROMOTED, since=Instant(T0 + 12.0)
    )
    assert desk.write(done, 100) == ""


def test_weights_that_the_record_does_not_order(desk: Desk) -> None:
    assert "ordered 10 % and wrote" in desk.write(AT_10, 50)


def test_weights_that_do_not_sum_to_100(desk: Desk) -> None:
    uneven = _put("/spec/http/0/route/0/weight", 80)

    assert "no split of 100" in desk.write(AT_10, 10, uneven)


def test_a_weight_of_no_step(desk: Desk) -> None:
    record = dataclasses.replace(AT_10, weight=Percent(33))

    assert "a weight of no step" in desk.write(record, 33)


def test_more_than_weights(desk: Desk) -> None:
    assert "more than weights" in desk.write(AT_10, 10, _put("/spec/http/2/timeout", "9s"))


def test_two_writers_of_one_epoch(desk: Desk) -> None:
    desk.write(AT_10, 10)

    assert "which is r0.1's" in desk.write(AT_50, 50, who="r1.1")


def test_an_earlier_epoch(desk: Desk) -> None:
    desk.write(AT_10, 10)

    assert "after epoch 7" in desk.write(AT_50, 50, epoch=6, who="r1.1")


def test_a_step_left_too_soon(desk: Desk) -> None:
    desk.write(AT_10, 10)
    hasty = dataclasses.replace(AT_50, since=Instant(T0 + 3.0))

    assert "left step 0 after 3.0 s" in desk.write(hasty, 50)


def test_a_step_skipped(desk: Desk) -> None:
    desk.write(AT_10, 10)
    last = dataclasses.replace(AT_10, step=2, weight=Percent(100))

    assert "skipped from step 0 to 2" in desk.write(last, 100)


def test_a_run_left_behind(desk: Desk) -> None:
    desk.write(AT_10, 10)

    assert "left run 1 behind" in desk.write(dataclasses.replace(AT_10, run=2), 10)


def test_an_ended_run_that_goes_on(desk: Desk) -> None:
    desk.write(dataclasses.replace(AT_10, phase=Phase.ROLLED_BACK), 0)

    assert "a run that had ended" in desk.write(AT_10, 10)


def test_a_pause_that_did_not_last(desk: Desk) -> None:
    pause = Pause(cause=Cause.PERSON, actor="ana", reason="so")
    desk.write(dataclasses.replace(AT_10, phase=Phase.PAUSED, pause=pause), 10)
    desk.stage.audit.licence.held = True

    assert "a person had asked for" in desk.write(AT_50, 50)


def test_a_broken_canary_raised(desk: Desk) -> None:
    """Whoever takes a step without a fresh verdict takes it with this one, too."""
    desk.stage.audit.licence.broken = frozenset({CANARY})
    desk.write(AT_10, 10)

    assert "gave 50 % to a broken canary" in desk.write(AT_50, 50)


def test_a_broken_canary_promoted(desk: Desk) -> None:
    desk.stage.audit.licence.broken = frozenset({CANARY})
    done = dataclasses.replace(AT_50, step=2, weight=Percent(100), phase=Phase.PROMOTED)

    assert "promoted a broken canary" in desk.write(done, 100)


def test_a_record_that_cannot_be_read(desk: Desk) -> None:
    key = ours.keys(KEY.name).record
    desk.patch(_put("/metadata/annotations", {ours.EPOCH: "7", key: "{"}), who="r0.1")

    assert "can't be read" in desk.stage.audit.violation


def test_stable_scaled_down_with_traffic(desk: Desk) -> None:
    desk.write(AT_50, 50)
    desk.stage.timeline.now = 100.0
    desk.stage.cluster.writer = "r0.1"
    desk.stage.cluster.scale("v3", 0)

    assert "while shop sends traffic to it" in desk.stage.audit.violation


def test_a_step_outside_the_windows_is_seen(desk: Desk) -> None:
    """Hours in which nobody would see a rise go wrong."""
    desk.stage.audit.licence.plans = [dataclasses.replace(PLAN, windows=HOURS[0])]

    assert "outside the plan's windows" in desk.write(AT_10, 10)


def test_a_rise_within_a_step_needs_a_window_too(desk: Desk) -> None:
    """An edit may ask for more at the step where the run is."""
    desk.write(AT_10, 10)
    desk.stage.audit.licence.edited = True
    desk.stage.audit.licence.plans = [dataclasses.replace(PLAN, windows=HOURS[0])]

    raised = dataclasses.replace(AT_10, weight=Percent(50))
    assert "outside the plan's windows" in desk.write(raised, 50)


def test_a_pause_of_the_plan_needs_no_window_after_a_rise_within_a_step(desk: Desk) -> None:
    """It raises nothing: the weight was there before (seed 1018327)."""
    raised = dataclasses.replace(AT_10, weight=Percent(50))
    desk.write(AT_10, 10)
    desk.stage.audit.licence.edited = True
    desk.write(raised, 50)
    desk.stage.audit.licence.plans = [dataclasses.replace(PLAN, windows=HOURS[0])]

    paused = dataclasses.replace(raised, step=1, phase=Phase.PAUSED)
    assert desk.write(paused, 50) == ""


def test_a_run_that_begins_before_its_calendar_fires_is_seen(desk: Desk) -> None:
    """A cron says when, for all canaries that came before it."""
    desk.stage.audit.licence.plans = [dataclasses.replace(PLAN, start=BY_CRON)]

    assert "before its calendar had fired" in desk.write(AT_10, 10)
