"""News as Kubernetes Events: reasons that scripts may wait for, and their form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType

from rolloutd.adapters.kubernetes.fields import text
from rolloutd.core.actions import Announce, Happening
from rolloutd.core.observation import Ruling
from rolloutd.core.plan import Plan
from rolloutd.core.state import Cause, Record
from rolloutd.core.units import Instant
from rolloutd.ports import Json

COMPONENT = "rolloutd"

MESSAGE_LENGTH = 1024
"""Characters of a message: what API servers accept."""

NAME_LENGTH = 200
"""Characters of the VirtualService's name that an Event's keeps: it may have 253 in all."""

GATE_BREACHED = "GateBreached"

REASONS: Mapping[Happening, str] = MappingProxyType(
    {
        Happening.STARTED: "Started",
        Happening.ADVANCED: "StepAdvanced",
        Happening.PAUSED: "Paused",
        Happening.RESUMED: "Resumed",
        Happening.SUSPECT: "GateSuspect",
        Happening.CLEARED: "SuspicionCleared",
        Happening.BLIND: "GatesBlind",
        Happening.DRIFT: "DriftCorrected",
        Happening.ROLLED_BACK: "RolledBack",
        Happening.SUPERSEDED: "Superseded",
        Happening.ABORTED: "Aborted",
        Happening.PROMOTED: "Promoted",
        Happening.SCALED_DOWN: "StableScaledDown",
    }
)
"""Never changed: people and scripts select by them."""

_WARNINGS = frozenset(
    {
        Happening.SUSPECT,
        Happening.BLIND,
        Happening.DRIFT,
        Happening.ROLLED_BACK,
        Happening.ABORTED,
    }
)

_ALARMING = frozenset({Cause.BREACH, Cause.DRIFT, Cause.UNDECIDED, Cause.PLAN_REMOVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One Event to be.

    Attributes:
        virtual_service: What it is about.
        is_warning: Type ``Warning`` instead of ``Normal``.
        occasion: The same for the same news, in every process.
        again: An earlier process may have told it.
    """

    namespace: str
    virtual_service: str
    reason: str
    message: str
    is_warning: bool
    at: Instant
    occasion: str
    again: bool

    @property
    def kind_of_news(self) -> tuple[str, str, str]:
        """What is counted on one Event."""
        return f"{self.namespace}/{self.virtual_service}", self.reason, self.message


def reports(plan: Plan, record: Record, words: Announce, at: Instant) -> Iterator[Report]:
    """Yield the Events that a happening is worth: a breach is one of its own."""
    story = record.transitions
    moment = story[-1].at if story else record.since
    news = Report(
        namespace=plan.key.namespace,
        virtual_service=plan.virtual_services[0].virtual_service,
        reason=REASONS[words.what],
        message=_message(plan, words.text),
        is_warning=_is_warning(words.what, record),
        at=at,
        occasion=f"{plan.key}/{record.run}/{moment:.3f}",
        again=words.again,
    )
    if words.what in {Happening.ROLLED_BACK, Happening.PAUSED}:
        for verdict in words.verdicts:
            if verdict.enforced and verdict.ruling is Ruling.BREACH:
                said = _message(plan, f"{verdict.gate}: {verdict.reason}")
                yield replace(news, reason=GATE_BREACHED, message=said, is_warning=True)
    yield news


def name_of(report: Report) -> str:
    """Return the Event's name: the same news can't be there twice."""
    about = f"{report.occasion}/{report.reason}/{report.message}"
    digest = hashlib.sha256(about.encode()).hexdigest()[:16]
    return f"{report.virtual_service[:NAME_LENGTH]}.{digest}"


def body(report: Report, virtual_service: Json | None) -> Json:
    """Return a new Event.

    Args:
        report: What it says.
        virtual_service: What it is about; ``None`` when that is not there any more.
    """
    moment = _stamp(report.at)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name_of(report), "namespace": report.namespace},
        "involvedObject": {
            "apiVersion": text(virtual_service, "apiVersion") or "networking.istio.io/v1",
            "kind": "VirtualService",
            "namespace": report.namespace,
            "name": report.virtual_service,
            # By it `kubectl describe` finds the Events of this object and not of its namesake.
            "uid": text(virtual_service, "metadata", "uid") or "",
        },
        "type": "Warning" if report.is_warning else "Normal",
        "reason": report.reason,
        "message": report.message,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": COMPONENT,
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "count": 1,
    }


def recount(count: int, at: Instant) -> Json:
    """Return the merge patch of an Event whose news came again."""
    return {"count": count, "lastTimestamp": _stamp(at)}


def _message(plan: Plan, said: str) -> str:
    # Two plans may move routes of one VirtualService. What people typed may hold half a
    # surrogate, which no encoder takes.
    return f"{plan.key.name}: {said}".encode(errors="replace").decode()[:MESSAGE_LENGTH]


def _is_warning(what: Happening, record: Record) -> bool:
    if what is Happening.PAUSED:
        return record.pause is not None and record.pause.cause in _ALARMING
    return what in _WARNINGS


def _stamp(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
