"""Where a canary stands before one stream's evidence."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Final

from rolloutd.core.gate.recent import glance
from rolloutd.core.gate.rules import GROSS, MATTERS, Rules
from rolloutd.core.gate.stream import Stream
from rolloutd.core.observation import Ruling

EDGE: Final = 1e-9
"""Evidence that was cut at thirds of its limit sums to the limit, but for rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A ruling with its reason."""

    ruling: Ruling
    words: str
    certified: bool = False


class Standing(enum.Enum):
    """From worst to best, as far as there is an order."""

    CONVICTED = enum.auto()
    """Neither chance nor a shared incident explains it."""
    SUSPECTED = enum.auto()
    """Chance does not explain it; a shared incident may."""
    INCIDENT = enum.auto()
    """Stable misbehaves: nothing is concluded about the canary meanwhile."""
    LEARNING = enum.auto()
    """What stable usually does is not known yet."""
    UNSEEN = enum.auto()
    """Too few requests: the canary could be thoroughly broken and look like this."""
    OPEN = enum.auto()
    """No sign of a regression; a small one is not ruled out."""
    CERTIFIED = enum.auto()
    """A regression that matters is ruled out."""


RULINGS: Final = {
    Standing.CONVICTED: Ruling.BREACH,
    Standing.SUSPECTED: Ruling.SUSPECT,
    Standing.INCIDENT: Ruling.HOLD,
    Standing.LEARNING: Ruling.HOLD,
    Standing.UNSEEN: Ruling.HOLD,
    Standing.OPEN: Ruling.FINE,
    Standing.CERTIFIED: Ruling.FINE,
}


def graver(limit: Finding | None, comparison: Finding) -> Finding:
    """Choose between what an absolute limit and what the comparison with stable say."""
    if limit is None:
        return comparison
    exposes_less = comparison.ruling is Ruling.SUSPECT and limit.ruling is Ruling.HOLD
    return comparison if exposes_less else limit


def standing(stream: Stream, rules: Rules) -> Standing:
    """Weigh one stream's evidence."""
    if stream.past.log >= rules.limit - EDGE and uplifted(stream, rules):
        beyond_incident = stream.present.log >= rules.incident_limit - EDGE
        return Standing.CONVICTED if beyond_incident else Standing.SUSPECTED
    if not stream.control.comparable:
        learnt = stream.control.baseline.learnt
        return Standing.INCIDENT if learnt else Standing.LEARNING
    if stream.certificate.gross > -rules.acquittal:
        return Standing.UNSEEN
    ruled_out = stream.certificate.matters <= -rules.acquittal
    return Standing.CERTIFIED if ruled_out else Standing.OPEN


def uplifted(stream: Stream, rules: Rules) -> bool:
    """Say whether the canary's last minute is worse by what anyone would mind."""
    recent, usual = stream.control.recent, reference(stream)
    ratio = recent.canary_failures / max(1, recent.canary_requests)
    return ratio - usual >= rules.least_rise and ratio >= rules.least_factor * usual


def reference(stream: Stream) -> float:
    """Return the failure ratio that the canary is held against now."""
    control = stream.control
    usual = control.baseline.expected if control.baseline.learnt else 0.0
    if control.comparable:
        return usual
    requests, failures = glance(control.recent, stream.clock, 0, 0)
    return max(usual, failures / max(1, requests))


def missing_requests(stream: Stream, rules: Rules, *, gross: bool) -> float:
    """Estimate how many more canary requests rule a rise out if there is none; at least 1.

    Args:
        stream: Its evidence.
        rules: Its bounds.
        gross: Ask about the gross rise instead of the smallest that matters.
    """
    rise = rules.rises[GROSS if gross else MATTERS]
    evidence = stream.certificate.gross if gross else stream.certificate.matters
    ratio = stream.control.baseline.ratio
    each = rise - ratio * math.log1p(rise / ratio)
    return max(1.0, (evidence + rules.acquittal) / each)
