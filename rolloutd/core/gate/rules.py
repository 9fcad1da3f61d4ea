"""What a statistical stream is told before it begins: bounds, alternatives, tolerances."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from rolloutd.core.gate.bet import IDLE

PRIOR: Final = (0.15, 0.35, 0.15, 0.2, 0.1, 0.05)
"""Belief in the alternatives of ``Rules.rises``: most in the smallest rise that matters."""

SHARED_INCIDENT: Final = 0.01
"""Chance that an incident hits both arms within one run."""

MATTERS: Final = 1
"""Index, in ``Rules.rises``, of the smallest rise that matters."""

GROSS: Final = 4
"""Index, in ``Rules.rises``, of a rise that must be ruled out before any advance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One stream's constants.

    Attributes:
        limit: Log of the evidence that convicts under "healthy".
        incident_limit: Log of the evidence that convicts under "healthy, and an incident
            hits both arms": less, because that null is rarely true.
        acquittal: Log of the evidence that certifies.
        rises: Alternatives: by how much the failure ratio rises.
        prior: Idle share, then belief in each alternative; sums to 1.
        least_rise: Uplift below which nobody is convicted, whatever the evidence.
        least_factor: The same as a factor.
        warm_up: Seconds of stable's behaviour that make a baseline where there is no history.
    """

    limit: float
    incident_limit: float
    acquittal: float
    rises: tuple[float, ...]
    prior: tuple[float, ...]
    least_rise: float
    least_factor: float
    warm_up: float = 60.0


def rules(
    *,
    false_rollback: float,
    certainty: float,
    regression: float,
    tolerated: float | None = None,
    warm_up: float = 60.0,
) -> Rules:
    """Derive a stream's constants from what the user says.

    Args:
        false_rollback: Bound on a false conviction, of this stream alone.
        certainty: Chance with which a certified canary has no regression that matters.
        regression: Smallest rise of the failure ratio that matters.
        tolerated: Rise that the user allows; a fifth of ``regression`` when not said.
        warm_up: Seconds for which stable is watched first where it has no history.
    """
    size = max(regression, tolerated or 0.0)
    limit = math.log(1.0 / false_rollback)
    return Rules(
        limit=limit,
        incident_limit=max(math.log(10.0), limit - math.log(1.0 / SHARED_INCIDENT)),
        acquittal=math.log(1.0 / (1.0 - certainty)),
        rises=(0.5 * size, size, 2.0 * size, 5.0 * size, 0.2, 0.6),
        prior=(IDLE, *((1.0 - IDLE) * belief for belief in PRIOR)),
        least_rise=regression / 5.0 if tolerated is None else tolerated,
        least_factor=1.2,
        warm_up=warm_up,
    )
