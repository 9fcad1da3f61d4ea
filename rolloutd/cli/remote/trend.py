"""How the gates' values went of late, in both arms, as a line of blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rolloutd.cli.remote.fields import Fields
from rolloutd.cli.remote.forms import Full, Gate
from rolloutd.core.units import Instant

LOOKS: Final = 40
"""Looks that are drawn, the newest at the right; also the width in characters."""

BLOCKS: Final = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One gate's values, oldest first; ``None`` where one is not known.

    Attributes:
        seen: When the newest were.
    """

    seen: Instant
    canary: tuple[float | None, ...] = ()
    stable: tuple[float | None, ...] = ()

    def grown(self, gate: Gate) -> Trend:
        """Add what a gate says, unless it is known already."""
        if gate.seen <= self.seen:
            return self
        return Trend(
            seen=gate.seen,
            canary=(*self.canary, gate.canary)[-LOOKS:],
            stable=(*self.stable, gate.stable)[-LOOKS:],
        )

    def lines(self) -> tuple[str, str]:
        """Draw (canary, stable) on one scale, so that they can be compared."""
        known = [value for value in (*self.canary, *self.stable) if value is not None]
        if len(known) < 2:
            return "", ""
        low, high = min(known), max(known)
        return _line(self.canary, low, high), _line(self.stable, low, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """Those of a run.

    Attributes:
        run: Its number; another run begins anew.
    """

    run: int | None = None
    gates: Mapping[str, Trend] = field(default_factory=dict)

    def noted(self, now: Full) -> Trends:
        """Add what a rollout shows now."""
        before = self.gates if now.run == self.run else {}
        grown = {gate.name: _of(before, gate).grown(gate) for gate in now.gates}
        return Trends(run=now.run, gates={**before, **grown})


def read_trends(form: object, run: int | None) -> Trends:
    """Read the answer about a run over time.

    Raises:
        Unavailable: It is not one.
    """
    fields = Fields(form)
    times = fields.numbers("at")
    if not times or times[-1] is None:
        return Trends(run=run)
    seen, gates = Instant(times[-1]), Fields(fields.mapping("gates"))
    return Trends(run=run, gates={name: _read(gates.part(name), seen) for name in gates})


def _read(fields: Fields, seen: Instant) -> Trend:
    canary, stable = fields.numbers("canary"), fields.numbers("stable")
    return Trend(seen=seen, canary=canary[-LOOKS:], stable=stable[-LOOKS:])


def _of(gates: Mapping[str, Trend], gate: Gate) -> Trend:
    return gates.get(gate.name, Trend(seen=Instant(0.0)))


def _line(values: Sequence[float | None], low: float, high: float) -> str:
    return "".join(" " if value is None else _block(value, low, high) for value in values)


def _block(value: float, low: float, high: float) -> str:
    """Return the block of a value; where all are the same, a low one."""
    share = (value - low) / (high - low) if high > low else 0.0
    return BLOCKS[round(share * (len(BLOCKS) - 1))]
