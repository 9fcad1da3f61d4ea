"""The benchmark's gate is the gate: what it measures holds for what runs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bench.gate.ours import Field
from bench.gate.twin import Counts, Twin
from bench.gate.world import Cell, World
from rolloutd.core.decide import decide
from rolloutd.core.gate import hear, seat, verdicts
from rolloutd.core.gate.control import from_history
from rolloutd.core.gate.rules import rules
from rolloutd.core.gate.stream import Stream, Tally, advanced, opened
from rolloutd.core.machine import ordered
from rolloutd.core.observation import (
    Counts as ArmCounts,
)
from rolloutd.core.observation import (
    GateVerdict,
    History,
    MeshSeen,
    Observation,
    Sample,
    WorkloadSeen,
)
from rolloutd.core.plan import Judgement, WeightStep
from rolloutd.core.state import Phase, Record, State
from rolloutd.core.units import Instant, Percent, Seconds
from tests.core.gate.cases import plan, success

RULES = rules(false_rollback=1e-3, certainty=0.99, regression=0.01)
ROLLOUTS = 6


def past_of(world: World, number: int) -> History:
    return History(
        requests=int(world.past.requests[number]),
        failures=int(world.past.failures[number]),
        dispersion=float(world.past.dispersion[number]),
    )


def row(drawn: Counts, number: int) -> tuple[int, int, int, int]:
    return (
        int(drawn.canary_requests[number]),
        int(drawn.canary_failures[number]),
        int(drawn.stable_requests[number]),
        int(drawn.stable_failures[number]),
    )


def drawn_from(world: World, weight: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Counts:
    return Counts(*(each.astype(np.float64) for each in world.counts(weight, world.ratios())))


@pytest.mark.parametrize("noise", ["iid", "od", "inc", "od+inc", "blip", "drift"])
@pytest.mark.parametrize(
    ("rate", "baseline", "rise"), [(5, 0.001, 0.0), (50, 0.001, 0.0), (500, 0.01, 0.01)]
)
def test_both_sum_the_same_evidence(
    noise: str, rate: int, baseline: float, rise: float
) -> None:
    """The table in the docs is about the code that rolls back."""
    cell = Cell(rate=rate, baseline=baseline, rise=rise, noise=noise)
    world = World(cell, ROLLOUTS, seed=3)
    twin = Twin(RULES, world.past, 5.0)
    streams: list[Stream] = [
        opened(RULES, *from_history(past_of(world, number))) for number in range(ROLLOUTS)
    ]
    for step in range(100):
        drawn = drawn_from(world, np.full(ROLLOUTS, 10.0 if step < 40 else 50.0))
        twin.advance(drawn)
        streams = [
            advanced(stream, RULES, Tally(5.0, 5.0, *row(drawn, number)))
            for number, stream in enumerate(streams)
        ]

    assert [s.past.log for s in streams] == pytest.approx(twin.against_past.log, abs=1e-9)
    assert [s.present.log for s in streams] == pytest.approx(twin.against_present.log, abs=1e-9)
    assert [s.certificate.matters for s in streams] == pytest.approx(
        twin.certificate[0], abs=1e-9
    )
    assert [s.control.sky.since is not None for s in streams] == list(twin.incident)


class Daemon:
    """One rollout as the daemon runs it: the real jury, the real policy."""

    def __init__(self, cell: Cell, history: History) -> None:
        steps = tuple(
            WeightStep(weight=Percent(weight), hold=Seconds(60.0)) for weight in cell.weights
        )
        last = WeightStep(weight=Percent(100), hold=Seconds(0.0))
        gated = plan(success(Judgement.SEQUENTIAL))
        self.plan = dataclasses.replace(gated, steps=(*steps, last))
        self.jury = seat(self.plan, history)
        self.state = State()
        self._decide((), Instant(0.0))

    @property
    def record(self) -> Record:
        assert self.state.record is not None
        return self.state.record

    @property
    def weight(self) -> int:
        return int(ordered(self.record) or 0)

    def turn(self, number: int, counted: tuple[int, int, int, int]) -> None:
        end = Instant(5.0 * (number + 1))
        sample = Sample(
            start=Instant(5.0 * number),
            end=end,
            canary=ArmCounts(requests=counted[0], failures=counted[1]),
            stable=ArmCounts(requests=counted[2], failures=counted[3]),
            weight=Percent(self.weight),
            values={},
        )
        self.jury = hear(self.jury, sample)
        self._decide(verdicts(self.jury), end)

    def _decide(self, said: tuple[GateVerdict, ...], now: Instant) -> None:
        ready = WorkloadSeen(ready=True, why="", revision="r", replicas=3)
        share = None if self.state.record is None else Percent(self.weight)
        mesh = MeshSeen(
            canary=share, record=None, primary_in_step=True, secondaries_in_step=True
        )
        seen = Observation(wall=now, mesh=mesh, stable=ready, canary=ready, verdicts=said)
        self.state = decide(self.plan, self.state, seen, now).state


@pytest.mark.parametrize("rise", [0.0, 0.01, 1.0])
@pytest.mark.parametrize("noise", ["iid", "od+inc", "blip"])
def test_both_take_the_same_steps(noise: str, rise: float) -> None:
    """Delays are delays of the daemon's own policy, holds and suspicion included."""
    cell = Cell(rate=50, baseline=0.001, rise=rise, noise=noise)
    world = World(cell, 1, seed=11)
    twin, field = Twin(RULES, world.past, 5.0), Field(cell, 1)
    daemon = Daemon(cell, past_of(world, 0))
    ends: list[tuple[bool, bool]] = []
    weights: list[tuple[int, int]] = []
    ended = (False, False)
    for number in range(300):
        drawn = drawn_from(world, field.weight)
        twin.advance(drawn)
        back, promoted, asked = (bool(e[0]) for e in field.decide(twin, 5.0 * (number + 1)))
        daemon.turn(number, row(drawn, 0))
        phase = daemon.record.phase
        ends.append((phase is Phase.ROLLED_BACK, phase is Phase.PROMOTED))
        ended = (back, promoted)
        if back or promoted or asked:
            break
        weights.append((int(field.weight[0]), daemon.weight))

    assert ends[-1] == ended
    assert not any(rolled_back or through for rolled_back, through in ends[:-1])
    assert all(ours == theirs for ours, theirs in weights)
