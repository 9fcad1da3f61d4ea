// The page: state in, page out, and what a person does in between.

import { Refusal, call, freshKey, order as send } from "./api.js";
import { forget, pulse, settle, start, stop, take } from "./feed.js";
import { staleness } from "./freshness.js";
import { listen } from "./keys.js";
import { STALE, keyOf, needsAttention, stateOf } from "./model.js";
import { bodyOf, forbidden, ordersFor } from "./orders.js";
import { change, shownBy, state } from "./store.js";
import { showTab } from "./tab.js";
import { detail } from "./views/detail.js";
import { agree, helpDialog, orderDialog } from "./views/dialog.js";
import { frozen } from "./views/frozen.js";
import { banners, header } from "./views/header.js";
import { html, render } from "./views/html.js";
import { list } from "./views/list.js";
import { login } from "./views/login.js";

const page = document.getElementById("page");

function show() {
  const stale = Boolean(staleness(state));
  const focused = document.activeElement?.id;
  document.body.classList.toggle("stale", stale && !state.login);
  document.body.classList.toggle("chosen", state.chosen);
  render(view(), page);
  agree("order", state.order !== null);
  agree("help", state.help);
  refocus(focused);
  tab(stale);
}

function view() {
  if (state.login) return html`${header(state, logOut)}${login(state.login, logIn)}${dialogs()}`;
  const shown = state.run === null ? detail(state, ask) : frozen(state);
  return html`${header(state, logOut)}${banners(state)}
    <div class="columns">${list(state)}${shown}</div>${dialogs()}`;
}

function dialogs() {
  return html`${orderDialog(state.order, moved(state), give)}${helpDialog()}`;
}

/** What has changed since an order was thought of, a sentence. */
function moved({ order, full }) {
  if (!order || !full || keyOf(order.full) !== keyOf(full)) return "";
  if (order.full.step === full.step && order.full.phase === full.phase) return "";
  return `It has moved on meanwhile: ${full.why}`;
}

/** Whoever was at a part of the page stays there, though the part has moved or gone. */
function refocus(id) {
  if (document.activeElement !== document.body) return;
  if (state.login) document.getElementById("token")?.focus();
  if (!id) return;
  (document.getElementById(id) ?? document.getElementById("title"))?.focus();
}

function tab(stale) {
  if (state.login) return showTab(STALE, "Log in · rolloutd");
  const bad = [...state.rollouts.values()].filter(needsAttention).length;
  const shown = state.rollouts.get(state.key);
  const prefix = bad ? `(${bad}) ` : "";
  const page = state.cluster ? `${state.cluster} · rolloutd` : "rolloutd";
  if (!shown) return showTab(STALE, prefix + page);
  const looks = stale ? STALE : stateOf(shown);
  const percent = shown.split.desiredPercent;
  const weight = stale || percent === null ? "" : ` ${percent} %`;
  return showTab(looks, `${prefix}${looks.glyph} ${looks.label}${weight} · ${state.key} · ${page}`);
}

/** Ask for confirmation of an order, as the rollout stands now. */
function ask(verb) {
  const { full, session } = state;
  if (forbidden(session, verb)) return;
  change({ order: { verb, full, key: freshKey(), error: "", busy: false } });
  show(); // at once: what is typed next is the reason
}

async function give(reason) {
  const order = state.order;
  change({ order: { ...order, busy: true, error: "" } });
  try {
    const body = bodyOf(order.verb, reason.trim(), order.full.step);
    take(await send(keyOf(order.full), order.verb, order.key, body));
    change({ order: null });
    document.getElementById("title")?.focus();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    change({ order: refused(order, error) });
  }
  pulse();
}

/** Sent again after silence it is the same order; after a refusal a new one, as things stand now. */
function refused(order, { status, message }) {
  const unknown = status === 0 || status === 504;
  const now = state.full;
  const fits = now && keyOf(now) === keyOf(order.full) && ordersFor(now).some((one) => one.verb === order.verb);
  if (unknown || !fits) return { ...order, busy: false, error: message };
  return { ...order, full: now, key: freshKey(), busy: false, error: message };
}

async function logIn(token) {
  change({ login: { error: "", busy: true } });
  try {
    await call("session", { method: "POST", body: { token } });
    await start();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const words = error.status === 401 ? "This token is not known." : error.message;
    change({ login: { error: words, busy: false } });
    document.getElementById("token")?.select();
  }
}

async function logOut() {
  let error = "";
  try {
    await call("session", { method: "DELETE" });
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    error = `You may still be logged in: ${refusal.message}`;
  }
  stop();
  forget();
  change({ session: null, login: { error, busy: false } });
}

shownBy(show);
listen(ask);
addEventListener("hashchange", () => {
  settle();
  scrollTo(0, 0);
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !state.login) pulse();
});
setInterval(() => change({}), 500); // countdowns and ages move by themselves
start();
