"""The figures as tables for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import fmean

from bench.gate.cells import BASELINES, OURS, RATES, RIVALS, Results
from bench.gate.targets import Measured, Target
from bench.gate.world import NOISES, Cell

JUDGES = (*RIVALS, OURS)


def printed(found: Measured, kept: Sequence[Target]) -> str:
    """Return all tables, and whether the targets are met."""
    results = found.results
    parts = [
        "False rollback of a healthy canary, % (A and B)",
        *_false_rollbacks(results),
        *(
            line
            for rise in (0.005, 0.01, 0.05, 1.0)
            for line in (
                "",
                f"{_rise(rise)}, A: missed % / median s / failed",
                *_found(results, rise),
            )
        ),
        "",
        "Healthy under our gate, A: promoted after median / p95 s, asked %",
        *_promotions(results),
        "",
        "Durations under our gate: rolled back % / median s / certified after s",
        *(
            f"{setting.name:<20} {setting.rate:>4} rps  {100 * speed.rolled_back:.3g}"
            f" / {_seconds(speed.delay)} / {_seconds(speed.certified)}"
            for setting, speed in found.speeds.items()
        ),
        "",
        "Targets",
        *map(_target, kept),
    ]
    return "\n".join(parts)


def _false_rollbacks(results: Results) -> Iterable[str]:
    columns = [(rate, base, noise) for rate in RATES for base in BASELINES for noise in NOISES]
    yield _row("", [f"{rate}/{100 * base:g}%/{noise}" for rate, base, noise in columns])
    for judge in JUDGES[1:]:
        shares = [
            fmean(
                results[judge, Cell(rate, base, 0.0, noise, schedule)].rolled_back
                for schedule in ("A", "B")
            )
            for rate, base, noise in columns
        ]
        yield _row(judge, [f"{100 * share:.3g}" for share in shares])


def _found(results: Results, rise: float) -> Iterable[str]:
    columns = [(rate, base, noise) for rate in RATES for base in BASELINES for noise in NOISES]
    yield _row("", [f"{rate}/{100 * base:g}%/{noise}" for rate, base, noise in columns])
    for judge in JUDGES:
        found = [results[judge, Cell(r, b, rise, noise)] for r, b, noise in columns]
        yield _row(
            judge,
            [f"{100 * f.missed:.3g}/{_seconds(f.delay)}/{f.failed:.0f}" for f in found],
        )


def _promotions(results: Results) -> Iterable[str]:
    for rate in RATES:
        for base in BASELINES:
            found = [results[OURS, Cell(rate, base, 0.0, noise)] for noise in NOISES]
            yield _row(
                f"{rate} rps, {100 * base:g} %",
                [
                    f"{noise}: {_seconds(f.promotion)}/{_seconds(f.late_promotion)}"
                    f" {100 * f.asked:.2g}"
                    for noise, f in zip(NOISES, found, strict=True)
                ],
            )


def _target(target: Target) -> str:
    mark = "met   " if target.met else "MISSED"
    where = f"  ({target.worst})" if target.worst else ""
    return f"{mark} {target.name}: {target.value:.3g} of {target.limit:g} {target.unit}{where}"


def _rise(rise: float) -> str:
    return "Broken" if rise >= 1.0 else f"+{100 * rise:g} pp"


def _seconds(value: float) -> str:
    return f"{value:.0f}" if math.isfinite(value) else "-"


def _row(name: str, cells: Iterable[str]) -> str:
    return f"{name:<16}" + " ".join(f"{cell:>16}" for cell in cells)
