// The keyboard's short ways. Everything can also be reached by Tab and pressed by Enter.

import { keyOf } from "./model.js";
import { ordersFor } from "./orders.js";
import { toRollout } from "./route.js";
import { change, state } from "./store.js";
import { listed } from "./views/list.js";

/** Listen for keys. `ask` opens the confirmation of an order. */
export function listen(ask) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || state.login) return;
    if (event.target.closest("input, select, textarea, dialog")) return;
    if (press(event.key, ask)) event.preventDefault();
  });
}

function press(key, ask) {
  switch (key) {
    case "j":
      return step(1);
    case "k":
      return step(-1);
    case "/":
      document.getElementById("filter")?.focus();
      return true;
    case "?":
      change({ help: true });
      return true;
    default:
      return give(key, ask);
  }
}

function step(by) {
  const keys = listed(state).map(keyOf);
  const next = keys[Math.min(keys.length - 1, Math.max(0, keys.indexOf(state.key) + by))];
  if (next) location.hash = toRollout(next);
  return true;
}

function give(key, ask) {
  if (!state.full || state.run !== null) return false;
  const order = ordersFor(state.full).find((one) => one.key === key);
  if (order) ask(order.verb);
  return Boolean(order);
}
