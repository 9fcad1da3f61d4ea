"""Tells people through the log: always on, whatever else is configured."""

from __future__ import annotations

import structlog

from rolloutd.core.actions import Announce
from rolloutd.core.machine import ordered
from rolloutd.core.plan import Plan
from rolloutd.core.state import Record

log = structlog.get_logger()


class LogHerald:
    """Implements ``ports.Herald``."""

    def tell(self, plan: Plan, record: Record, words: Announce) -> None:
        """Write one line."""
        event = "rollout_" + words.what.name.lower()
        log.info(
            event,
            rollout_namespace=plan.key.namespace,
            rollout=plan.key.name,
            run=record.run,
            step=record.step,
            weight=ordered(record),
            actor=words.actor or "rolloutd",
            reason=words.text,
        )
