"""A run that nobody's plan carries any more, and the plan by which it is brought to its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rolloutd.core.plan import (
    Afterwards,
    Arm,
    Confidence,
    IstioMetrics,
    Key,
    Metrics,
    OnBlind,
    OnBreach,
    Plan,
    Reporter,
    Routes,
    Samples,
    StartManual,
    WeightStep,
)
from rolloutd.core.state import Record
from rolloutd.core.units import Seconds

_USUAL = Seconds(5.0)
"""Nothing is judged, but the plan that comes next is first looked at in this rhythm."""

_AWHILE = Seconds(1200.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A run under way whose record lies where no plan looks for one.

    Attributes:
        key: Of the plan that began it.
        record: With its routes; the first of them is where it lies.
    """

    key: Key
    record: Record

    @property
    def primary(self) -> str:
        """The VirtualService that bears its record."""
        return self.record.routes[0].virtual_service


def heir(stray: Stray, plans: Iterable[Plan]) -> Plan | None:
    """Return the plan that moves a stray's routes by now, if there is one."""
    namespace, routes = stray.key.namespace, stray.record.routes
    mine = (plan for plan in plans if plan.key.namespace == namespace)
    return next((plan for plan in mine if meet(plan.virtual_services, routes)), None)


def meet(some: Iterable[Routes], others: Iterable[Routes]) -> bool:
    """Say whether both may move one route, in one namespace; no names mean every route."""
    wanted = tuple(others)
    return any(
        one.virtual_service == other.virtual_service
        and (not one.routes or not other.routes or not set(one.routes).isdisjoint(other.routes))
        for one in some
        for other in wanted
    )


def plan_of(stray: Stray) -> Plan:
    """Return what is known of a stray's plan, which is enough to put its traffic back.

    Nothing is judged under it, for nobody knows by what.
    """
    record, arms = stray.record, stray.record.arms
    step = WeightStep(weight=record.weight, hold=Seconds(0.0))
    return Plan(
        key=stray.key,
        virtual_services=record.routes,
        stable=Arm(host=arms.stable_host, subset=arms.stable_subset, deployment=""),
        canary=Arm(host=arms.canary_host, subset=arms.canary_subset, deployment=""),
        steps=(step,) * (record.step + 1),
        gates=(),
        confidence=Confidence(),
        metrics=Metrics(
            source=IstioMetrics(reporter=Reporter.DESTINATION),
            grpc_failures=frozenset(),
            http_failures=(500, 599),
        ),
        samples=Samples(interval=_USUAL, window=_USUAL, min_requests=0),
        on_breach=OnBreach.ROLLBACK,
        on_blind=OnBlind(hold=_AWHILE, then=Afterwards.HOLD),
        scale_down_after=None,
        start=StartManual(),
        windows=(),
        notify=(),
        digest=record.digest,
        origin=f"the record on VirtualService {stray.key.namespace}/{stray.primary}",
    )
