import { useState } from "/vendor/page.js";
import { ask } from "/api.js";
import { amounts, count, limitInWords } from "/format.js";
import { html } from "/html.js";

const EXAMPLE = `curl http://localhost/v1/chat/completions \\
  -H 'authorization: Bearer alice' -H 'content-type: application/json' \\
  -d '{"model":"fake-model","messages":[{"role":"user","content":"Hello"}]}'`;

/** A curl command, and what the filter would do with its request, and why. */
export function Explain() {
  const [curl, setCurl] = useState(EXAMPLE);
  const [explanation, setExplanation] = useState(null);
  const [error, setError] = useState("");
  const submit = async (event) => {
    event.preventDefault();
    try {
      setExplanation(await ask("/api/explain", { curl }));
      setError("");
    } catch (problem) {
      setExplanation(null);
      setError(problem.message);
    }
  };
  return html`<section class="panel explain" aria-labelledby="explain-title">
    <header><h2 id="explain-title">Explain a request</h2></header>
    <form onSubmit=${submit}>
      <label>
        A curl command. Nothing is sent, counted or changed.
        <textarea
          rows="6"
          spellcheck=${false}
          value=${curl}
          onInput=${(event) => setCurl(event.target.value)}
        ></textarea>
      </label>
      <button>Explain</button>
    </form>
    <div aria-live="polite">
      ${error && html`<p class="error">${error}</p>`}
      ${explanation && html`<${Explanation} of=${explanation} />`}
    </div>
  </section>`;
}

function Explanation({
  of: { verdict, why, scope, rules, counters, decision, answer, changes, redisError },
}) {
  const outcome = { passes: "allowed", "is rejected": "denied" }[verdict] ?? "unmatched";
  return html`<div class="explanation">
    <p><span class="outcome ${outcome}">The request ${verdict}</span>${`: ${why}.`}</p>
    ${redisError && html`<p class="error">Redis could not be read, so this is for callers who have used nothing: ${redisError}</p>`}
    <p>Configuration for ${scope.path ? `${scope.path} (${scope.words})` : scope.words}</p>
    <ul class="rules">
      ${rules.map(
        (rule) =>
          html`<li class=${rule.applies ? "applies" : ""}>
            <span aria-hidden="true">${rule.applies ? "✓ " : "· "}</span>
            <code>${rule.path}</code>
            ${` ${rule.applies ? "applies" : "does not apply"}: ${rule.why}`}
          </li>`,
      )}
    </ul>
    ${counters.map((counter, at) => {
      const window = decision?.windows[at];
      const used = window?.used ?? counter.used ?? 0;
      return html`<p>
        <code>${counter.key}</code>
        <br />
        ${`${count(used)} used`}${window && ` of ${limitInWords(window)}`}
        ${counter.resetSeconds !== null && `, until ${count(counter.resetSeconds)} s from now`}
      </p>`;
    })}
    ${decision?.estimate && html`<p>Estimate: ${amounts(decision.estimate)}</p>`}
    ${changes.length > 0 && html`<p>For the upstream, ${changes.join("; ")}.</p>`}
    ${
      answer &&
      html`<figure>
        <figcaption>The answer that the client would get</figcaption>
        <pre tabindex="0">
HTTP ${answer.status}${"\n"}${answer.headers.map(([name, value]) => `${name}: ${value}\n`)}${"\n"}${answer.body}</pre>
      </figure>`
    }
  </div>`;
}
