"""Runs that were left behind: their plan was renamed, moved or deleted while nobody ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rolloutd.core.plan import Key
from rolloutd.core.steps import span
from rolloutd.core.stray import Stray, heir
from rolloutd.core.units import Instant, Seconds, after
from rolloutd.ports import Catalogue, Clock, Estate

GRACE = Seconds(120.0)
"""How long a run is left as it is while no plan names it: a file may be away for as long as it
takes kubelets to bring a changed ConfigMap, some 90 s."""


class Orphans:
    """Tells which runs have to be brought to their end, and why."""

    def __init__(self, estate: Estate, clock: Clock) -> None:
        self._estate = estate
        self._clock = clock
        self._missed: dict[Key, Instant] = {}

    def moved(self, catalogue: Catalogue) -> Mapping[Key, Stray]:
        """Return the runs of plans that name another VirtualService by now."""
        strays = self._estate.strays(tuple(catalogue.plans.values()))
        return {stray.key: stray for stray in strays if stray.key in catalogue.plans}

    def superseded(self, catalogue: Catalogue) -> Iterator[tuple[Stray, str]]:
        """Yield the runs whose routes another plan moves by now, and why they must end."""
        for stray in self._nameless(catalogue):
            plan = heir(stray, catalogue.plans.values())
            if plan is not None:
                yield stray, f"the plan {plan.key} moves its routes now"

    def abandoned(self, catalogue: Catalogue) -> Iterator[tuple[Stray, str]]:
        """Yield the runs that no plan has named for a while, and why they must end.

        None while a plan file is broken: theirs may be the one.
        """
        now = self._clock.now()
        nameless = () if catalogue.complaints else tuple(self._nameless(catalogue))
        self._missed = {each.key: self._missed.get(each.key, now) for each in nameless}
        for stray in nameless:
            if now >= after(self._missed[stray.key], GRACE):
                yield stray, f"no plan has named it for {span(GRACE)}"

    def _nameless(self, catalogue: Catalogue) -> Iterator[Stray]:
        for stray in self._estate.strays(tuple(catalogue.plans.values())):
            if stray.key not in catalogue.plans:
                yield stray
