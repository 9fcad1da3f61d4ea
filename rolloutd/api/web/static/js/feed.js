// Keeps the state true: events for the list, questions for the rollout that is shown.

import { Refusal, below, call, callIfAny, follow } from "./api.js";
import { pace } from "./freshness.js";
import { isActive, keyOf, worstFirst } from "./model.js";
import { where } from "./route.js";
import { empty, extended } from "./series.js";
import { change, state } from "./store.js";

const AGAIN = 2000; // ms between two attempts to follow the events

let events = null;
let timer = 0;
let asking = null; // the question under way belongs to this rollout

/** Begin, or begin anew after a login. */
export async function start() {
  stop();
  if (!(await ask(readSession))) return;
  change({ login: null });
  listen();
  pulse();
}

/** Ask no more: somebody must log in first. */
export function stop() {
  events?.close();
  events = null;
  clearTimeout(timer);
}

/** Know nothing of any rollout any more. */
export function forget() {
  change({ rollouts: new Map(), key: null, full: null, series: null, runs: null, frozen: null });
  change({ loaded: false, connected: false, order: null });
}

/** Show what the address names; without a name the worst rollout, until it is gone. */
export function settle() {
  const { key, run } = where();
  const stays = state.rollouts.has(state.key) ? state.key : null;
  const worst = worstFirst(state.rollouts.values())[0];
  const next = key ?? stays ?? (worst ? keyOf(worst) : null);
  const moved = next !== state.key;
  if (moved) change({ full: null, missing: false, series: null, runs: null });
  if (moved || run !== state.run) change({ frozen: null });
  change({ key: next, chosen: key !== null, run });
  if (moved && next) ask(readSession);
  if (moved) pulse();
  if (run !== null && state.frozen === null) ask(() => readRun(next, run));
}

/** Ask about the shown rollout now, and from then on at its pace. */
export async function pulse() {
  clearTimeout(timer);
  const key = state.key;
  if (asking !== key || key === null) {
    asking = key;
    const alive = await ask(() => (key === null ? readList() : readRollout(key)));
    if (asking === key) asking = null;
    if (!alive) return;
  }
  clearTimeout(timer);
  timer = setTimeout(pulse, pace(state) * 1000);
}

/** Take a rollout's full state from whatever answer it came with. */
export function take(full) {
  if (keyOf(full) !== state.key) return;
  const ended = state.full && (state.full.run !== full.run || state.full.phase !== full.phase);
  // A run that is over is not looked at any more; its last look shows what ended it.
  const looked = isActive(full) || (state.full !== null && isActive(state.full));
  const series = state.series && looked ? extended(state.series, full) : state.series;
  change({ full, series, missing: false });
  state.rollouts.set(state.key, full);
  if (ended) ask(() => readRuns(state.key));
}

async function ask(question) {
  try {
    await question();
    change({ heard: Date.now(), trouble: "" });
    return true;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.status === 401) {
      stop();
      forget();
      // Right after a login the cookie should be there.
      const lost = state.login?.busy ? "The browser did not keep the session's cookie." : "";
      change({ session: null, login: { error: lost, busy: false } });
      return false;
    }
    change({ trouble: error.message });
    return true;
  }
}

async function readSession() {
  const [namespace, name] = state.key?.split("/") ?? [];
  // What one may do can differ from namespace to namespace.
  const place = state.key ? `?${new URLSearchParams({ namespace, name })}` : "";
  change({ session: await callIfAny(`session${place}`) });
}

async function readList() {
  const { items, complaints, trouble = "", cluster = "", replica = "" } = await call("rollouts");
  const rollouts = new Map(items.map((item) => [keyOf(item), item]));
  change({ rollouts, complaints, cluster, replica, standby: trouble, loaded: true });
  settle();
}

async function readRollout(key) {
  const full = await callIfAny(below(key));
  if (key !== state.key) return;
  if (full === null) {
    change({ full: null, missing: true });
    return;
  }
  if (state.series === null) {
    change({ series: empty() });
    await Promise.all([readSeries(key), readRuns(key)]);
  }
  take(full);
}

async function readSeries(key) {
  const series = await callIfAny(below(key, "series"));
  if (series && key === state.key) change({ series });
}

async function readRuns(key) {
  const runs = await callIfAny(below(key, "runs"));
  if (runs && key === state.key) change({ runs: runs.items });
}

async function readRun(key, run) {
  const frozen = await callIfAny(below(key, "runs", String(run)));
  if (key === state.key && run === state.run) change({ frozen: frozen ?? "none" });
}

function listen() {
  events = follow();
  events.addEventListener("open", () => change({ connected: true }));
  events.addEventListener("error", lost);
  for (const kind of ["hello", "reset"]) {
    events.addEventListener(kind, () => {
      // What passed meanwhile is not known here: the curves may have a gap, the list be old.
      change({ series: null });
      ask(readSession);
      ask(readList);
    });
  }
  events.addEventListener("rollout", ({ data }) => {
    const summary = JSON.parse(data);
    state.rollouts.set(keyOf(summary), { ...state.rollouts.get(keyOf(summary)), ...summary });
    if (keyOf(summary) === state.key && summary.phase !== state.full?.phase) pulse();
    change({ heard: Date.now() });
  });
  events.addEventListener("gone", ({ data }) => {
    state.rollouts.delete(keyOf(JSON.parse(data)));
    settle();
  });
  events.addEventListener("word", ({ data }) => {
    const { namespace, name, text } = JSON.parse(data);
    document.getElementById("news").textContent = `${namespace}/${name}: ${text}`;
  });
}

function lost() {
  change({ connected: false });
  if (events?.readyState !== EventSource.CLOSED) return; // it tries again by itself
  events = null;
  setTimeout(() => {
    if (events === null && state.login === null) listen();
  }, AGAIN);
}
