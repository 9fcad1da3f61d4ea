"""What a seed stands for: the plan, the truth about the canary, and what is to go wrong."""

from __future__ import annotations

import dataclasses
import enum
import random
from collections.abc import Mapping
from dataclasses import dataclass

from rolloutd.core.plan import Plan
from tests.simulation.cluster import CANARY
from tests.simulation.plans import GATES, by_the_clock, simulated_plan
from tests.simulation.traffic import Sign
from tests.simulation.weather import (
    CALL_FAULTS,
    EVENT_FAULTS,
    METRICS_FAULTS,
    WATCH_FAULTS,
    Fault,
    seeded,
)


class Mishap(enum.Enum):
    """One thing that happens at a moment, not to a request."""

    CRASH = "killed"
    CRASH_IN_WRITE = "killed in a write"
    STOP = "stopped and restarted"
    FREEZE = "frozen past the lease"
    HICCUP = "slow tick"
    PARTITION = "partition"
    CLOCK_STEP = "wall clock step"
    FOREIGN_WEIGHTS = "foreign weights"
    GITOPS = "GitOps re-applies"
    RECREATED = "VirtualService recreated"
    HANDS_OFF = "pause annotation"
    PODS = "pods churn"
    HISTORY = "history compacted"
    WATCHES = "API server restarted"
    LEASE_DELETED = "lease deleted"
    PAUSE = "pause asked"
    SKIP = "skip asked"
    ROLLBACK = "rollback asked"
    RETRY = "retry asked"
    EDIT = "plan edited"
    BAD_EDIT = "plan broken and mended"
    REMOVAL = "plan removed and back"
    NEXT_CANARY = "plan names the next canary"


FREQUENT = (Mishap.CRASH, Mishap.CRASH_IN_WRITE, Mishap.FREEZE, Mishap.PARTITION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """All that a seed decides beforehand.

    Attributes:
        broken: Share of requests that fail, by version that is not well.
        chances: Of faults per occasion.
        latency: Mean of one way to the API server, in seconds.
        mishaps: What may happen besides.
        storm: How long things go wrong, in seconds.
        spacing: Mean time between two mishaps, in seconds.
        max_skew: How far wall clocks may be off, in seconds.
        sign: By what a version shows that it is not well.
    """

    seed: int
    replicas: int
    plan: Plan
    broken: Mapping[str, float]
    chances: Mapping[Fault, float]
    latency: float
    mishaps: tuple[Mishap, ...]
    storm: float
    spacing: float
    max_skew: float
    sign: Sign = Sign.FAILURES

    @property
    def is_calm(self) -> bool:
        """Whether nothing goes wrong at all."""
        return not self.mishaps and not self.chances


def scenario(seed: int) -> Scenario:
    """Return what a seed stands for."""
    chance = seeded(seed)
    plan = simulated_plan(chance, spans_two=chance.random() < 0.25)
    plan = by_the_clock(plan, seeded(seed * 7 + 3))
    is_calm = chance.random() < 0.03
    broken = {CANARY: chance.choice((0.05, 0.3, 1.0))} if chance.random() < 0.4 else {}
    return Scenario(
        seed=seed,
        replicas=chance.choice((1, 2, 2, 2, 3)),
        plan=plan,
        broken=broken,
        chances={} if is_calm else _chances(chance),
        latency=chance.choice((0.002, 0.01, 0.05, 0.3)),
        mishaps=() if is_calm else _mishaps(chance),
        storm=chance.uniform(10.0, 60.0),
        spacing=chance.choice((2.0, 4.0, 8.0)),
        max_skew=chance.choice((0.0, 0.0, 0.05, 2.0)),
    )


def judged_by(sign: Sign, what: Scenario) -> Scenario:
    """Return the scenario with a canary that shows otherwise that it is broken, if it is."""
    plan = dataclasses.replace(what.plan, gates=GATES[sign])
    return dataclasses.replace(what, plan=plan, sign=sign)


def quiet(plan: Plan, *, replicas: int = 1, broken: float = 0.0) -> Scenario:
    """Return a day on which nothing goes wrong but what a test itself does."""
    return Scenario(
        seed=1,
        replicas=replicas,
        plan=plan,
        broken={CANARY: broken} if broken else {},
        chances={},
        latency=0.01,
        mishaps=(),
        storm=0.0,
        spacing=1.0,
        max_skew=0.0,
    )


def _chances(chance: random.Random) -> Mapping[Fault, float]:
    """Switch kinds of faults on or off, each with a rate of its own."""
    chances: dict[Fault, float] = {}
    for kinds, most in (
        (CALL_FAULTS, 0.04),
        (WATCH_FAULTS, 0.12),
        (EVENT_FAULTS, 0.1),
        (METRICS_FAULTS, 0.08),
        ((Fault.STALE_READ,), 0.8),
    ):
        for kind in kinds:
            if chance.random() < 0.5:
                chances[kind] = chance.uniform(0.0, most)
    return chances


def _mishaps(chance: random.Random) -> tuple[Mishap, ...]:
    chosen = [each for each in Mishap if chance.random() < 0.3]
    return tuple(dict.fromkeys((chance.choice(FREQUENT), *chosen)))
