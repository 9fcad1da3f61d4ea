"""The bound that no judge without foreknowledge can beat: Wald's test, told everything.

It knows stable's failure ratio, the canary's under the regression, when the incident comes and
how bursts are distributed. Only which of the two canaries it has before it, it must find out.
In bursts *and* an incident it takes the mean of the incident over a burst: approximate.
"""

from __future__ import annotations

import math

import numpy as np

from bench.gate.rivals import ALPHA
from bench.gate.twin import Counts
from bench.gate.world import DRIFT, NOISES, STEP, Bools, Cell, Floats, Ratios


class Oracle:
    """Likelihood ratio of the regression against health.

    Args:
        cell: The setting; its rise is the one that is looked for.
        size: How many rollouts.
    """

    def __init__(self, cell: Cell, size: int) -> None:
        self.noise, self.interval = NOISES[cell.noise], cell.interval
        self.usual = cell.baseline * (DRIFT if self.noise.drift else 1.0)
        self.rise = min(cell.rise, 1.0 - self.usual)
        self.settled, self.log = np.zeros(size), np.zeros(size)
        self.burst = np.zeros((2, size))
        self.shared = np.zeros(size)
        self.step = 0

    def look(self, new: Counts, ratios: Ratios, now: float) -> Bools:
        """Say who is rolled back now."""
        counts = np.stack([new.canary_requests, new.canary_failures])
        if self.noise.bursts:
            self._bursting(counts, ratios.shared)
        else:
            # Without bursts the present ratio of stable is the true one.
            self.settled = self.settled + _binomial(counts, ratios.stable, self.rise)
            self.log = self.settled
        if now % self.interval:
            return np.zeros(new.canary_requests.size, dtype=np.bool_)
        result: Bools = self.log >= math.log(1.0 / ALPHA)
        return result

    def advancing(self, now: float) -> float:
        """Steps are timed."""
        del now
        return STEP

    def keep(self, mask: Bools) -> None:
        """Go on with some of the rollouts only."""
        self.settled, self.log = self.settled[mask], self.log[mask]
        self.burst, self.shared = self.burst[:, mask], self.shared[mask]

    def _bursting(self, counts: Floats, shared: Floats) -> None:
        place = self.step % self.noise.burst_steps
        if place == 0:
            self.settled, self.burst = self.log, np.zeros_like(self.burst)
            self.shared = np.zeros_like(shared)
        self.step += 1
        self.shared = (self.shared * place + shared) / (place + 1)
        self.burst = self.burst + counts
        strength = 1.0 / self.noise.correlation - 1.0
        usual = self.usual + self.shared
        worse = _beta_binomial(self.burst, usual + self.rise, strength)
        self.log = self.settled + worse - _beta_binomial(self.burst, usual, strength)


def _binomial(counts: Floats, usual: Floats, rise: float) -> Floats:
    requests, failures = counts
    worse = np.minimum(usual + rise, 1.0 - 1e-12)
    result: Floats = failures * np.log(worse / usual) + (requests - failures) * np.log(
        (1.0 - worse) / (1.0 - usual)
    )
    return result


def _beta_binomial(counts: Floats, mean: Floats, strength: float) -> Floats:
    """Return the log likelihood but for the binomial coefficient."""
    requests, failures = counts
    mean = np.minimum(mean, 1.0 - 1e-9)
    a, b = mean * strength, (1.0 - mean) * strength
    return (
        _log_gamma(failures + a)
        + _log_gamma(requests - failures + b)
        - _log_gamma(requests + strength)
        - (_log_gamma(a) + _log_gamma(b) - math.lgamma(strength))
    )


def _log_gamma(x: Floats) -> Floats:
    """Return ln gamma by Stirling's series, shifted to where it holds to 12 digits."""
    low, shift = x, np.zeros_like(x)
    for _ in range(8):
        shift = shift + np.log(low)
        low = low + 1.0
    series = 1 / (12 * low) - 1 / (360 * low**3) + 1 / (1260 * low**5)
    result: Floats = (
        (low - 0.5) * np.log(low) - low + 0.5 * math.log(2 * math.pi) + series - shift
    )
    return result
