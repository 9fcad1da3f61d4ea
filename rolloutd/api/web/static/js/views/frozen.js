import * as clock from "../clock.js";
import { toRun } from "../route.js";
import { count, moment, share, span } from "../words.js";
import { charts } from "./charts.js";
import { copying } from "./copying.js";
import { gates } from "./gates.js";
import { html, nothing } from "./html.js";
import { history, outcome, presentRun, timeline } from "./story.js";

/** A run of the past: what was seen and done, and nothing to press. */
export function frozen(state) {
  const { key, run, frozen: past } = state;
  if (past === null) return notice(key, run, "Reading …");
  if (past === "none") return notice(key, run, "This run is not kept any more.");
  const [began, ended] = [Date.parse(past.started), Date.parse(past.ended)];
  const now = clock.now();
  return html`<main class="detail" id="detail">
      <section class="card" aria-labelledby="title">
        ${presentRun(key)}
        <h1 id="title" tabindex="-1">${key} <span class="quiet">run ${run}</span></h1>
        ${copying(state, toRun(key, run))}
        <p class="why idle" id="past">${outcome(past)} <strong>${past.reason}</strong>
          This run is over; nothing here changes any more.</p>
        <dl class="facts">
          ${fact("Began", moment(began, now))} ${fact("Ended", moment(ended, now))}
          ${fact("Took", span((ended - began) / 1000))}
          ${past.actor ? fact("Ended by", past.actor) : nothing}
          ${fact("Versions", `${past.stableVersion} → ${past.canaryVersion}`)}
          ${past.course ? course(past.course) : nothing}
        </dl>
        ${gates(past.gates, true)}
      </section>
      ${charts(past.series, past.timeline, past.gates)}
    </main>
    <aside class="card story" aria-label="Timeline and history">
      ${timeline(past.timeline, now, state.told)} ${history(key, state.runs, run)}
    </aside>`;
}

/** What it has been through. */
function course({ requests, failures, looks, fine, closest }) {
  return html`${fact("Canary's requests", `${count(requests)}, of which ${count(failures)} failed`)}
    ${fact("Looks", `${count(looks)}, of which ${count(fine)} all fine`)}
    ${closest ? nearness(closest) : nothing}`;
}

function nearness({ gate, weightPercent, room }) {
  const where = `${gate} at ${weightPercent}\u00a0%`;
  if (room <= 0) return fact("In breach", where);
  return fact("Closest to a breach", `${where}, ${share(room)} of the way to it left`);
}

function fact(name, words) {
  return html`<div><dt>${name}</dt><dd>${words}</dd></div>`;
}

function notice(key, run, words) {
  return html`<main class="detail" id="detail"><section class="card">${presentRun(key)}
    <h1 id="title" tabindex="-1">${key} <span class="quiet">run ${run}</span></h1>
    <p>${words}</p></section></main>`;
}
