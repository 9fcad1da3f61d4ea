"""How two arms divide a route's weights.

Istio reads a weight relative to the sum of its route, and takes whole numbers only. The canary
and the stable arm divide what they jointly have; other destinations keep their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rolloutd.core.units import Percent

WHOLE = 100
"""A percent's denominator, and the sum we choose where a sum is ours to choose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Weights of one route.

    Attributes:
        stable: The stable arm's weight.
        canary: The canary's weight.
        others: What the remaining destinations hold together.
    """

    stable: int
    canary: int
    others: int

    @property
    def joint(self) -> int:
        """What the two arms divide."""
        return self.stable + self.canary


def divide(joint: int, canary: Percent) -> int:
    """Return the canary's part of ``joint``, by largest remainder; a tie goes to stable.

    0 % is nothing and 100 % is all, and rounding reaches neither: a canary that is to be
    watched gets traffic, and stable stays reachable until the last step. A joint weight of 1
    cannot be divided: the canary waits for 100 %.
    """
    if canary in {0, WHOLE} or joint < 2:
        return joint if canary == WHOLE else 0
    part, remainder = divmod(joint * canary, WHOLE)
    return min(max(part + (2 * remainder > WHOLE), 1), joint - 1)


def ordered(split: Split, canary: Percent) -> Split:
    """Return the weights that give the canary this share of what both arms have.

    The joint weight stays, except where it cannot express the share exactly and no other
    destination has any traffic: then both count out of 100, which changes nobody's share.
    """
    exact = split.joint * canary % WHOLE == 0
    joint = split.joint if exact or split.others else WHOLE
    part = divide(joint, canary)
    return Split(stable=joint - part, canary=part, others=split.others)


def share(splits: Sequence[Split], order: Percent | None) -> Percent | None:
    """Return the canary's share where all routes agree on one, else ``None``.

    Small joint weights stand for several percents: of those that all routes may stand for,
    ``order`` is preferred (the share that was last written), then the one nearest to the
    weights. Routes in which neither arm has traffic agree with everything.
    """
    divided = [split for split in splits if split.joint > 0]
    if order is not None and all(ordered(split, order) == split for split in divided):
        return order
    if not divided:
        return None
    finest = max(divided, key=lambda split: split.joint)
    best = _nearest(finest)
    for candidate in sorted(range(WHOLE + 1), key=lambda percent: abs(percent - best)):
        if all(ordered(split, Percent(candidate)) == split for split in divided):
            return Percent(candidate)
    return best if all(_nearest(split) == best for split in divided) else None


def _nearest(split: Split) -> Percent:
    """Return the canary's share rounded, but to 0 and 100 only where that is exact."""
    if split.canary in {0, split.joint}:
        return Percent(WHOLE if split.canary else 0)
    rounded = (2 * WHOLE * split.canary + split.joint) // (2 * split.joint)
    return Percent(min(max(rounded, 1), WHOLE - 1))
