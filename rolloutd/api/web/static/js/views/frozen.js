import * as clock from "../clock.js";
import { moment, span } from "../words.js";
import { charts } from "./charts.js";
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
        <p class="why idle" id="past">${outcome(past)} <strong>${past.reason ?? past.outcome}</strong>
          This run is over; nothing here changes any more.</p>
        <dl class="facts">
          <div><dt>Began</dt><dd>${moment(began, now)}</dd></div>
          <div><dt>Ended</dt><dd>${moment(ended, now)}</dd></div>
          <div><dt>Took</dt><dd>${span((ended - began) / 1000)}</dd></div>
          ${past.stableVersion
            ? html`<div><dt>Versions</dt><dd>${past.stableVersion} → ${past.canaryVersion}</dd></div>`
            : nothing}
        </dl>
      </section>
      ${charts(past.series ?? null, past.timeline)}
    </main>
    <aside class="card story" aria-label="Timeline and history">
      ${timeline(past.timeline, now)} ${history(key, state.runs, run)}
    </aside>`;
}

function notice(key, run, words) {
  return html`<main class="detail" id="detail"><section class="card">${presentRun(key)}
    <h1 id="title" tabindex="-1">${key} <span class="quiet">run ${run}</span></h1>
    <p>${words}</p></section></main>`;
}
