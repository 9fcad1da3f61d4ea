"""A stream's evidence in sentences: what was counted, what follows, what would change it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, TypeAlias

from rolloutd.core.gate.control import LEARNING_REQUESTS
from rolloutd.core.gate.explain import failing, lasting, odds, points, share, wanting, whole
from rolloutd.core.gate.recent import WINDOW
from rolloutd.core.gate.rules import MATTERS, Rules
from rolloutd.core.gate.standing import Standing, missing_requests, reference
from rolloutd.core.gate.stream import Stream, Totals
from rolloutd.core.observation import Counts
from rolloutd.core.units import Seconds

TELLING: Final = math.log(10.0)
"""Log of the evidence against a canary from which on it is what people want to read."""

Words: TypeAlias = Callable[[Stream, Rules, str], str]


def account(stream: Stream, rules: Rules, stands: Standing, verb: str) -> str:
    """Put a standing into words.

    Args:
        stream: The evidence.
        rules: Its bounds.
        stands: What follows from it.
        verb: What a failure is: ``fails``, ``exceeds 250 ms in``.
    """
    return _WORDS[stands](stream, rules, verb)


def evidence(stream: Stream, rules: Rules) -> dict[str, float]:
    """Return the numbers behind the words."""
    whole_run = stream.whole
    return {
        "canaryRequests": float(whole_run.canary_requests),
        "canaryFailures": float(whole_run.canary_failures),
        "stableRequests": float(whole_run.stable_requests),
        "stableFailures": float(whole_run.stable_failures),
        "baseline": stream.control.baseline.expected,
        "evidence": stream.past.log,
        "evidenceNeeded": rules.limit,
        "notIncident": stream.present.log,
        "notIncidentNeeded": rules.incident_limit,
        "ruledOut": -stream.certificate.matters,
        "ruledOutNeeded": rules.acquittal,
    }


def canary_pace(stream: Stream) -> float:
    """Return the canary's requests a second over the last minute."""
    return stream.control.recent.canary_requests / max(1e-9, min(WINDOW, stream.clock))


def _both(totals: Totals, verb: str) -> str:
    canary = Counts(requests=totals.canary_requests, failures=totals.canary_failures)
    stable = Counts(requests=totals.stable_requests, failures=totals.stable_failures)
    return f"{failing('canary', canary, verb)}, {failing('stable', stable, verb)}"


def _convicted(stream: Stream, rules: Rules, verb: str) -> str:
    counted = _both(stream.rising, verb)
    chance = f"odds that this is chance {odds(stream.past.log)}"
    return f"{counted}; {chance}, limit {odds(rules.limit)}"


def _suspected(stream: Stream, rules: Rules, verb: str) -> str:
    return (
        f"{_convicted(stream, rules, verb)}; but an incident of both arms is not ruled out"
        f" ({odds(stream.present.log)}, needed {odds(rules.incident_limit)})"
    )


def _incident(stream: Stream, rules: Rules, verb: str) -> str:
    del rules
    usual = share(stream.control.baseline.expected)
    return (
        f"stable itself {verb} {share(reference(stream))} at present, usually {usual}:"
        " the end of this incident is awaited before the canary is judged"
    )


def _learning(stream: Stream, rules: Rules, verb: str) -> str:
    missing = LEARNING_REQUESTS - stream.control.baseline.requests
    if missing > 0.0 and stream.control.recent.stable_requests == 0:
        return (
            f"{_both(stream.whole, verb)}; stable gets no requests, so its usual ratio can't"
            " be learnt, and there is nothing to compare with"
        )
    left = Seconds(max(0.0, rules.warm_up - stream.clock))
    wanted = [f"{lasting(left)}"] if left > 0.0 else []
    wanted += [f"{whole(missing)} of its requests"] if missing > 0.0 else []
    return (
        f"{_both(stream.whole, verb)}; without history stable's usual ratio is being learnt:"
        f" {' and '.join(wanted)} to go"
    )


def _unseen(stream: Stream, rules: Rules, verb: str) -> str:
    if stream.past.log >= TELLING:
        # It is not for want of requests that such a canary is not acquitted.
        return f"{_convicted(stream, rules, verb)}: not enough to convict yet"
    missing = missing_requests(stream, rules, gross=True)
    return f"{_both(stream.whole, verb)}; {wanting(missing, canary_pace(stream))}"


def _open(stream: Stream, rules: Rules, verb: str) -> str:
    rise = points(rules.rises[MATTERS])
    missing = missing_requests(stream, rules, gross=False)
    needed = wanting(missing, canary_pace(stream))
    return f"{_both(stream.whole, verb)}; to rule out a rise of {rise}, {needed}"


def _certified(stream: Stream, rules: Rules, verb: str) -> str:
    rise = points(rules.rises[MATTERS])
    chance = odds(-stream.certificate.matters)
    return f"{_both(stream.whole, verb)}; a rise of {rise} is ruled out ({chance})"


_WORDS: Final[dict[Standing, Words]] = {
    Standing.CONVICTED: _convicted,
    Standing.SUSPECTED: _suspected,
    Standing.INCIDENT: _incident,
    Standing.LEARNING: _learning,
    Standing.UNSEEN: _unseen,
    Standing.OPEN: _open,
    Standing.CERTIFIED: _certified,
}
