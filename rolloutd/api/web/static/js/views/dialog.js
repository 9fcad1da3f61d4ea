import { effectOf, ordersFor } from "../orders.js";
import { change } from "../store.js";
import { html, nothing } from "./html.js";

const LONGEST = 500; // characters of a reason

/** What an order will do, and why: nothing is sent before this is confirmed. */
export function orderDialog(order, moved, give) {
  return html`<dialog id="order" aria-labelledby="order-title" aria-describedby="effect"
    @close=${() => change({ order: null })}>
    ${order ? form(order, moved, give) : nothing}
  </dialog>`;
}

function form({ verb, full, error, busy }, moved, give) {
  const { glyph, label, style } = ordersFor(full).find((one) => one.verb === verb);
  function submit(event) {
    event.preventDefault();
    give(event.target.elements.reason.value);
  }
  return html`<form @submit=${submit}>
    <h2 id="order-title">${label}: ${full.namespace}/${full.name}</h2>
    <p id="effect">${effectOf(verb, full)}</p>
    ${moved ? html`<p class="warn" role="status">◆ ${moved}</p>` : nothing}
    <label for="reason">Reason, for the timeline</label>
    <input id="reason" name="reason" maxlength=${LONGEST} autocomplete="off"
      placeholder="Why, in a few words">
    ${error ? html`<p class="bad" role="alert" id="order-error">✕ ${error}</p>` : nothing}
    <div class="orders">
      <button type="button" class="plain" @click=${leave}>Leave it</button>
      <button class=${style === "plain" ? "main" : style} id="confirm" ?disabled=${busy}>
        <span aria-hidden="true">${glyph}</span> ${busy ? "Asking the cluster …" : label}</button>
    </div>
  </form>`;
}

function leave() {
  change({ order: null });
}

const KEYS = [
  ["j / k", "Next, previous rollout"],
  ["/", "Filter the list"],
  ["p", "Pause or resume"],
  ["s", "Skip the hold"],
  ["b", "Roll back"],
  ["?", "This help"],
  ["Esc", "Leave a dialog"],
];

export function helpDialog() {
  return html`<dialog id="help" aria-labelledby="help-title" @close=${() => change({ help: false })}>
    <h2 id="help-title">Keys</h2>
    <dl class="keys">${KEYS.map(
      ([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`,
    )}</dl>
    <p class="quiet">Each order asks before anything is sent.</p>
    <div class="orders"><button type="button" class="plain"
      @click=${() => change({ help: false })}>Close</button></div>
  </dialog>`;
}

/** Open or close a dialog so that it agrees with the state. */
export function agree(id, open) {
  const dialog = document.getElementById(id);
  if (open && !dialog.open) dialog.showModal();
  if (!open && dialog.open) dialog.close();
}
