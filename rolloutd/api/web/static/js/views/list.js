import * as clock from "../clock.js";
import { staleness } from "../freshness.js";
import { keyOf, looksOf, needsAttention, stateOf, worstFirst } from "../model.js";
import { toRollout } from "../route.js";
import { change } from "../store.js";
import { moment, span } from "../words.js";
import { glyph, html, nothing, repeat } from "./html.js";

const PHASES = ["waiting", "progressing", "paused", "promoted", "rolledBack", "aborted"];
const MANY = 5; // from here on a filter is worth its room

/** The rollouts that the filter lets through, in the order of the list. */
export function listed(state) {
  const wanted = state.search.trim().toLowerCase();
  return worstFirst(state.rollouts.values()).filter(
    (one) =>
      keyOf(one).toLowerCase().includes(wanted) && (!state.phase || one.phase === state.phase),
  );
}

/** All rollouts, worst first. */
export function list(state) {
  const shown = listed(state);
  const stale = Boolean(staleness(state));
  const bad = [...state.rollouts.values()].filter(needsAttention).length;
  return html`<nav class="card list" aria-labelledby="list-title">
    <h2 id="list-title">Rollouts${bad ? ` · ${bad} need${bad === 1 ? "s" : ""} attention` : ""}</h2>
    ${state.rollouts.size >= MANY ? filter(state) : nothing}
    <ul>${repeat(shown, keyOf, (one) => row(state.key, one, stale))}</ul>
    ${shown.length ? nothing : html`<p class="quiet">${none(state)}</p>`}
  </nav>`;
}

function none(state) {
  if (!state.loaded) return "Reading …";
  if (state.rollouts.size) return "None matches the filter.";
  return "There is no plan yet: put one where the daemon reads its plans.";
}

function filter(state) {
  return html`<div class="filter">
    <input type="search" id="filter" placeholder="Filter" aria-label="Filter by namespace or name"
      .value=${state.search} @input=${(event) => change({ search: event.target.value })}>
    <select aria-label="Phase" @change=${(event) => change({ phase: event.target.value })}>
      <option value="">All phases</option>
      ${PHASES.map((phase) => html`<option ?selected=${phase === state.phase}>${phase}</option>`)}
    </select>
  </div>`;
}

function row(shown, one, stale) {
  const [key, looks] = [keyOf(one), looksOf(one, stale)];
  const current = key === shown;
  return html`<li>
    <a href=${toRollout(key)} class="row" id=${`row ${key}`}
      aria-current=${current ? "page" : nothing}>
      <span class="name ${looks.tone}">${glyph(looks)} <b>${one.name}</b>
        <small>${one.namespace}</small></span>
      <span class="quiet line"><span class="unseen">${looks.label}: </span>${brief(one, stateOf(one))}</span>
    </a>
  </li>`;
}

function brief(one, { label }) {
  const percent = one.split.desiredPercent;
  const place = percent === null ? label : `${label} at ${percent}\u00a0%`;
  const step = one.step === null ? "" : ` · step ${one.step + 1} of ${one.stepCount}`;
  switch (one.phase) {
    case "progressing": {
      const left = one.at ? (Date.parse(one.at) - clock.now()) / 1000 : 0;
      return `${place}${step}${left > 0 ? ` · ${span(left)} left` : ""}`;
    }
    case "paused":
      return `${place}${step}`;
    case "waiting":
      return one.why;
    case null:
      return "First look at the cluster";
    default: {
      const since = Date.parse(one.since);
      const ago = (clock.now() - since) / 1000;
      const when = ago < 3600 ? `${span(ago)} ago` : moment(since, clock.now());
      return `${label} ${when}`;
    }
  }
}
