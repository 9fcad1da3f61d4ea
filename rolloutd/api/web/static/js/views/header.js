import { age, staleness } from "../freshness.js";
import { change } from "../store.js";
import { html, nothing } from "./html.js";

/** The bar at the top: what this is, whether it is live, who is looking. */
export function header(state, logOut) {
  return html`<header class="bar">
    <a class="brand" href="#/">rolloutd</a>
    ${state.login ? nothing : html`${place(state)} ${live(state)}`}
    <span class="spring"></span>
    ${who(state, logOut)}
    ${state.login ? nothing : keys()}
  </header>`;
}

function keys() {
  return html`<button class="chip keys" type="button" @click=${() => change({ help: true })}>
    <kbd>?</kbd> Keys</button>`;
}

/** In which cluster orders are carried out, and by whom. */
function place({ cluster, replica, standby }) {
  const does = standby ? "replica" : "leader";
  return html`${cluster ? html`<span class="chip" id="cluster">cluster <b>${cluster}</b></span>` : nothing}
    ${replica ? html`<span class="chip replica" id="replica">${does} ${replica}</span>` : nothing}`;
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
  if (state.login) return nothing;
  const old = staleness(state);
  return html`${old && state.loaded ? stale(old) : nothing}
    ${state.standby ? html`<p class="banner warn" role="status">! ${state.standby}</p>` : nothing}
    ${state.complaints.length ? complaints(state.complaints) : nothing}`;
}

function stale(why) {
  // The reason counts seconds: read out once a second it would drown everything else.
  return html`<div class="banner bad" id="stale">
    <strong role="alert"><span aria-hidden="true">?</span> Not live: do not trust what is
      below.</strong>
    ${why} Shown is the last known state.
  </div>`;
}

function complaints(lines) {
  const what = lines.length === 1 ? "A plan is refused" : `${lines.length} plans are refused`;
  return html`<details class="banner warn">
    <summary><span aria-hidden="true">!</span> ${what}; what was good before stays in
      force</summary>
    <ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>
  </details>`;
}
