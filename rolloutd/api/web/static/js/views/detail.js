import * as clock from "../clock.js";
import { staleness } from "../freshness.js";
import { hasEnded, isBlind, looksOf, stateOf, stepStands } from "../model.js";
import { forbidden, ordersFor } from "../orders.js";
import { toRollout } from "../route.js";
import { span as inWords, count, moment, share, stopwatch } from "../words.js";
import { charts } from "./charts.js";
import { copying } from "./copying.js";
import { gates } from "./gates.js";
import { glyph, html, nothing, repeat } from "./html.js";
import { history, timeline } from "./story.js";

/** Everything about the shown rollout. `ask` opens the confirmation of an order. */
export function detail(state, ask) {
  const { full, key } = state;
  if (key === null) return nothing;
  if (state.missing) return notice(key, "There is no such rollout. It may have been removed.");
  if (full === null) return notice(key, "Reading …");
  return html`<main class="detail" id="detail">
      <section class="card" aria-labelledby="title">
        ${heading(state, ask)} ${sentence(full)} ${split(full)} ${track(full)} ${gates(full.gates, hasEnded(full))}
      </section>
      ${charts(state.series, full.timeline, full.gates)}
    </main>
    <aside class="card story" aria-label="Timeline and history">
      ${timeline(full.timeline, clock.now(), state.told)} ${history(key, state.runs, full.run)}
    </aside>`;
}

function notice(key, words) {
  return html`<main class="detail" id="detail"><section class="card">
    ${back()}<h1 id="title" tabindex="-1">${key}</h1><p>${words}</p></section></main>`;
}

/** On a narrow screen the list has a page of its own. */
export function back() {
  return html`<a class="back" href="#/">‹ All rollouts</a>`;
}

function heading(state, ask) {
  const { full, session } = state;
  const looks = looksOf(full, Boolean(staleness(state)));
  const orders = ordersFor(full);
  const refusal = orders.map(({ verb }) => forbidden(session, verb)).find(Boolean);
  return html`<div class="heading">
    <div>${back()}
      <h1 id="title" tabindex="-1"><span>${full.namespace} / </span>${full.name}</h1>
      <span class="chip ${looks.tone}" id="state">${glyph(looks)} ${looks.label}</span>
      <span class="chip">${full.stable} → ${full.canary}</span>
      ${full.run === null ? nothing : html`<span class="chip">run ${full.run}</span>`}
      ${copying(state, toRollout(state.key))}
    </div>
    <div class="orders" role="group" aria-label="Orders">
      ${repeat(
        orders,
        ({ verb }) => verb,
        (order) => button(order, refusal, () => ask(order.verb)),
      )}
    </div>
    ${refusal ? html`<p class="quiet refusal" id="refusal">${refusal}</p>` : nothing}
  </div>`;
}

function button({ verb, glyph: sign, label, style, key }, refusal, press) {
  return html`<button type="button" class=${style} data-verb=${verb} ?disabled=${refusal}
    title=${refusal || (key ? `Key: ${key}` : nothing)}
    aria-describedby=${refusal ? "refusal" : nothing} @click=${press}>
    <span aria-hidden="true">${sign}</span> ${label}</button>`;
}

/** Why it is where it is and what comes next, with a countdown. */
function sentence(full) {
  const { tone } = stateOf(full);
  const [, lead, rest] = full.why.match(/^(.*?[:.])(.*)$/s) ?? [null, full.why, ""];
  const meanwhile = full.phase === "paused" && full.obstacles.length > 0;
  return html`<div class="why ${tone}" id="why">
    <p><strong>${lead}</strong>${rest}</p>
    ${meanwhile ? html`<p>Meanwhile: ${full.obstacles.join("; ")}.</p>` : nothing}
    <p id="next">Next: ${next(full)}</p>
    ${full.trouble ? html`<p class="bad"><strong>Cannot write:</strong> ${full.trouble}</p>` : nothing}
  </div>`;
}

/** The daemon's words with its time span, as of its last turn, made to run. */
function next({ whatNext, at }) {
  const left = at ? (Date.parse(at) - clock.now()) / 1000 : 0;
  if (left <= 0) return whatNext;
  const countdown = html`<b class="countdown">${inWords(left)}</b>
    (${moment(Date.parse(at), clock.now())})`;
  const [, before, after] = whatNext.match(/^(.*) in (?:[\d.]+[dhms] ?)+(.*)$/s) ?? [];
  if (before === undefined) return html`${whatNext} In ${countdown}.`;
  return html`${before} in ${countdown} ${after}`;
}

/** The split of traffic: what is ordered above what is counted. */
function split(full) {
  const { desiredPercent, observedRatio } = full.split;
  if (desiredPercent === null && observedRatio === null) return nothing;
  const desired = desiredPercent === null ? "unknown" : `${desiredPercent}\u00a0%`;
  const rest = desiredPercent === null ? "unknown" : `${100 - desiredPercent}\u00a0%`;
  return html`<div class="split" id="split">
    <p><span class="key stable">stable</span> ${rest}</p>
    <p class="canary-words"><span class="key canary">canary</span> ${desired}
      ${hasEnded(full) ? nothing : counted(full)}</p>
    ${bar(desiredPercent === null ? null : desiredPercent / 100, "ordered")}
    ${hasEnded(full) ? nothing : bar(observedRatio, "observed")}
  </div>`;
}

function counted(full) {
  const { observedRatio, observedRequests, inForce } = full.split;
  if (observedRatio === null) return html`· <span class="quiet">nothing counted now</span>`;
  const agree = {
    true: html`<span class="good">✓ in force</span>`,
    false: html`<span class="bad">✕ not what is ordered</span>`,
    null: html`<span class="quiet">… too few to tell</span>`,
  }[inForce];
  return html`· observed ${share(observedRatio)}
    <span class="quiet">of ${count(observedRequests)} requests</span>
    ${isBlind(full) ? html`<span class="warn">? as last counted</span>` : agree}`;
}

function bar(ratio, what) {
  if (ratio === null) return nothing;
  return html`<div class="ratio ${what}" role="img" aria-label="Canary, ${what}: ${share(ratio)}">
    <i class="stable" .style=${`flex-grow:${1 - ratio}`}></i>
    <i class="canary" .style=${`flex-grow:${ratio}`}></i>
  </div>`;
}

const SIGNS = { done: "✓\uFE0E", now: "▶\uFE0E", failed: "✕", ahead: "" };

/** The steps: behind, present, ahead. */
function track(full) {
  const stands = stepStands(full);
  return html`<ol class="track" id="track" aria-label="Steps">
    ${full.steps.map((step, index) => {
      const stand = stands[index];
      const sign = stand === "now" && full.phase === "paused" ? "❚❚" : SIGNS[stand];
      return html`<li class=${stand} aria-current=${stand === "now" ? "step" : nothing}>
        <b>${sign} ${step.weightPercent === null ? "pause" : `${step.weightPercent}\u00a0%`}</b>
        <span>${stand === "now" ? progress(full, step) : hold(step, index, full)}</span>
        <span class="unseen">${stand}</span>
      </li>`;
    })}
  </ol>`;
}

function hold({ seconds, weightPercent }, index, full) {
  if (seconds === null) return "until resumed";
  if (!seconds && weightPercent === 100 && index === full.steps.length - 1) return "promote";
  return inWords(seconds);
}

function progress(full, step) {
  if (step.seconds === null) return "until resumed";
  // While paused the hold stands still: what was served before counts on after it.
  const end = full.phase === "paused" && step.weightPercent !== null ? Date.parse(full.since) : clock.now();
  const spent = Math.min((end - Date.parse(full.stepSince)) / 1000, step.seconds);
  return `${stopwatch(spent)} / ${stopwatch(step.seconds)}`;
}
