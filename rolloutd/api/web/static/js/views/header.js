import { age, staleness } from "../freshness.js";
import { change } from "../store.js";
import { html, nothing } from "./html.js";

/** The bar at the top: what this is, whether it is live, who is looking. */
export function header(state, logOut) {
  return html`<header class="bar">
    <a class="brand" href="#/">rolloutd</a>
    ${state.login ? nothing : live(state)}
    <span class="spring"></span>
    ${who(state, logOut)}
    <button class="chip" type="button" @click=${() => change({ help: true })}>
      <kbd>?</kbd> Keys
    </button>
  </header>`;
}

function live(state) {
  if (!state.loaded) return html`<span class="chip idle">… connecting</span>`;
  if (staleness(state)) return html`<span class="chip lost">○ not live</span>`;
  return html`<span class="chip good" title="Last answer ${age(state).toFixed(1)} s ago">
    ● live</span>`;
}

function who({ session, login }, logOut) {
  if (!session || login) return nothing;
  const out = html`<button class="chip" type="button" @click=${logOut}>Log out</button>`;
  return html`<span class="chip" id="who">${session.user} · ${session.role}</span>
    ${session.canLogOut ? out : nothing}`;
}

/** What is wrong with what is shown, above all of it. */
export function banners(state) {
  const old = state.login ? "" : staleness(state);
  return html`${old && state.loaded ? stale(state, old) : nothing}
    ${state.complaints.length ? complaints(state.complaints) : nothing}`;
}

function stale(state, why) {
  return html`<div class="banner stale" role="alert" id="stale">
    <strong><span aria-hidden="true">?</span> Not live: do not trust what is below.</strong>
    ${why} Shown is the last known state.
  </div>`;
}

function complaints(lines) {
  const what = lines.length === 1 ? "1 complaint" : `${lines.length} complaints`;
  return html`<details class="banner warn">
    <summary><span aria-hidden="true">!</span> ${what} about plans and replicas</summary>
    <ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>
  </details>`;
}
