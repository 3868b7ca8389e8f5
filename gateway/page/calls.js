import { useState } from "/vendor/page.js";
import { amounts, clock, count, countdown, limitInWords, sum } from "/format.js";
import { useLive } from "/hooks.js";
import { html } from "/html.js";
import { VirtualList } from "/virtual-list.js";

export const OUTCOMES = {
  allowed: "allowed",
  denied: "denied",
  refused: "refused",
  would_deny: "would deny",
  clamped: "clamped",
  unchecked: "unchecked",
  unmatched: "unmatched",
  free: "free",
};

function matches(call, outcome, words) {
  if (outcome !== "" && call.outcome !== outcome) return false;
  const text =
    `${call.caller} ${call.model} ${call.path} ${call.rule} ${call.why} ${call.status ?? ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** The decisions as they are made, the latest one first; each opens its explanation. */
export function Calls() {
  const { calls } = useLive();
  const [outcome, setOutcome] = useState("");
  const [filter, setFilter] = useState("");
  const [opened, setOpened] = useState(null);
  const words = filter.toLowerCase().split(/\s+/);
  const shown = [...calls.values()].filter((call) => matches(call, outcome, words)).reverse();
  // What was opened stays, however many calls have come since.
  const call = opened === null ? undefined : (calls.get(opened.id) ?? opened);
  return html`<section class="panel" aria-labelledby="calls-title">
    <header>
      <h2 id="calls-title">Decisions <small>${count(shown.length)}</small></h2>
      <select aria-label="Outcome" value=${outcome} onChange=${(event) => setOutcome(event.target.value)}>
        <option value="">every outcome</option>
        ${Object.entries(OUTCOMES).map(([value, words]) => html`<option value=${value}>${words}</option>`)}
      </select>
      <input
        type="search"
        placeholder="caller, model, path, rule"
        aria-label="Filter decisions"
        value=${filter}
        onInput=${(event) => setFilter(event.target.value)}
      />
    </header>
    <${VirtualList}
      items=${shown}
      rowHeight=${46}
      label="Decisions, the latest first"
      empty="No call has come yet."
      row=${(one) => html`<${Row} call=${one} onOpen=${() => setOpened(one)} isOpen=${opened?.id === one.id} />`}
    />
    ${call !== undefined && html`<${Detail} call=${call} onClose=${() => setOpened(null)} />`}
  </section>`;
}

function tokens({ estimate, charged }) {
  const estimated = estimate === null ? "" : `≈ ${count(sum(estimate))}`;
  if (charged === null) return estimated;
  return estimated === "" ? count(charged) : `${estimated} → ${count(charged)}`;
}

function Row({ call, onOpen, isOpen }) {
  return html`<button class="call" onClick=${onOpen} aria-expanded=${isOpen}>
    <time>${clock(call.at)}</time>
    <span class="outcome ${call.outcome}">${OUTCOMES[call.outcome]}</span>
    <span class="who">${call.caller || "–"}</span>
    <span class="path">${call.model || call.path}</span>
    <span class="tokens">${tokens(call)}</span>
    <span class="status">${call.status ?? "…"}</span>
  </button>`;
}

function Detail({ call, onClose }) {
  const facts = [
    ["Why", call.why || "–"],
    ["Rule", call.rule || "none"],
    ["Request", `${call.method} ${call.path}${call.model && `, model ${call.model}`}`],
    ["Estimate", call.estimate === null ? "–" : amounts(call.estimate)],
    ["Actual", call.actual === null ? "–" : amounts(call.actual)],
    ["Charged", call.charged === null ? "–" : `${count(call.charged)} tokens`],
    [
      "Answer",
      call.status === null
        ? "still running"
        : `${call.status || "none"} after ${count(call.durationMs ?? 0)} ms`,
    ],
    ["Redis", call.redisMs === null ? "–" : `${call.redisMs} ms`],
  ];
  return html`<section class="detail" aria-label="Explanation of a decision">
    <header>
      <h3>
        <span class="outcome ${call.outcome}">${OUTCOMES[call.outcome]}</span>
        ${` ${call.caller} at ${clock(call.at)}`}
      </h3>
      <button onClick=${onClose}>Close</button>
    </header>
    <dl>
      ${facts.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
    ${call.windows.length > 0 && html`<${Windows} windows=${call.windows} />`}
  </section>`;
}

function Windows({ windows }) {
  return html`<table>
    <caption>
      Limits as they were when the call was decided on
    </caption>
    <thead>
      <tr>
        <th scope="col">limit</th>
        <th scope="col">used</th>
        <th scope="col">held</th>
        <th scope="col">left</th>
        <th scope="col">resets in</th>
      </tr>
    </thead>
    <tbody>
      ${windows.map(
        (window) =>
          html`<tr>
            <th scope="row">${window.rule}: ${limitInWords(window)}</th>
            <td>${count(window.used)}</td>
            <td>${count(window.held)}</td>
            <td>${count(window.remaining)}</td>
            <td>${countdown(window.resetSeconds * 1000) || "–"}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}
