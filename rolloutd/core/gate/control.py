"""What stable usually does, and whether it does so now."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from rolloutd.core.gate.recent import ROUNDING, Recent, Tick, agitated, extended, glance
from rolloutd.core.observation import History

SAFETY: Final = 1.1
"""Measured dispersion is a small sample's: this much is put on its excess over 1."""

ASSUMED_EXCESS: Final = 0.02
"""Dispersion in excess of 1 for each request a second, where no history tells it."""

LARGEST_DISPERSION: Final = 1000.0
"""Beyond this a dispersion is a mistake of whoever computed it."""

FLOOR: Final = 2e-4
"""Failure ratio below which stable is not believed: no one has measured it."""

COOL_DOWN: Final = 30.0
"""Seconds for which stable must be calm before its past counts again."""

ALARM: Final = 4.0
"""Standard deviations of stable that make an incident."""

ALARM_FAILURES: Final = 3
"""Failures of stable that an incident has at least."""

STUCK: Final = 150.0
"""Seconds of incident after which the new state of stable is the normal one."""

MOVED: Final = 3.0
"""Standard deviations by which a calm minute must differ for a re-baseline."""

SETTLING: Final = 60.0
"""Seconds for which a baseline is kept at least."""

LEARNING_REQUESTS: Final = 100.0
"""Effective requests of stable that do."""


class Baseline(NamedTuple):
    """What stable does when nothing is the matter.

    Attributes:
        failures: Effective failures seen, plus one half (Jeffreys).
        requests: Effective requests seen: bursts count as less than their size.
        ratio: Failure ratio on which the alternatives are built; fixed between re-baselines,
            so that evidence is summed over one and the same question.
        since: When it was taken, in the stream's own time.
        learnt: Enough was seen to compare with.
    """

    failures: float
    requests: float
    ratio: float
    since: float
    learnt: bool

    @property
    def expected(self) -> float:
        """Return the failure ratio to expect of stable."""
        return self.failures / self.requests if self.requests > 0.0 else self.ratio


class Pair(NamedTuple):
    """One interval's counts of both arms.

    Attributes:
        clock: When it ended, in the stream's own time.
        elapsed: Seconds since the interval before it ended.
        excess: Dispersion of the whole traffic in excess of 1, with the safety on it.
        share: The canary's share of the counted requests, 0 where there are none.
        learning: Seconds of stable's behaviour that make a baseline without history.
    """

    clock: float
    elapsed: float
    canary_requests: int
    canary_failures: int
    stable_requests: int
    stable_failures: int
    excess: float
    share: float
    learning: float = 60.0


class Sky(NamedTuple):
    """Whether stable has an incident.

    Attributes:
        since: Stable misbehaves since then; ``None`` in calm.
        calm_from: When the incident will be over if stable stays calm.
    """

    since: float | None = None
    calm_from: float = 0.0


class Control(NamedTuple):
    """Stable's past and present.

    Attributes:
        dispersion: Of stable's failures, from history; ``None`` when unknown.
        onset: The newest interval began an incident.
        renewed: The newest interval brought a new baseline.
    """

    baseline: Baseline
    dispersion: float | None
    recent: Recent = Recent()
    sky: Sky = Sky()
    onset: bool = False
    renewed: bool = False

    @property
    def comparable(self) -> bool:
        """Say whether stable's past may be compared with."""
        return self.baseline.learnt and self.sky.since is None


def from_history(history: History | None) -> tuple[Baseline, float | None]:
    """Return the baseline and the dispersion that a history gives.

    A history that makes no sense is no history.
    """
    if (
        history is None
        or not 0 <= history.failures <= history.requests
        or history.requests == 0
    ):
        return unlearnt(), None
    usable = math.isfinite(history.dispersion) and history.dispersion > 0.0
    dispersion = min(history.dispersion, LARGEST_DISPERSION) if usable else None
    spread = 1.0 + SAFETY * max(0.0, (dispersion or 1.0) - 1.0)
    return learnt_from(history.requests, history.failures, spread, 0.0), dispersion


def unlearnt() -> Baseline:
    """Return the baseline of a stream without history."""
    return Baseline(failures=0.5, requests=0.0, ratio=FLOOR, since=0.0, learnt=False)


def excess_of(dispersion: float | None, rate: float) -> float:
    """Return dispersion in excess of 1, to be shared out among the arms.

    Args:
        dispersion: From history, or ``None``.
        rate: Requests a second, of both arms.
    """
    known = ASSUMED_EXCESS * rate if dispersion is None else dispersion - 1.0
    return SAFETY * max(0.0, known)


def watched(control: Control, pair: Pair) -> Control:
    """Take in what stable did in one interval."""
    sky = _sky(control, pair)
    calm = sky.since is None
    onset = not calm and control.sky.since is None
    recent = agitated(control.recent) if onset else control.recent
    recent = extended(recent, _tick(pair, calm=calm))
    spread = 1.0 + pair.excess * (1.0 - pair.share)
    renewed = _renewed(control.baseline, recent, sky, pair.clock, spread)
    if renewed is not None:
        sky = Sky(None, pair.clock)
        return Control(renewed, control.dispersion, agitated(recent), sky, onset, renewed=True)
    grown = _grown(control.baseline, pair, spread) if calm else control.baseline
    started = grown.learnt and not control.baseline.learnt
    return Control(grown, control.dispersion, recent, sky, onset, renewed=started)


def _sky(control: Control, pair: Pair) -> Sky:
    alarmed = control.baseline.learnt and _alarming(control, pair)
    since, calm_from = control.sky
    if alarmed:
        began = pair.clock - pair.elapsed if since is None else since
        return Sky(began, pair.clock + COOL_DOWN)
    if since is None or pair.clock < calm_from - ROUNDING:
        return control.sky
    return Sky(None, calm_from)


def _alarming(control: Control, pair: Pair) -> bool:
    """Look at stable's newest interval, and at its last seconds."""
    if control.recent.stable_failures + pair.stable_failures < ALARM_FAILURES:
        return False
    counts = pair.stable_requests, pair.stable_failures
    return _surprised(control.baseline, pair, *counts) or _surprised(
        control.baseline, pair, *glance(control.recent, pair.clock, *counts)
    )


def _surprised(baseline: Baseline, pair: Pair, requests: int, failures: int) -> bool:
    if failures < ALARM_FAILURES:
        return False
    both = max(1, pair.canary_requests + pair.stable_requests)
    wider = 1.0 + pair.excess * requests / both
    return surprise(baseline, requests, failures, wider) > ALARM


def _tick(pair: Pair, *, calm: bool) -> Tick:
    return Tick(
        pair.clock,
        pair.canary_requests,
        pair.canary_failures,
        pair.stable_requests,
        pair.stable_failures,
        pair.stable_requests if calm else 0,
        pair.stable_failures if calm else 0,
    )


def _renewed(
    baseline: Baseline, recent: Recent, sky: Sky, clock: float, spread: float
) -> Baseline | None:
    """Return a new baseline where stable has a new normal, else ``None``."""
    if not baseline.learnt:
        return None
    if sky.since is not None:
        stuck = clock - sky.since >= STUCK - ROUNDING and recent.stable_requests > 0
        counts = recent.stable_requests, recent.stable_failures
        return learnt_from(*counts, spread, clock) if stuck else None
    if clock - baseline.since <= SETTLING + ROUNDING or recent.calm_requests == 0:
        return None
    counts = recent.calm_requests, recent.calm_failures
    moved = abs(surprise(baseline, *counts, spread)) > MOVED
    return learnt_from(*counts, spread, clock) if moved else None


def _grown(baseline: Baseline, pair: Pair, spread: float) -> Baseline:
    failures = baseline.failures + pair.stable_failures / spread
    requests = baseline.requests + pair.stable_requests / spread
    if baseline.learnt:
        return Baseline(failures, requests, baseline.ratio, baseline.since, learnt=True)
    ratio = max(failures / (requests + 1.0), FLOOR)
    enough = requests >= LEARNING_REQUESTS and pair.clock >= pair.learning - ROUNDING
    return Baseline(failures, requests, ratio, pair.clock if enough else 0.0, learnt=enough)


def surprise(baseline: Baseline, requests: int, failures: int, variance: float) -> float:
    """Return by how many standard deviations stable fails more often than usual.

    Args:
        baseline: What is usual.
        requests: Stable's, over the time looked at.
        failures: Likewise.
        variance: Variance of the failures as a multiple of a Poisson's.
    """
    expected = requests * baseline.expected
    return (failures - expected) / math.sqrt(variance * expected + 0.5)


def learnt_from(requests: int, failures: int, spread: float, clock: float) -> Baseline:
    """Take a baseline from counts of stable.

    Args:
        requests: At least 1.
        failures: Of which failed.
        spread: Variance as a multiple of a Poisson's: what the counts are divided by.
        clock: The stream's own time.
    """
    return Baseline(
        failures=failures / spread + 0.5,
        requests=requests / spread,
        ratio=max((failures + 0.5) / (requests + 1.0), FLOOR),
        since=clock,
        learnt=True,
    )
