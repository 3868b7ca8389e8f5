import { useEffect, useRef, useState } from "/vendor/page.js";
import { ask, hasToken } from "/api.js";
import { count } from "/format.js";
import { useLive, useSettled } from "/hooks.js";
import { html } from "/html.js";
import { createEditor } from "/editor.js";

/** The active configuration, to be tried out: the filter checks it while it is typed, and recorded calls are played against it. */
export function Configuration() {
  const place = useRef(null);
  const editor = useRef(null);
  const [text, setText] = useState("");
  const [findings, setFindings] = useState([]);
  const [error, setError] = useState("");
  // The token may come later.
  useLive();
  const isAllowed = hasToken();
  useEffect(() => {
    editor.current = createEditor(place.current, setText);
    return () => editor.current.destroy();
  }, []);
  useEffect(() => {
    if (!isAllowed)
      return setError(
        "The configuration may hold credentials: enter the token that the gateway printed to see it.",
      );
    ask("/api/configuration")
      .then((answer) => {
        editor.current.setText(answer.text);
        setError("");
      })
      .catch((problem) => setError(problem.message));
  }, [isAllowed]);
  const settled = useSettled(text, 300);
  useEffect(() => {
    if (settled === "") return setFindings([]);
    let isStale = false;
    ask("/api/check", { text: settled })
      .then((answer) => {
        if (isStale) return;
        setFindings(answer.findings);
        editor.current.show(answer.findings);
      })
      .catch((problem) => setError(problem.message));
    return () => (isStale = true);
  }, [settled]);
  const isSound = text !== "" && !findings.some(({ severity }) => severity === "error");
  return html`<div class="configuration">
    <section class="panel" aria-labelledby="editor-title">
      <header><h2 id="editor-title">Configuration</h2></header>
      ${error && html`<p class="error" role="alert">${error}</p>`}
      <div class="editor" ref=${place}></div>
      <${Findings} findings=${findings} isSound=${isSound} onOpen=${(line) => editor.current.goTo(line)} />
    </section>
    <${Trial} text=${text} isSound=${isSound} onError=${setError} />
  </div>`;
}

function Findings({ findings, isSound, onOpen }) {
  if (findings.length === 0)
    return html`<p class="findings" role="status">${isSound ? "The filter accepts it." : ""}</p>`;
  return html`<ul class="findings" role="status">
    ${findings.map(
      ({ severity, position, path, message }) =>
        html`<li class=${severity}>
          <button onClick=${() => onOpen(position?.line ?? 1)}>line ${position?.line ?? 1}</button>
          ${" "}${severity}: ${path && html`<code>${path}</code>`} ${message}
        </li>`,
    )}
  </ul>`;
}

/** Recorded calls against the text, and the text put to work. */
function Trial({ text, isSound, onError }) {
  const { recorded } = useLive();
  const [amount, setAmount] = useState(100);
  const [report, setReport] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const [said, setSaid] = useState("");
  const run = async (path, body, take) => {
    setBusy(true);
    setSaid("");
    try {
      take(await ask(path, body));
      onError("");
    } catch (problem) {
      onError(problem.message);
    }
    setBusy(false);
  };
  return html`<section class="panel trial" aria-labelledby="trial-title">
    <header><h2 id="trial-title">Try it on calls that came</h2></header>
    <form onSubmit=${(event) => event.preventDefault()}>
      <label>
        The last
        <input
          type="number"
          min="1"
          max="1000"
          value=${amount}
          onInput=${(event) => setAmount(Number(event.target.value))}
        />
        of ${count(recorded)} recorded calls
      </label>
      <button
        disabled=${!isSound || isBusy || recorded === 0}
        onClick=${() => run("/api/replay", { text, count: amount }, setReport)}
      >
        Try
      </button>
      <button
        disabled=${!isSound || isBusy}
        onClick=${() => run("/api/apply", { text }, () => setSaid("It is active now, until the gateway ends."))}
      >
        Apply to this gateway
      </button>
      <output>${isBusy ? "…" : said}</output>
    </form>
    <div aria-live="polite">${report && html`<${Report} of=${report} />`}</div>
    <p class="hint">
      They are played in the sandbox with the filter itself, at the times at which they came, with counters
      that begin empty. Nothing that is counted changes.
    </p>
  </section>`;
}

function Report({ of: { calls, limited, denied, deniedNow, callers } }) {
  return html`<div class="report">
    <p>
      <strong>${count(denied)} of ${count(calls)} would be denied</strong>
      ${`; with the active configuration, ${count(deniedNow)}. A rule applies to ${count(limited)}.`}
    </p>
    <table>
      <thead>
        <tr>
          <th scope="col">caller</th>
          <th scope="col">calls</th>
          <th scope="col">would be denied</th>
          <th scope="col">denied by the active one</th>
        </tr>
      </thead>
      <tbody>
        ${callers.map(
          (row) =>
            html`<tr class=${row.denied > row.deniedNow ? "trouble" : ""}>
              <th scope="row">${row.caller || "all callers"}</th>
              <td>${count(row.calls)}</td>
              <td>${count(row.denied)}</td>
              <td>${count(row.deniedNow)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
