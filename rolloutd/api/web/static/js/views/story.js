import { stateOf } from "../model.js";
import { toRollout, toRun } from "../route.js";
import { moment } from "../words.js";
import { glyph, html, nothing } from "./html.js";

/** What happened, newest first, with people and reasons. */
export function timeline(lines, now) {
  return html`<h2>Timeline</h2>
    ${lines.length ? nothing : html`<p class="quiet">Nothing has happened yet.</p>`}
    <ol class="timeline" id="timeline">${[...lines].reverse().map((line) => entry(line, now))}</ol>`;
}

function entry(line, now) {
  const looks = stateOf({ ...line, suspect: false, rulings: {}, obstacles: [], trouble: "" });
  return html`<li>
    <time datetime=${line.at} title=${line.at}>${moment(Date.parse(line.at), now)}</time>
    <span class="weight">${glyph(looks)} ${line.weightPercent} %</span>
    ${line.actor ? html`<span class="chip actor">${line.actor}</span>` : nothing}
    <span class="words">${line.reason}</span>
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
    )}</ul>
    ${nothing}`;
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
