import { render, useState } from "/vendor/page.js";
import { hasToken, setToken, takeToken } from "/api.js";
import { Calls } from "/calls.js";
import { Configuration } from "/configuration.js";
import { Counters } from "/counters.js";
import { Explain } from "/explain.js";
import { Health } from "/health.js";
import { useLive } from "/hooks.js";
import { html } from "/html.js";
import { live } from "/live.js";

const Live = () => html`<div class="live"><${Counters} /><${Calls} /></div>`;

const TABS = [
  ["live", "Live", Live],
  ["explain", "Explain", Explain],
  ["configuration", "Configuration", Configuration],
  ["health", "Health", Health],
];

function App() {
  const [shown, setShown] = useState("live");
  const View = TABS.find(([id]) => id === shown)[2];
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = TABS.findIndex(([id]) => id === shown);
    const [next] = TABS[(at + step + TABS.length) % TABS.length];
    setShown(next);
    document.getElementById(`tab-${next}`).focus();
  };
  return html`
    <header class="top">
      <h1>ai-token-ratelimit</h1>
      <div role="tablist" aria-label="Views" onKeyDown=${move}>
        ${TABS.map(
          ([id, name]) =>
            html`<button
              role="tab"
              id=${`tab-${id}`}
              aria-selected=${id === shown}
              aria-controls="view"
              tabindex=${id === shown ? 0 : -1}
              onClick=${() => setShown(id)}
            >
              ${name}
            </button>`,
        )}
      </div>
      <${Connection} />
      <${Token} />
    </header>
    <main>
      <div id="view" role="tabpanel" aria-labelledby=${`tab-${shown}`}><${View} /></div>
    </main>
  `;
}

function Connection() {
  const { isConnected, isLimiting } = useLive();
  const text = !isConnected
    ? "The gateway does not answer"
    : isLimiting
      ? "live"
      : "There is no rate limiter in this gateway";
  return html`<p class="connection ${isConnected && isLimiting ? "on" : "off"}" role="status">${text}</p>`;
}

/** Asks for the token where there is none. */
function Token() {
  useLive();
  const [text, setText] = useState("");
  if (hasToken()) return null;
  const submit = (event) => {
    event.preventDefault();
    setToken(text);
  };
  return html`<form class="token" onSubmit=${submit}>
    <input
      type="password"
      autocomplete="off"
      aria-label="Operator token"
      placeholder="token, for actions"
      value=${text}
      onInput=${(event) => setText(event.target.value)}
    />
    <button>Use</button>
  </form>`;
}

takeToken();
live.start();
render(html`<${App} />`, document.body);
