import { mustExceed, roomOf, verdictOf } from "../model.js";
import { amount, count, distance, unbroken } from "../words.js";
import { glyph, html, nothing } from "./html.js";

const COLUMNS = ["Canary", "Stable", "Limit", "Room left", "Samples", "Verdict"];

/** Canary against stable against limit, a row for each gate. */
export function gates(verdicts, ended) {
  if (!verdicts.length) return ended ? nothing : html`<p class="quiet">No gate has spoken yet.</p>`;
  // Roles are said again: a narrow screen lays rows out as blocks, which unmakes a table.
  return html`${ended ? html`<p class="quiet ended">As the gates stood when the run ended:</p>` : nothing}
  <table class="gates" role="table" id="gates">
    <caption class="unseen">Gates</caption>
    <thead role="rowgroup"><tr role="row">
      <th role="columnheader" scope="col">Gate</th>
      ${COLUMNS.map((name) => html`<th role="columnheader" scope="col">${name}</th>`)}
    </tr></thead>
    ${verdicts.map(row)}
  </table>`;
}

function row(gate) {
  const verdict = verdictOf(gate);
  const room = roomOf(gate);
  const sign = mustExceed(gate) ? "≥" : "≤";
  const limit = gate.limit === null ? "–" : `${sign} ${amount(gate.limit, gate.unit)}`;
  const values = [
    amount(gate.canary, gate.unit),
    amount(gate.stable, gate.unit),
    limit,
    html`<span>${room === null ? "–" : distance(room, gate.unit)} ${meter(gate, verdict.tone)}</span>`,
    count(gate.samples),
    html`<span><span class="verdict ${verdict.tone}">${glyph(verdict)} ${verdict.label}</span>
      ${gate.inARow > 1 ? html`<small class="quiet">${count(gate.inARow)} in a row</small>` : nothing}</span>`,
  ];
  return html`<tbody role="rowgroup">
    <tr role="row">
      <th role="rowheader" scope="row">${gate.gate}
        ${gate.enforced ? nothing : html`<span class="chip" title="Only shown: it decides nothing">shadow</span>`}</th>
      ${values.map((value, index) => html`<td role="cell" data-label=${COLUMNS[index]}>${value}</td>`)}
    </tr>
    <tr role="row" class="reason"><td role="cell" colspan="7">${reason(gate)}</td></tr>
  </tbody>`;
}

/** How far a breach is, by the gate's own measure; never full beside a value beyond its limit. */
function meter(gate, tone) {
  if (gate.room === null) return nothing;
  const left = roomOf(gate) < 0 ? 0 : Math.min(1, Math.max(0, gate.room));
  return html`<span class="meter ${tone}" aria-hidden="true">
    <i .style=${`width:${left * 100}%`}></i></span>`;
}

function reason({ reason: words, evidence }) {
  const numbers = Object.entries(evidence).filter(([, value]) => value !== null);
  if (!numbers.length) return unbroken(words);
  return html`<details><summary>${unbroken(words)}</summary>
    <dl>${numbers.map(
      ([name, value]) => html`<div><dt>${name}</dt><dd>${amount(value, "")}</dd></div>`,
    )}</dl></details>`;
}
