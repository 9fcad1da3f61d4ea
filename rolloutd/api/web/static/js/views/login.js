import { html, nothing } from "./html.js";

/** Ask who is there. */
export function login({ error, busy }, logIn) {
  function submit(event) {
    event.preventDefault();
    logIn(event.target.elements.token.value);
  }
  return html`<main class="login card">
    <h1 id="title" tabindex="-1">Log in</h1>
    <form @submit=${submit}>
      <label for="token">Token</label>
      <input id="token" name="token" type="password" autocomplete="current-password" required
        aria-describedby="token-help" aria-invalid=${error ? "true" : nothing}>
      <p class="quiet" id="token-help">The one that you use with <code>rolloutd</code>. It is
        kept by the browser in a cookie that no script can read.</p>
      ${error ? html`<p class="bad" role="alert" id="login-error">✕ ${error}</p>` : nothing}
      <button class="main" ?disabled=${busy}>Log in</button>
    </form>
  </main>`;
}
