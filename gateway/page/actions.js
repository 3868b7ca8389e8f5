import { useState } from "/vendor/page.js";
import { ask } from "/api.js";
import { html } from "/html.js";

/** What an operator can do about a counter. */
export function CounterActions({ counter }) {
  const [tokens, setTokens] = useState(1000);
  const [said, setSaid] = useState("");
  const act = async (path, body, done) => {
    try {
      await ask(path, { counter: counter.id, ...body });
      setSaid(done);
    } catch (error) {
      setSaid(error.message);
    }
  };
  return html`<form class="actions" onSubmit=${(event) => event.preventDefault()}>
    <strong>${counter.caller || "all callers"}, ${counter.rule}</strong>
    <button type="button" onClick=${() => act("/api/reset", {}, "The window begins anew.")}>
      Reset the window
    </button>
    <label>
      Tokens
      <input
        type="number"
        min="1"
        step="1"
        value=${tokens}
        onInput=${(event) => setTokens(Number(event.target.value))}
      />
    </label>
    <button
      type="button"
      onClick=${() => act("/api/grant", { tokens }, `${tokens} tokens more in this window.`)}
    >
      Grant
    </button>
    <output>${said}</output>
  </form>`;
}
