"""A morning's worth of rollouts, one for each state that the dashboard has."""

from __future__ import annotations

import asyncio
import dataclasses

from rolloutd.core.observation import Ruling
from rolloutd.core.plan import Confidence, Judgement, Plan, StartManual, SuccessRate
from rolloutd.core.state import Phase
from rolloutd.core.units import Percent, Ratio, Seconds
from tests.api.web.world import Health, Theatre, played
from tests.builders import pause, rise

CHECKOUT = played("checkout", rise(10, 6.0), rise(25, 600.0), rise(50, 900.0), rise(100, 0.0))
PAYMENTS = played("payments", rise(5, 4.0), rise(25, 300.0), rise(100, 0.0))
SEARCH = played("search", rise(10, 3.0), rise(50, 0.0), pause(), rise(100, 0.0))
CART = played("cart", rise(20, 2.0), rise(100, 0.0))
PROFILE = played("profile", rise(10, 300.0), rise(100, 0.0), start=StartManual())
CATALOG = played("catalog", rise(10, 300.0), rise(50, 300.0), rise(100, 0.0))


def _weighed(plan: Plan) -> Plan:
    """Judge by evidence, which tells a shared incident from a broken canary."""
    gate = SuccessRate(
        name="success rate",
        minimum=None,
        max_drop=Ratio(0.01),
        judgement=Judgement.SEQUENTIAL,
    )
    confidence = Confidence(warm_up=Seconds(2.0))
    return dataclasses.replace(plan, gates=(gate, *plan.gates[1:]), confidence=confidence)


ADS = _weighed(played("ads", rise(25, 1.0), rise(50, 1.0), rise(100, 300.0)))

FLEET = (CHECKOUT, PAYMENTS, SEARCH, CART, PROFILE, CATALOG, ADS)


async def perform(theatre: Theatre) -> None:
    """Bring every rollout but ADS into its state."""
    traffic = theatre.traffic
    traffic.canary[PAYMENTS.key] = Health(median=240.0)
    theatre.source.publish(*FLEET, complaints=("plans/web.yaml:14:7: unknown field 'wieght'",))
    await theatre.until(CATALOG.key, Phase.PROGRESSING)
    await theatre.clock.sleep(Seconds(3.0))
    traffic.silent.add(CATALOG.key)
    await theatre.until(PAYMENTS.key, Phase.ROLLED_BACK)
    await theatre.until(SEARCH.key, Phase.PAUSED)
    await theatre.until(CART.key, Phase.PROMOTED)


async def cast_suspicion(theatre: Theatre) -> None:
    """With all traffic on the canary, an incident of both arms looks like its fault."""
    key = ADS.key
    async with asyncio.timeout(90.0):
        while not _holds(theatre, ADS, Percent(100)):
            await theatre.clock.sleep(Seconds(0.1))
        theatre.traffic.stable[key] = theatre.traffic.canary[key] = Health(failing=0.2)
        while Ruling.SUSPECT not in _rulings(theatre, ADS):
            await theatre.clock.sleep(Seconds(0.05))
    # Clients give up: with so few requests the question stays open for a while.
    theatre.traffic.rates[key] = 1.0


def _holds(theatre: Theatre, plan: Plan, weight: Percent) -> bool:
    view = theatre.view_of(plan.key)
    return view is not None and view.desired == weight


def _rulings(theatre: Theatre, plan: Plan) -> list[Ruling]:
    """Return what a rollout's gates say."""
    view = theatre.view_of(plan.key)
    return [] if view is None else [verdict.ruling for verdict in view.verdicts]
