"""The daemon's own figures."""

from __future__ import annotations

import dataclasses
import math

import pytest

from rolloutd.core.actions import Announce, Decision, Happening, Outlook
from rolloutd.core.observation import Ruling, SplitSeen
from rolloutd.core.state import Cause, Pause, Phase, Record, State
from rolloutd.core.units import Percent, Ratio
from rolloutd.engine.bookkeeping import Written, show, wrote
from rolloutd.engine.view import View
from rolloutd.engine.world import World
from rolloutd.telemetry.metrics import Metrics
from tests.builders import T0, a_plan, a_record, at, says
from tests.fakes.clock import FakeClock
from tests.fakes.herald import FakeHerald
from tests.fakes.mesh import FakeMesh
from tests.fakes.workloads import FakeWorkloads

LABELS = {"rollout_namespace": "default", "rollout": "data-product"}


def test_a_view_becomes_gauges() -> None:
    """What the page shows, the monitoring can plot."""
    plan, metrics = a_plan(), Metrics()
    verdict = dataclasses.replace(
        says(Ruling.FINE), canary=0.998, stable=0.999, limit=0.99, room=0.008, samples=1200
    )
    view = View(
        plan=plan,
        record=a_record(plan, step=1),
        at=T0,
        outlook=Outlook(why="", what_next=""),
        desired=Percent(50),
        split=SplitSeen(canary=Ratio(0.48), requests=100, in_force=True),
        verdicts=(verdict,),
    )

    show(metrics, view)

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, {**LABELS, **labels})

    weight = "rolloutd_traffic_weight_ratio"
    assert value(weight, track="canary", source="desired") == 0.5
    assert value(weight, track="stable", source="observed") == 0.52
    assert value("rolloutd_step") == 1
    gate = "success-rate"
    assert value("rolloutd_gate_value", gate=gate, track="canary") == 0.998
    assert value("rolloutd_gate_limit", gate=gate, bound="min") == 0.99
    assert value("rolloutd_gate_headroom_ratio", gate=gate) == 0.008
    assert value("rolloutd_gate_samples", gate=gate, track="canary") == 1200


class Books:
    """Metrics of one rollout, and the writes that fill them."""

    def __init__(self) -> None:
        self.plan, self.metrics = a_plan(), Metrics()
        self._world = World(
            clock=FakeClock(at(100)),
            mesh=FakeMesh(),
            workloads=FakeWorkloads(),
            herald=FakeHerald(),
            metrics=self.metrics,
        )

    def write(
        self, said: Announce, before: Record | None, after: Record | None, wanted: float = 98
    ) -> None:
        decision = Decision(
            state=State(record=after),
            actions=(said,),
            outlook=Outlook(why="", what_next=""),
        )
        written = Written(before=before, decision=decision, wanted=at(wanted))
        wrote(self._world, self.plan, written)

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


def test_a_pause_is_timed_by_what_caused_it() -> None:
    """Waiting for people and waiting by plan are different problems."""
    books = Books()
    held = Pause(cause=Cause.PERSON, actor="ana", reason="look")
    before = a_record(books.plan, phase=Phase.PAUSED, pause=held, since=at(10))
    after = a_record(books.plan, since=at(70))

    books.write(Announce(what=Happening.RESUMED, text="."), before, after)

    assert books.value("rolloutd_pause_duration_seconds_sum", source="person") == 60.0


def test_a_pause_that_goes_on_is_not_timed_yet() -> None:
    """A note written in mid-pause ends nothing."""
    books = Books()
    held = Pause(cause=Cause.PERSON, actor="ana", reason="look")
    paused = a_record(books.plan, phase=Phase.PAUSED, pause=held, since=at(10))

    books.write(Announce(what=Happening.CLEARED, text="."), paused, paused)

    assert books.value("rolloutd_pause_duration_seconds_count", source="person") is None


def test_drift_that_ends_in_a_pause_is_counted_as_such() -> None:
    """Somebody fights us for the weights: that is another alarm than one slip."""
    books = Books()
    held = Pause(cause=Cause.DRIFT, actor="", reason="four times")
    after = a_record(books.plan, phase=Phase.PAUSED, pause=held)

    books.write(Announce(what=Happening.PAUSED, text="."), a_record(books.plan), after)

    name = "rolloutd_weight_drift_total"
    assert books.value(name, **LABELS, action="paused") == 1
    assert books.value(name, **LABELS, action="corrected") is None


def test_drift_that_was_put_right_is_counted_as_such() -> None:
    """One slip, one count."""
    books = Books()
    record = a_record(books.plan)

    books.write(Announce(what=Happening.DRIFT, text="."), record, record)

    assert books.value("rolloutd_weight_drift_total", **LABELS, action="corrected") == 1


@pytest.mark.parametrize(
    ("what", "actor", "result", "trigger"),
    [
        (Happening.PROMOTED, "", "promoted", "auto"),
        (Happening.PROMOTED, "ana", "promoted", "manual"),
        (Happening.ROLLED_BACK, "", "rolled_back", "auto"),
        (Happening.SUPERSEDED, "", "superseded", "auto"),
        (Happening.ABORTED, "ana", "aborted", "manual"),
    ],
)
def test_a_run_is_counted_by_its_end_and_by_who_ended_it(
    what: Happening, actor: str, result: str, trigger: str
) -> None:
    """A team that aborts by hand has other gates to write than one whose gates do it."""
    books = Books()

    books.write(Announce(what=what, text=".", actor=actor), None, a_record(books.plan))

    name = "rolloutd_rollouts_total"
    assert books.value(name, **LABELS, result=result, trigger=trigger) == 1
    assert books.value("rolloutd_rollout_duration_seconds_sum", result=result) == 100.0


def test_detection_is_timed_from_the_weight_to_the_decision() -> None:
    """It bounds how long a fault at this weight went unnoticed."""
    books = Books()
    said = Announce(what=Happening.ROLLED_BACK, text=".", verdicts=(says(Ruling.BREACH),))
    after = a_record(books.plan, phase=Phase.ROLLED_BACK, step_since=at(90))

    books.write(said, a_record(books.plan), after, wanted=97)

    assert books.value("rolloutd_breach_detection_seconds_sum") == 7.0
    assert books.value("rolloutd_rollback_duration_seconds_sum") == 3.0


def test_a_pause_on_a_breach_is_a_detection_too() -> None:
    """With ``onBreach: pause`` the gates did the same work."""
    books = Books()
    held = Pause(cause=Cause.BREACH, actor="", reason="5xx")
    after = a_record(books.plan, phase=Phase.PAUSED, pause=held, step_since=at(90))

    books.write(Announce(what=Happening.PAUSED, text="."), a_record(books.plan), after)

    assert books.value("rolloutd_breach_detection_seconds_sum") == 8.0


def test_a_rollback_without_a_breach_detects_nothing() -> None:
    """Blind for too long: the gates saw no fault."""
    books = Books()
    said = Announce(what=Happening.ROLLED_BACK, text=".", verdicts=(says(Ruling.BLIND),))
    after = a_record(books.plan, phase=Phase.ROLLED_BACK)

    books.write(said, a_record(books.plan), after)

    assert books.value("rolloutd_breach_detection_seconds_count") == 0


def test_a_write_without_a_record_is_only_counted() -> None:
    """Nothing is known of the run then."""
    books = Books()

    books.write(Announce(what=Happening.RESUMED, text="."), None, None)

    assert books.value("rolloutd_writes_total", **LABELS, outcome="accepted") == 1


def test_what_is_no_longer_known_is_no_longer_shown() -> None:
    """The last value of a blind gate would pass for the present one."""
    plan, metrics = a_plan(), Metrics()
    seen = dataclasses.replace(says(Ruling.FINE), canary=0.998, room=0.5)
    outlook = Outlook(why="", what_next="")
    view = View(plan=plan, record=None, at=T0, outlook=outlook, verdicts=(seen,))
    show(metrics, view)

    show(metrics, dataclasses.replace(view, verdicts=(says(Ruling.BLIND),)))

    labels = {**LABELS, "gate": "success-rate"}
    get = metrics.registry.get_sample_value
    value = get("rolloutd_gate_value", {**labels, "track": "canary"})
    room = get("rolloutd_gate_headroom_ratio", labels)
    assert value is not None
    assert room is not None
    assert math.isnan(value)
    assert math.isnan(room)


class Shown:
    """Metrics that are shown one view after the other, as a rollout does."""

    def __init__(self, view: View) -> None:
        self.metrics, self.view = Metrics(), view
        show(self.metrics, view)

    def then(self, view: View) -> None:
        """Show the next one."""
        before, self.view = self.view, view
        show(self.metrics, view, before)

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, {**LABELS, **labels})


def shown() -> Shown:
    plan, outlook = a_plan(), Outlook(why="", what_next="")
    said = dataclasses.replace(says(Ruling.FINE), canary=0.998)
    view = View(
        plan=plan,
        record=a_record(plan, step=1),
        at=T0,
        outlook=outlook,
        desired=Percent(50),
        verdicts=(said,),
    )
    return Shown(view)


def test_every_change_of_a_view_reaches_its_gauges() -> None:
    """What did not change is left as it is, and only that: an old phase would be a lie."""
    books, gate = shown(), {"gate": "success-rate", "track": "canary"}
    plan = books.view.plan

    books.then(
        dataclasses.replace(books.view, record=a_record(plan, step=2, phase=Phase.PAUSED))
    )
    assert books.value("rolloutd_step") == 2
    assert books.value("rolloutd_rollout_paused") == 1
    assert books.value("rolloutd_rollout_phase", phase="progressing") == 0

    books.then(dataclasses.replace(books.view, desired=Percent(75)))
    weight = {"track": "canary", "source": "desired"}
    assert books.value("rolloutd_traffic_weight_ratio", **weight) == 0.75

    books.then(
        dataclasses.replace(
            books.view, verdicts=(dataclasses.replace(says(Ruling.FINE), canary=0.5),)
        )
    )

    assert books.value("rolloutd_gate_value", **gate) == 0.5


def test_after_an_edit_of_the_plan_all_gauges_are_set_anew() -> None:
    """Its series are others, though record and verdicts are still the same."""
    books = shown()
    edited = dataclasses.replace(books.view.plan, digest="d2")
    books.metrics.gate_value.drop(books.view.plan.key)
    books.metrics.phase.drop(books.view.plan.key)

    books.then(dataclasses.replace(books.view, plan=edited))

    assert books.value("rolloutd_gate_value", gate="success-rate", track="canary") == 0.998
    assert books.value("rolloutd_rollout_phase", phase="progressing") == 1


def test_what_two_views_share_is_set_once() -> None:
    """It was a third of every turn, hundreds of times a second."""
    books = shown()
    books.metrics.gate_value.drop(books.view.plan.key)
    books.metrics.phase.drop(books.view.plan.key)

    books.then(dataclasses.replace(books.view, at=at(5)))

    assert books.value("rolloutd_gate_value", gate="success-rate", track="canary") is None
    assert books.value("rolloutd_rollout_phase", phase="progressing") is None


def test_a_verdict_on_a_gate_that_the_plan_no_longer_has_is_not_shown() -> None:
    """Its series would come back after the edit that removed it."""
    metrics, outlook = Metrics(), Outlook(why="", what_next="")
    gone = dataclasses.replace(says(Ruling.FINE), gate="old", canary=1.0)

    show(metrics, View(plan=a_plan(), record=None, at=T0, outlook=outlook, verdicts=(gone,)))

    labels = {**LABELS, "gate": "old", "track": "canary"}
    assert metrics.registry.get_sample_value("rolloutd_gate_value", labels) is None
