// lit-html puts values in as text, never as markup; `innerHTML` with data is used nowhere.

import { html, nothing, render } from "../../vendor/lit-html/lit-html.js";
import { repeat } from "../../vendor/lit-html/directives/repeat.js";

export { html, nothing, render, repeat };

/** A glyph that says a state again for those who see colours alike; readers hear the label. */
export function glyph({ glyph: sign, tone }) {
  return html`<span class="glyph ${tone}" aria-hidden="true">${sign}</span>`;
}
