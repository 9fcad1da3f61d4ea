"""Where a reader can go from a message."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from rolloutd.core.actions import Happening
from rolloutd.core.machine import ENDED
from rolloutd.core.plan import Key
from rolloutd.core.state import Record
from rolloutd.core.units import Instant, Seconds

DASHBOARD_UID = "rolloutd"
"""Of the dashboard in ``grafana/``."""

BEFORE = Seconds(600.0)
"""How far before a run its charts begin: stable by itself is what to compare with."""

AFTER = Seconds(300.0)
"""How far after a message they end."""

_SECTIONS = {
    Happening.ROLLED_BACK: "rolloutdrolledback",
    Happening.ABORTED: "rolloutdrolledback",
    Happening.PAUSED: "rolloutdpausedtoolong",
    Happening.SUSPECT: "rolloutdgateinconclusive",
    Happening.BLIND: "rolloutdgateinconclusive",
    Happening.DRIFT: "rolloutdweightdrift",
}
"""Headings of ``docs/runbook.md``, as web pages name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One place to go.

    Attributes:
        label: What people see of it.
    """

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where things are; what is ``None`` is not linked to.

    Attributes:
        page: Base URL of the daemon's own pages, as people reach it.
        grafana: Base URL of the Grafana that has our dashboard.
        runbook: URL of the runbook, to which headings are added.
    """

    page: str | None = None
    grafana: str | None = None
    runbook: str | None = None

    def links(self, key: Key, record: Record, what: Happening, at: Instant) -> tuple[Link, ...]:
        """Return the places that say more about a happening."""
        found: list[Link] = []
        if self.page is not None:
            found.append(Link(label="Live view", url=_page(self.page, key, record)))
        if self.grafana is not None:
            found.append(Link(label="Grafana", url=_charts(self.grafana, key, record, at)))
        if self.runbook is not None and what in _SECTIONS:
            found.append(Link(label="Runbook", url=f"{self.runbook}#{_SECTIONS[what]}"))
        return tuple(found)


def _page(base: str, key: Key, record: Record) -> str:
    rollout = f"{base.rstrip('/')}/#/{quote(key.namespace)}/{quote(key.name)}"
    return f"{rollout}/runs/{record.run}" if record.phase in ENDED else rollout


def _charts(base: str, key: Key, record: Record, at: Instant) -> str:
    query = {
        "var-rollout_namespace": key.namespace,
        "var-rollout": key.name,
        "from": int((record.started - BEFORE) * 1000),
        "to": int((at + AFTER) * 1000),
    }
    return f"{base.rstrip('/')}/d/{DASHBOARD_UID}?{urlencode(query)}"
