"""The operating characteristics as pictures for ``docs/gate.md``."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import fmean
from typing import Final

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from bench.gate.cells import ORACLE, OURS, RISES, Results
from bench.gate.world import Cell

SHOWN: Final = {
    ORACLE: ("oracle (knows both ratios)", "0.6"),
    OURS: ("rolloutd", "tab:blue"),
    "argo 0": ("Argo, limit 0", "tab:orange"),
    "argo 1": ("Argo, limit 1", "tab:red"),
    "flagger 60 s": ("Flagger, 5 x 60 s", "tab:green"),
    "flagger 15 s": ("Flagger, 5 x 15 s", "tab:olive"),
    "kayenta": ("Kayenta", "tab:purple"),
    "textbook": ("textbook e-process", "tab:brown"),
}
NOISES: Final = ("iid", "od", "inc", "od+inc", "blip", "drift")
LABELS: Final = ("0.5 pp", "1 pp", "5 pp", "all fail")
FLOOR: Final = 0.005
"""Percent that stand for none in logarithmic pictures."""


def draw(results: Results, folder: Path) -> None:
    """Write the pictures; the same figures give the same bytes."""
    # Without these two, ids in the SVG are random.
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "rolloutd"
    folder.mkdir(parents=True, exist_ok=True)
    _delays(results, folder / "delays.svg")
    _false_rollbacks(results, folder / "false-rollbacks.svg")


def _delays(results: Results, path: Path) -> None:
    """Median time to rollback against the size of the regression."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
    for axis, (rate, base) in zip(axes, ((50, 0.001), (50, 0.01)), strict=True):
        for judge, (label, colour) in SHOWN.items():
            found = [results[judge, Cell(rate, base, rise, "iid")].delay for rise in RISES]
            # What most rollouts never find is no point of the line.
            heights = [delay if math.isfinite(delay) else math.nan for delay in found]
            axis.plot(LABELS, heights, marker="o", color=colour, label=label)
        axis.set_yscale("log")
        axis.set_title(f"{rate} requests a second, stable fails {100 * base:g} %")
        axis.set_xlabel("the canary fails this much more")
    axes[0].set_ylabel("median seconds to rollback")
    _save(figure, path)


def _false_rollbacks(results: Results, path: Path) -> None:
    """Share of healthy canaries that are rolled back, by noise."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
    judges = [judge for judge in SHOWN if judge != ORACLE]
    for axis, base in zip(axes, (0.001, 0.01), strict=True):
        for place, judge in enumerate(judges):
            label, colour = SHOWN[judge]
            heights = [
                max(
                    FLOOR,
                    100.0
                    * fmean(
                        results[judge, Cell(rate, base, 0.0, noise, schedule)].rolled_back
                        for rate in (50, 500)
                        for schedule in ("A", "B")
                    ),
                )
                for noise in NOISES
            ]
            where = [number + 0.11 * (place - 3) for number in range(len(NOISES))]
            axis.bar(where, heights, width=0.1, color=colour, label=label, bottom=0.0)
        axis.axhline(0.1, color="black", linewidth=0.8, linestyle=":")
        axis.set_yscale("log")
        axis.set_xticks(range(len(NOISES)), NOISES)
        axis.set_title(f"stable fails {100 * base:g} %")
    axes[0].set_ylabel("healthy canaries rolled back, %")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    names = figure.axes[0].get_legend_handles_labels()
    # Below the pictures: within them it would hide what it explains.
    figure.legend(*names, fontsize="small", loc="lower center", ncols=4)
    figure.tight_layout(rect=(0.0, 0.14, 1.0, 1.0))
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
