import { bands, steps } from "../series.js";
import { amount, share } from "../words.js";
import { html, nothing } from "./html.js";
import "./chart.js";

const LEAST = 2; // points that make a line

/** A chart for each gate, and one for the traffic; each says what is known now, not what was. */
export function charts(series, timeline, verdicts) {
  if (!series || series.at.length < LEAST) return nothing;
  const marks = steps(timeline);
  const gates = Object.entries(series.gates).map(([name, gate]) => {
    const unit = gate.unit || verdicts.find((verdict) => verdict.gate === name)?.unit || "";
    return figure(name, ofGate(series.at, { ...gate, unit }, marks));
  });
  return html`<div class="charts" id="charts">
    ${gates} ${figure("traffic to the canary", ofTraffic(series, marks))}
  </div>`;
}

function figure(name, data) {
  const known = data.columns.slice(1).flat().some((value) => value !== null);
  return html`<figure class="card">
    <figcaption><h2>${name}</h2><span class="quiet">${data.said}</span></figcaption>
    ${known ? chart(name, data) : html`<p class="quiet">No data.</p>`}
  </figure>`;
}

function chart(name, data) {
  return html`<rollout-chart .data=${data} role="img" aria-label="${name}: ${data.said}"></rollout-chart>`;
}

function ofGate(at, gate, marks) {
  const { unit, canary, stable, limit, ruling } = gate;
  const last = (column) => amount(column.at(-1), unit);
  return {
    unit,
    marks,
    bands: bands(at, ruling),
    columns: [at, canary, stable, limit],
    lines: [
      { label: "canary", tone: "--canary", width: 2 },
      { label: "stable", tone: "--stable", width: 2, dash: [6, 4] },
      { label: "limit", tone: "--bad", width: 1.5, dash: [2, 3] },
    ],
    said: `canary ${last(canary)}, stable ${last(stable)}, limit ${last(limit)}`,
  };
}

function ofTraffic({ at, desiredPercent, observedRatio }, marks) {
  const desired = desiredPercent.map((value) => (value === null ? null : value / 100));
  const last = (column) => (column.at(-1) === null ? "–" : share(column.at(-1)));
  return {
    unit: "ratio",
    marks,
    bands: [],
    from: 0,
    columns: [at, observedRatio, desired],
    lines: [
      { label: "observed", tone: "--canary", width: 2 },
      { label: "ordered", tone: "--stable", width: 2, dash: [6, 4], stepped: true },
    ],
    said: `observed ${last(observedRatio)}, ordered ${last(desired)}`,
  };
}
