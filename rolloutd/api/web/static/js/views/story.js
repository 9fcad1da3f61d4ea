import { stateOf } from "../model.js";
import { toRollout, toRun } from "../route.js";
import { change } from "../store.js";
import { moment, unbroken } from "../words.js";
import { glyph, html, nothing } from "./html.js";

const TOLD = {
  "": { label: "Everything", takes: () => true },
  people: { label: "By people", takes: ({ actor }) => Boolean(actor) },
  daemon: { label: "By gates and steps", takes: ({ actor }) => !actor },
};

/** What happened, newest first, with people and reasons; `told` says whose lines. */
export function timeline(lines, now, told) {
  const shown = lines.filter(TOLD[told].takes).reverse();
  const none = lines.length ? "None of this kind." : "Nothing has happened yet.";
  return html`<div class="heading"><h2>Timeline</h2> ${lines.length > 1 ? filter(told) : nothing}</div>
    ${shown.length ? nothing : html`<p class="quiet">${none}</p>`}
    <ol class="timeline" id="timeline">${shown.map((line) => entry(line, now))}</ol>`;
}

function filter(told) {
  return html`<select id="told" aria-label="Lines of the timeline"
    @change=${(event) => change({ told: event.target.value })}>
    ${Object.entries(TOLD).map(
      ([kind, { label }]) => html`<option value=${kind} ?selected=${kind === told}>${label}</option>`,
    )}</select>`;
}

function entry(line, now) {
  const looks = stateOf({ ...line, suspect: false, rulings: {}, obstacles: [], trouble: "" });
  return html`<li>
    <time datetime=${line.at} title=${line.at}>${moment(Date.parse(line.at), now)}</time>
    <span class="weight">${glyph(looks)} ${line.weightPercent} %</span>
    ${line.actor ? html`<span class="chip actor">${line.actor}</span>` : nothing}
    <span class="words">${unbroken(line.reason)}</span>
  </li>`;
}

const OUTCOMES = new Set(["promoted", "rolledBack", "aborted"]);

/** The runs before, each with a page that no longer changes. */
export function history(key, runs, present) {
  const past = (runs ?? []).filter(({ run }) => run !== present);
  if (!past.length) return nothing;
  return html`<h2>Earlier runs</h2>
    <ul class="history" id="history">${past.map(
      (one) => html`<li><a href=${toRun(key, one.run)}>${outcome(one)} Run ${one.run}</a>
        <span class="quiet">${one.reason}</span></li>`,
    )}</ul>`;
}

/** The glyph of how a run ended. */
export function outcome({ outcome: how }) {
  const phase = OUTCOMES.has(how) ? how : "waiting";
  return glyph(
    stateOf({ phase, suspect: false, rulings: {}, obstacles: [], trouble: "" }),
  );
}

export function presentRun(key) {
  return html`<a href=${toRollout(key)}>‹ Back to the present run</a>`;
}
