import { change } from "../store.js";
import { html } from "./html.js";

const TOLD = 3000; // ms for which it says that it has been done

/** A button that copies a link to what is shown: `place` is its part after the page. */
export function copying(state, place) {
  const done = state.copied === place;
  return html`<button type="button" class="chip" id="copy" @click=${() => copy(place)}>
    ${done ? "✓\uFE0E Copied" : "Copy link"}</button>`;
}

async function copy(place) {
  const address = new URL(place, location.href).href;
  try {
    // Not there at all where the page came over plain HTTP from another machine.
    await navigator.clipboard.writeText(address);
  } catch {
    location.hash = place;
    say("This browser does not let the page copy: the link is in the address bar.");
    return;
  }
  say("Link copied.");
  change({ copied: place });
  setTimeout(() => change({ copied: "" }), TOLD);
}

function say(words) {
  document.getElementById("news").textContent = words;
}
