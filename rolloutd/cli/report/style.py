"""How charts and pages look: on a screen, on paper, and without colours."""

from __future__ import annotations

from typing import Final

CHART: Final = """
:root { --ink: #1b2430; --quiet: #5b6675; --line: #dde3ea; --canary: #0b62d6;
  --stable: #5b6675; --bad: #b42318; --good: #14713d; --warn: #8a5a00; }
svg path { fill: none; stroke-linejoin: round; stroke-linecap: round; }
.grid { stroke: var(--line); }
.mark { stroke: #9aa5b1; stroke-dasharray: 2 3; }
.canary { stroke: var(--canary); stroke-width: 2; }
.stable { stroke: var(--stable); stroke-width: 1.8; stroke-dasharray: 6 4; }
.limit { stroke: var(--bad); stroke-width: 1.8; stroke-dasharray: 1.5 4; }
rect.rollback { fill: #f9d0cb; }
rect.suspect { fill: #fbe3b3; }
rect.blind, rect.paused { fill: #e8ecf0; }
svg text { font-size: 12px; fill: var(--quiet); }
.tick.value { text-anchor: end; dominant-baseline: middle; }
.tick.time { text-anchor: middle; }
.label.late { text-anchor: end; }
svg .label { fill: var(--ink); }
"""
"""Of pictures alone."""

PAGE: Final = """
* { box-sizing: border-box; }
body { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem; color: var(--ink);
  background: #fff; font: 15px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .6rem; font-size: 1.05rem; }
.over, small, footer, th, dt { color: var(--quiet); }
.over { margin: 0 0 .2rem; }
.lead { margin: .5rem 0 0; font-size: 1.1rem; }
small { font-size: .85em; }
footer { margin-top: 2.5rem; padding-top: .8rem; border-top: 1px solid var(--line); }
.badge { display: inline-block; padding: .05em .6em; border-radius: 1em; font-size: .8em;
  font-weight: 600; white-space: nowrap; vertical-align: .1em; border: 1px solid;
  color: var(--quiet); background: #f4f6f8; }
h1 .badge { font-size: .55em; vertical-align: .35em; }
.badge.promoted, .badge.fine { color: var(--good); background: #eaf6ee; }
.badge.rolledBack, .badge.rollback, .badge.aborted { color: var(--bad); background: #fdeeec; }
.badge.suspect { color: var(--warn); background: #fdf4e0; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .8rem;
  margin: 0; }
dl div:first-child { grid-column: 1 / -1; }
dt { font-size: .85rem; }
dd { margin: 0; }
ul { margin: 0; padding-left: 1.2rem; }
figure { margin: 0 0 1.4rem; break-inside: avoid; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; align-items: baseline; }
.key { color: var(--quiet); font-size: .85rem; white-space: nowrap; }
.key i { display: inline-block; width: 1.5rem; margin-right: .4rem; vertical-align: .25em;
  border-top: 2px solid var(--canary); }
.key i.stable { border-top: 2px dashed var(--stable); }
.key i.limit { border-top: 2px dotted var(--bad); }
.key i.band { height: .8rem; width: .8rem; border: 0; vertical-align: -.1em; }
i.band.rollback { background: #f9d0cb; }
i.band.suspect { background: #fbe3b3; }
i.band.blind, i.band.paused { background: #dfe4ea; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; }
th, td { padding: .4rem .9rem .4rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th { font-weight: 500; white-space: nowrap; }
td:first-child { white-space: nowrap; }
td:last-child { min-width: 16rem; overflow-wrap: anywhere; }
td.number, th.number { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
td.bad { color: var(--bad); }
@media print { body { max-width: none; padding: 0; font-size: 11px; }
  * { print-color-adjust: exact; } tr { break-inside: avoid; } }
"""
"""Of all around them."""
