"""What the gate promises, and whether it holds: one line a target."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from bench.gate.cells import ORACLE, OURS, PLAIN, Figures, Results
from bench.gate.durations import WARM_UP, Setting, Speed
from bench.gate.world import Cell

INCIDENTS: Final = ("inc", "od+inc")
QUIET: Final = ("iid", "od")
BROKEN: Final = 1.0


@dataclass(frozen=True, slots=True)
class Target:
    """A promise and what was measured.

    Attributes:
        limit: The value must not lie above it.
        unit: Of both.
        worst: The setting that gave the value, where one did.
    """

    name: str
    limit: float
    value: float
    unit: str
    worst: str = ""

    @property
    def met(self) -> bool:
        """Say whether the promise holds."""
        return self.value <= self.limit + 1e-9


@dataclass(frozen=True, slots=True)
class Measured:
    """All figures.

    Attributes:
        microseconds: Of one scrape, for each kind of stream.
    """

    results: Results
    speeds: Mapping[Setting, Speed]
    microseconds: Mapping[str, float]


def targets(measured: Measured) -> list[Target]:
    """Compare the gate's figures with what is promised."""
    results = measured.results
    mine = {cell: found for (judge, cell), found in results.items() if judge == OURS}
    return [
        *_false_rollbacks(mine),
        *_misses(mine),
        *_delays(results),
        *_tax(mine),
        *_durations(measured.speeds),
        *(
            Target(f"cost of a scrape, {stream}", 30.0, cost, "us")
            for stream, cost in measured.microseconds.items()
        ),
        *_stretch(results),
    ]


def _durations(speeds: Mapping[Setting, Speed]) -> Iterable[Target]:
    def rolled_back(setting: Setting) -> float:
        return 100.0 * speeds[setting].rolled_back

    unjust = [setting for setting in speeds if setting.healthy]
    for shared in (False, True):
        chosen = [setting for setting in unjust if setting.shared is shared]
        worst = max(chosen, key=rolled_back)
        name = "latency: false rollback" + (", shared x3" if shared else "")
        where = f"{worst.name}, {worst.rate} rps"
        yield Target(name, 0.1, rolled_back(worst), "%", where)
    for slower, limit in ((1.5, 45.0), (1.25, 120.0)):
        (setting,) = (s for s in speeds if s.slower == slower and s.rate == 50 and not s.bursts)
        delay = speeds[setting].delay - WARM_UP
        yield Target(f"latency: x{slower:g} at 50 rps after warm-up", limit, delay, "s")


def _false_rollbacks(mine: dict[Cell, Figures]) -> Iterable[Target]:
    def healthy(cell: Cell) -> bool:
        return cell.healthy and cell.noise in PLAIN

    brisk = _chosen(mine, lambda c: healthy(c) and c.rate >= 50)
    yield Target(
        "false rollback, >= 50 rps, pooled",
        0.05,
        100.0 * fmean(found.rolled_back for found in brisk.values()),
        "%",
    )
    yield _worst("false rollback, >= 50 rps, a cell", 0.1, brisk, _rolled_back)
    slow = _chosen(mine, lambda c: healthy(c) and c.rate < 50)
    calm = {cell: found for cell, found in slow.items() if cell.noise in QUIET}
    hit = {cell: found for cell, found in slow.items() if cell.noise in INCIDENTS}
    yield _worst("false rollback, 5 rps, no incident, a cell", 0.1, calm, _rolled_back)
    yield _worst("false rollback, 5 rps, an incident, a cell", 1.0, hit, _rolled_back)


def _misses(mine: dict[Cell, Figures]) -> Iterable[Target]:
    def brisk(rise: float) -> dict[Cell, Figures]:
        return _chosen(mine, lambda c: c.rate >= 50 and c.rise == rise and c.noise in PLAIN)

    yield _worst("missed +1 pp, >= 50 rps, a cell", 0.3, brisk(0.01), _missed)
    yield _worst("missed +5 pp, >= 50 rps, a cell", 0.0, brisk(0.05), _missed)
    yield _worst("missed broken, >= 50 rps, a cell", 0.0, brisk(BROKEN), _missed)


def _delays(results: Results) -> Iterable[Target]:
    # The issue asks for 1.5 in all noises; the note that it rests on for less in incidents.
    for noises, factor in ((QUIET, 1.5), (INCIDENTS, 1.5), (("inc",), 1.7), (("od+inc",), 2.1)):
        yield _against_oracle(results, noises, factor, 0.01)
    broken = _chosen(
        {cell: found for (judge, cell), found in results.items() if judge == OURS},
        lambda c: c.rise == BROKEN and c.noise in PLAIN,
    )
    brisk = {cell: found for cell, found in broken.items() if cell.rate >= 50}
    slow = {c: f for c, f in broken.items() if c.rate < 50 and c.interval == 5}
    yield _worst("broken, >= 50 rps, scrapes", 2.0, brisk, _scrapes, "")
    yield _worst("broken, 5 rps, 5 s scrapes", 20.0, slow, lambda _, f: f.delay, "s")


def _against_oracle(
    results: Results, noises: tuple[str, ...], factor: float, rise: float
) -> Target:
    """Return how much of the allowed delay the slowest setting uses."""

    def used(cell: Cell, found: Figures) -> float:
        best = results[ORACLE, cell].delay
        return found.delay / max(factor * best, best + 4.0 * cell.interval)

    chosen = {
        cell: found
        for (judge, cell), found in results.items()
        if judge == OURS
        and cell.rate >= 50
        and cell.rise == rise
        and cell.noise in noises
        # Where the oracle finds less than half in time there is nothing to compare with.
        and math.isfinite(results[ORACLE, cell].delay)
    }
    name = f"delay +{100 * rise:g} pp / allowed ({factor:g} x oracle or + 4 scrapes), "
    return _worst(name + "/".join(noises), 1.0, chosen, used, "")


def _tax(mine: dict[Cell, Figures]) -> Iterable[Target]:
    chosen = _chosen(
        mine,
        lambda c: c.healthy and c.rate >= 50 and c.noise in PLAIN and c.interval == 5,
    )
    plan_a = {cell: found for cell, found in chosen.items() if cell.schedule == "A"}
    yield _worst(
        "healthy promotion, median over the plan, A",
        30.0,
        plan_a,
        lambda cell, found: 100.0 * (found.promotion / cell.nominal - 1.0),
    )
    yield _worst("healthy promotion, p95", 720.0, chosen, lambda _, f: f.late_promotion, "s")
    yield _worst("a person asked, healthy", 2.0, chosen, lambda _, f: 100.0 * f.asked)


def _stretch(results: Results) -> Iterable[Target]:
    mine = {cell: found for (judge, cell), found in results.items() if judge == OURS}
    blips = _chosen(mine, lambda c: c.healthy and c.noise == "blip" and c.rate >= 50)
    pooled = 100.0 * fmean(found.rolled_back for found in blips.values())
    yield Target("stretch: false rollback on a blip, >= 50 rps, pooled", 0.2, pooled, "%")
    yield _worst("stretch: the same, a cell", 0.2, blips, _rolled_back)

    def times(cell: Cell, found: Figures) -> float:
        return found.delay / results[ORACLE, cell].delay

    for rate in (50, 500):
        large = {
            cell: found
            for cell, found in mine.items()
            if cell.rise == 0.05
            and cell.noise == "iid"
            and cell.rate == rate
            and cell.interval == 5
        }
        yield _worst(f"stretch: delay +5 pp / oracle, {rate} rps", 2.5, large, times, "x")


def _chosen(mine: dict[Cell, Figures], wanted: Callable[[Cell], bool]) -> dict[Cell, Figures]:
    return {cell: found for cell, found in mine.items() if wanted(cell)}


def _worst(
    name: str,
    limit: float,
    chosen: dict[Cell, Figures],
    measure: Callable[[Cell, Figures], float],
    unit: str = "%",
) -> Target:
    cell = max(chosen, key=lambda each: measure(each, chosen[each]))
    return Target(name, limit, measure(cell, chosen[cell]), unit, _said(cell))


def _said(cell: Cell) -> str:
    return (
        f"{cell.rate} rps, {100 * cell.baseline:g} %, {cell.noise}, {cell.schedule},"
        f" {cell.interval} s"
    )


def _rolled_back(cell: Cell, found: Figures) -> float:
    del cell
    return 100.0 * found.rolled_back


def _missed(cell: Cell, found: Figures) -> float:
    del cell
    return 100.0 * found.missed


def _scrapes(cell: Cell, found: Figures) -> float:
    return found.delay / cell.interval
