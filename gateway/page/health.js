import { count } from "/format.js";
import { useLive } from "/hooks.js";
import { html } from "/html.js";
import { Charts } from "/charts.js";

/** How Redis, the outbox and the filter fare: the metrics that tell of trouble, then the others. */
export function Health() {
  const { health, points } = useLive();
  const failures = points.slice(-60).reduce((sum, { redisFailures }) => sum + redisFailures, 0);
  const troubles = health.filter(({ isTrouble, value }) => isTrouble && value > 0);
  const isWell = troubles.length === 0 && failures === 0;
  return html`<div class="health">
    <p class="verdict ${isWell ? "well" : "unwell"}" role="status">
      ${
        isWell
          ? "All is well: Redis answers, and no tokens were lost."
          : [
              failures > 0 && `Redis did not answer ${count(failures)} times in the last minute.`,
              troubles.length > 0 &&
                `${troubles.map(({ name }) => name).join(", ")}: see below, and the runbook.`,
            ]
              .filter(Boolean)
              .join(" ")
      }
    </p>
    <${Charts} />
    <section class="panel" aria-labelledby="metrics-title">
      <header><h2 id="metrics-title">Metrics of the filter</h2></header>
      <div class="scroll" tabindex="0" role="region" aria-label="All metrics">
        <table>
          <thead>
            <tr>
              <th scope="col">metric</th>
              <th scope="col">since the start</th>
            </tr>
          </thead>
          <tbody>
            ${health.map(
              ({ name, value, isTrouble }) =>
                html`<tr class=${isTrouble && value > 0 ? "trouble" : ""}>
                  <th scope="row">${name}</th>
                  <td>${count(value)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>
  </div>`;
}
