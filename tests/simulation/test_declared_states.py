"""Acto's questions: does the way matter, and does it find back from a bad plan?"""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from rolloutd.adapters.istio.annotations import keys
from rolloutd.core.observation import CommandKind
from rolloutd.core.plan import Plan, Routes
from rolloutd.core.state import Phase
from rolloutd.telemetry.metrics import Metrics
from tests.simulation.cluster import CANARY, ELSEWHERE, NEXT, PRIMARY, STABLE
from tests.simulation.plans import (
    KEY,
    STAIRS,
    a_simulated_plan,
    moved_elsewhere,
    with_next_canary,
)
from tests.simulation.run import settle
from tests.simulation.scenario import quiet
from tests.simulation.stage import Stage

BASE = a_simulated_plan(STAIRS[0], spans_two=False, retires=False)

EDITIONS = {
    "other steps": dataclasses.replace(BASE, steps=STAIRS[2], digest="steps"),
    "other canary": with_next_canary(BASE, 7),
    "longer steps": dataclasses.replace(BASE, steps=STAIRS[1], digest="longer"),
}


def end_of(metrics: Metrics, *editions: Plan, every: float) -> tuple[str, object, object]:
    """Publish editions one after the other; return what is wrong, the phase, the weights."""
    stage = Stage(quiet(editions[0]), metrics, traced=False)
    stage.begin()
    for edition in editions[1:]:
        stage.timeline.run(stage.timeline.now + every)
        stage.publish(edition)
    settle(stage)
    record, weights = stage.record(), dict(stage.weights())
    stage.end()
    return stage.audit.violation, record and record.phase, weights


@pytest.mark.parametrize("every", [0.5, 4.0, 9.0])
@pytest.mark.parametrize("names", list(itertools.permutations(EDITIONS, 2)), ids="-".join)
def test_the_way_to_a_plan_does_not_matter(
    names: tuple[str, str], every: float, metrics: Metrics
) -> None:
    """A -> B -> C ends where C alone does, at whatever moment the edits come.

    Edits may come too late: traffic that was promoted is not taken away by an edit. So every
    edit here comes before the last step of any edition.
    """
    way = (BASE, *(EDITIONS[name] for name in names))

    assert end_of(metrics, *way, every=every) == end_of(metrics, way[-1], every=0.0)


@pytest.mark.parametrize(
    "bad",
    [
        dataclasses.replace(
            BASE, virtual_services=(Routes(virtual_service="nowhere", routes=()),), digest="b1"
        ),
        dataclasses.replace(
            BASE,
            canary=dataclasses.replace(BASE.canary, subset="v9", deployment="shop-v9"),
            digest="b2",
        ),
        dataclasses.replace(
            BASE,
            canary=dataclasses.replace(BASE.canary, deployment="shop-v9"),
            digest="b3",
        ),
    ],
    ids=["no such VirtualService", "no such subset", "no such Deployment"],
)
@pytest.mark.parametrize("after", [0.5, 4.0])
def test_a_bad_plan_is_recovered_from(bad: Plan, after: float, metrics: Metrics) -> None:
    """Somebody publishes nonsense in mid-run, and then puts it right."""
    stage = Stage(quiet(BASE), metrics, traced=False)
    stage.begin()
    stage.timeline.run(after)
    stage.publish(bad)
    stage.timeline.run(stage.timeline.now + 30.0)
    meanwhile = dict(stage.weights(PRIMARY))
    stage.publish(dataclasses.replace(BASE, digest="good"))
    settle(stage)
    record, weights = stage.record(), dict(stage.weights())
    stage.end()

    assert stage.audit.violation == ""
    assert meanwhile[STABLE] + meanwhile[CANARY] == 100
    assert record is not None
    assert record.phase is Phase.PROMOTED
    assert weights == {STABLE: 0, CANARY: 100, NEXT: 0}


@pytest.mark.parametrize("after", [0.5, 4.0, 9.0])
def test_a_plan_that_moves_puts_the_old_place_back(after: float, metrics: Metrics) -> None:
    """It names another VirtualService now: the old one must not keep a canary's weights."""
    stage = Stage(quiet(BASE), metrics, traced=False)
    stage.begin()
    stage.timeline.run(after)
    stage.publish(moved_elsewhere(BASE, 7))
    stage.timeline.run(stage.timeline.now + 60.0)
    old, new = dict(stage.weights(PRIMARY)), dict(stage.weights(ELSEWHERE))
    stage.end()

    assert stage.audit.violation == ""
    assert old == {STABLE: 100, CANARY: 0, NEXT: 0}
    assert new == {STABLE: 0, CANARY: 100, NEXT: 0}


@pytest.mark.parametrize("after", [0.5, 4.0, 9.0])
def test_a_record_torn_by_hand_holds_until_a_person_says_retry(
    after: float, metrics: Metrics
) -> None:
    """Nobody knows where the run was: traffic stays where it is, and a new run ends well."""
    stage = Stage(quiet(BASE), metrics, traced=False)
    stage.begin()
    stage.timeline.run(after)
    stage.cluster.annotate(PRIMARY, keys(KEY.name).record, "{edited by hand")
    torn, writes = dict(stage.weights(PRIMARY)), stage.audit.writes
    stage.timeline.run(stage.timeline.now + 60.0)
    held, meanwhile = dict(stage.weights(PRIMARY)), stage.audit.writes - writes
    stage.order(CommandKind.RETRY)
    settle(stage)
    record, weights = stage.record(), dict(stage.weights(PRIMARY))
    stage.end()

    assert (held, meanwhile) == (torn, 0)
    assert stage.audit.violation == ""
    assert record is not None
    assert record.phase is Phase.PROMOTED
    assert weights == {STABLE: 0, CANARY: 100, NEXT: 0}
