"""The gate of ``rolloutd.core.gate.stream`` for many rollouts at once.

The same formulas in the same order on arrays; ``tests/core/gate/test_twin.py`` holds both to
the same evidence. Only what makes the evidence is here, nothing of explanation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.gate.world import Bools, Floats, Past
from rolloutd.core.gate import bet, control, recent, stream
from rolloutd.core.gate.gains import STEADY
from rolloutd.core.gate.rules import GROSS, MATTERS, Rules
from rolloutd.core.gate.standing import EDGE


@dataclass(frozen=True, slots=True)
class Counts:
    """One interval of every rollout."""

    canary_requests: Floats
    canary_failures: Floats
    stable_requests: Floats
    stable_failures: Floats


class Portfolio:
    """Wealth of every rollout."""

    def __init__(self, prior: Sequence[float], size: int) -> None:
        self.prior = np.array(prior)[:, None]
        self.log = np.zeros(size)
        self.shares = np.repeat(self.prior, size, axis=1)

    def bet(self, gains: Floats, cap: Floats, playing: Bools) -> None:
        """Play one interval for those to whom it says something."""
        grown = self.shares.copy()
        grown[1:] *= np.exp(np.minimum(gains, 60.0))
        total = grown.sum(axis=0)
        spread = (1.0 - bet.AFRESH) / total * grown + bet.AFRESH * self.prior
        self.shares = np.where(playing, spread, self.shares)
        self.log = self.log + np.where(playing, np.minimum(np.log(total), cap), 0.0)


class Window:
    """The last scrapes of one column, with their sum."""

    def __init__(self, scrapes: int, size: int) -> None:
        self.rows = np.zeros((scrapes, size))
        self.sum = np.zeros(size)

    def add(self, column: Floats) -> Floats:
        """Let the newest scrape in and the oldest out; return the sum."""
        self.sum = self.sum + column - self.rows[0]
        self.rows[:-1] = self.rows[1:]
        self.rows[-1] = column
        return self.sum

    def clear(self, where: Bools) -> None:
        """Forget all scrapes of some rollouts."""
        self.rows[:, where] = 0.0
        self.sum = np.where(where, 0.0, self.sum)


class Twin:
    """State of every rollout's stream.

    Args:
        rules: As the scalar stream is told.
        past: Histories.
        interval: Seconds between scrapes.
    """

    def __init__(self, rules: Rules, past: Past, interval: float) -> None:
        size = past.requests.size
        self.rules, self.interval, self.clock = rules, interval, 0.0
        self.rises = np.array(rules.rises)[:, None]
        # The scalar side clips and sanitises; histories here make sense.
        excess = np.maximum(past.dispersion - 1.0, 0.0)
        self.excess = control.SAFETY * excess
        spread = 1.0 + self.excess
        self.failures = past.failures / spread + 0.5
        self.requests = past.requests / spread
        self.ratio = np.maximum((past.failures + 0.5) / (past.requests + 1.0), control.FLOOR)
        self.since = np.zeros(size)
        self.bad_since = np.full(size, np.nan)
        self.calm_from = np.zeros(size)
        self.against_past = Portfolio(rules.prior, size)
        self.against_present = Portfolio(rules.prior, size)
        self.canary = np.zeros((2, size))
        self.certificate = np.zeros((2, size))
        minute, glance = (
            max(1, int(span / interval)) for span in (recent.WINDOW, recent.GLANCE)
        )
        self.canary_minute = [Window(minute, size) for _ in range(2)]
        self.stable_minute = [Window(minute, size) for _ in range(2)]
        self.calm_minute = [Window(minute, size) for _ in range(2)]
        self.stable_glance = [Window(glance, size) for _ in range(2)]
        first = (self.against_past.log.copy(), self.against_past.shares.copy())
        self.snapshots = [first] * (glance + 1)
        self.incident = np.zeros(size, dtype=np.bool_)

    def keep(self, mask: Bools) -> None:
        """Go on with some of the rollouts only."""
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray) and name != "rises":
                setattr(self, name, value[..., mask])
        for portfolio in (self.against_past, self.against_present):
            portfolio.log, portfolio.shares = portfolio.log[mask], portfolio.shares[:, mask]
        for window in (
            *self.canary_minute,
            *self.stable_minute,
            *self.calm_minute,
            *self.stable_glance,
        ):
            window.rows, window.sum = window.rows[:, mask], window.sum[mask]
        self.snapshots = [(log[mask], shares[:, mask]) for log, shares in self.snapshots]

    def advance(self, new: Counts) -> None:
        """Take one interval in."""
        self.clock += self.interval
        both = new.canary_requests + new.stable_requests
        share = np.where(both > 0, new.canary_requests / np.maximum(both, 1), 0.0)
        spread = 1.0 + self.excess * (1.0 - share)
        onset = self._sky(new, both, spread)
        self._rewind(onset)
        renewed = self._baseline(new, spread)
        self._evidence(new, share, renewed)

    def _sky(self, new: Counts, both: Floats, spread: Floats) -> Bools:
        requests = self.stable_glance[0].add(new.stable_requests)
        failures = self.stable_glance[1].add(new.stable_failures)
        wider = 1.0 + self.excess * requests / np.maximum(both, 1)
        alarmed = self._surprising(new.stable_requests, new.stable_failures, spread)
        alarmed |= self._surprising(requests, failures, wider)
        was_calm = ~self.incident
        cooling = self.incident & (self.clock < self.calm_from - recent.ROUNDING)
        self.incident = alarmed | cooling
        onset: Bools = self.incident & was_calm
        self.bad_since = np.where(onset, self.clock - self.interval, self.bad_since)
        self.calm_from = np.where(alarmed, self.clock + control.COOL_DOWN, self.calm_from)
        return onset

    def _surprising(self, requests: Floats, failures: Floats, variance: Floats) -> Bools:
        enough = failures >= control.ALARM_FAILURES
        result: Bools = enough & (self._surprise(requests, failures, variance) > control.ALARM)
        return result

    def _surprise(self, requests: Floats, failures: Floats, variance: Floats) -> Floats:
        expected = requests * (self.failures / self.requests)
        result: Floats = (failures - expected) / np.sqrt(variance * expected + 0.5)
        return result

    def _rewind(self, onset: Bools) -> None:
        log, shares = self.snapshots[0]
        back = onset & (self.against_past.log > log)
        self.against_past.log = np.where(back, log, self.against_past.log)
        self.against_past.shares = np.where(back, shares, self.against_past.shares)
        for window in self.calm_minute:
            window.clear(onset)

    def _baseline(self, new: Counts, spread: Floats) -> Bools:
        calm = ~self.incident
        columns = (new.stable_requests, new.stable_failures)
        minute = [w.add(c) for w, c in zip(self.stable_minute, columns, strict=True)]
        quiet = [
            w.add(np.where(calm, c, 0)) for w, c in zip(self.calm_minute, columns, strict=True)
        ]
        age = self.clock - np.where(self.incident, self.bad_since, 0.0)
        stuck = self.incident & (age >= control.STUCK - recent.ROUNDING) & (minute[0] > 0)
        settled = self.clock - self.since > control.SETTLING + recent.ROUNDING
        moved = np.abs(self._surprise(quiet[0], quiet[1], spread)) > control.MOVED
        renewed: Bools = stuck | (calm & settled & (quiet[0] > 0) & moved)
        requests = np.where(stuck, minute[0], quiet[0])
        failures = np.where(stuck, minute[1], quiet[1])
        self.failures = np.where(
            renewed,
            failures / spread + 0.5,
            self.failures + np.where(calm, new.stable_failures / spread, 0.0),
        )
        self.requests = np.where(
            renewed,
            requests / spread,
            self.requests + np.where(calm, new.stable_requests / spread, 0.0),
        )
        fresh = np.maximum((failures + 0.5) / (requests + 1.0), control.FLOOR)
        self.ratio = np.where(renewed, fresh, self.ratio)
        self.since = np.where(renewed, self.clock, self.since)
        self.calm_from = np.where(renewed, self.clock, self.calm_from)
        self.incident = self.incident & ~renewed
        for window in self.calm_minute:
            window.clear(renewed)
        self.canary = np.where(renewed, 0.0, self.canary)
        self.certificate = np.where(renewed, np.maximum(self.certificate, 0), self.certificate)
        return renewed

    def _evidence(self, new: Counts, share: Floats, renewed: Bools) -> None:
        del renewed
        broken = new.canary_failures >= np.maximum(2.0, 0.5 * new.canary_requests)
        limit, interval = self.rules.limit, self.interval
        cap = np.where(
            broken,
            stream.cap_of(limit, interval, broken=True),
            stream.cap_of(limit, interval),
        )
        present, informed = self._present(new, share, stream.PRESENT_FACTOR)
        calm = ~self.incident
        weight = 1.0 / (1.0 + self.excess * share)
        added = np.stack([new.canary_failures * weight, new.canary_requests * weight])
        past = self._past(added, self.failures, self.requests)
        gains, playing = past, calm & (new.canary_requests > 0)
        lacking = np.maximum(STEADY - self.failures, 0.0)
        steady = self.failures + lacking, self.requests + lacking / self.ratio
        self._certify(self._past(added, *steady), cap, playing)
        if self.incident.any():
            instead, _ = self._present(new, share, stream.INCIDENT_FACTOR)
            gains = np.where(self.incident, instead, past)
        self.canary = self.canary + np.where(playing, added, 0.0)
        allowed = self._allowance(cap, broken)
        self.against_past.bet(gains, allowed, playing | (self.incident & informed))
        self.against_present.bet(present, cap, informed)
        self.snapshots = [
            *self.snapshots[1:],
            (self.against_past.log.copy(), self.against_past.shares.copy()),
        ]
        self.canary_minute[0].add(new.canary_requests)
        self.canary_minute[1].add(new.canary_failures)

    def _allowance(self, cap: Floats, broken: Bools) -> Floats:
        # snapshots[-1] is the last scrape's, [-n] the one before the last n - 1.
        scrapes = max(1, math.ceil((stream.BLIP + self.interval) / self.interval - 1e-6))
        before = self.snapshots[-min(scrapes, len(self.snapshots))][0]
        left = before + stream.BLIP_PART * self.rules.limit - self.against_past.log
        return np.where(broken, cap, np.minimum(cap, np.maximum(left, 0.0)))

    def _past(self, added: Floats, failures: Floats, known: Floats) -> Floats:
        earlier = self.canary[1]
        later, prior = earlier + added[1], failures + self.canary[0]
        pace = 1.0 + self.rises / self.ratio
        now = (known + pace * later) / (known + later)
        then = (known + pace * earlier) / (known + earlier)
        result: Floats = prior * np.log(then / now) + added[0] * np.log(pace / now)
        return result

    def _present(self, new: Counts, share: Floats, least: float) -> tuple[Floats, Bools]:
        failures = new.canary_failures + new.stable_failures
        requests = np.maximum(new.canary_requests + new.stable_requests, 1)
        informed: Bools = (failures > 0) & (share > 0.0) & (share < 1.0)
        devalued = 1.0 + 2.0 * self.excess * share * (1.0 - share)
        surely = (failures - 3.0 * np.sqrt(failures + 1.0)) / requests
        alike = 1.0 + share * (least - 1.0)
        factor = np.maximum(
            1.0 + self.rises / np.maximum(self.ratio, surely - share * self.rises), least
        )
        gained = new.canary_failures * np.log(factor / least)
        paid = failures * np.log((1.0 + share * (factor - 1.0)) / alike)
        return (gained - paid) / devalued, informed

    def _certify(self, gains: Floats, cap: Floats, playing: Bools) -> None:
        acquittal = self.rules.acquittal
        rows = gains[[MATTERS, GROSS]]
        summed = np.clip(self.certificate + np.minimum(rows, cap), -2.0 * acquittal, acquittal)
        self.certificate = np.where(playing, summed, self.certificate)

    def uplifted(self) -> Bools:
        """Say whose last minute is worse by what anyone would mind."""
        usual = self.failures / self.requests
        glance = self.stable_glance[1].sum / np.maximum(self.stable_glance[0].sum, 1)
        usual = np.where(self.incident, np.maximum(usual, glance), usual)
        ratio = self.canary_minute[1].sum / np.maximum(self.canary_minute[0].sum, 1)
        result: Bools = (ratio - usual >= self.rules.least_rise) & (
            ratio >= self.rules.least_factor * usual
        )
        return result

    def accused(self) -> tuple[Bools, Bools]:
        """Say who is convicted and who is suspected."""
        chance = (self.against_past.log >= self.rules.limit - EDGE) & self.uplifted()
        incident = self.against_present.log >= self.rules.incident_limit - EDGE
        return chance & incident, chance & ~incident

    def cleared(self) -> tuple[Bools, Bools]:
        """Say whose gross regression, and whose small one, is ruled out, incidents apart."""
        ruled_out = self.certificate <= -self.rules.acquittal
        calm = ~self.incident
        return calm & ruled_out[1], calm & ruled_out[1] & ruled_out[0]
