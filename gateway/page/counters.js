import { useEffect, useState } from "/vendor/page.js";
import { ask } from "/api.js";
import { count, countdown, limitInWords } from "/format.js";
import { useLive, useNow, useSettled } from "/hooks.js";
import { html } from "/html.js";
import { CounterActions } from "/actions.js";
import { VirtualList } from "/virtual-list.js";

/** What is used of a counter now: nothing, when its window is over and no call has begun another. */
function current(counter, now) {
  const isOver = counter.kind === "fixed_window" && counter.resetAt > 0 && counter.resetAt <= now;
  const used = isOver ? 0 : counter.used;
  const share = counter.limit > 0 ? (used + counter.held) / counter.limit : 1;
  return { ...counter, used, share, left: Math.max(0, counter.limit - used - counter.held) };
}

function matches({ rule, caller, limitBy }, words) {
  const text = `${rule} ${caller} ${limitBy}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Whose counters they are, if the text is a caller's whole value: only the gateway knows that. */
function useOwnedBy(text) {
  const settled = useSettled(text, 250);
  const [ids, setIds] = useState(new Set());
  useEffect(() => {
    if (settled === "") return setIds(new Set());
    ask("/api/find", { value: settled })
      .then((answer) => setIds(new Set(answer.ids)))
      .catch(() => setIds(new Set()));
  }, [settled]);
  return ids;
}

/** Every counter as a bar, the one nearest to its limit first. */
export function Counters() {
  const { counters } = useLive();
  const now = useNow();
  const [search, setSearch] = useState("");
  const [selected, setSelected] = useState(null);
  const owned = useOwnedBy(search);
  const words = search.toLowerCase().split(/\s+/);
  const shown = [...counters.values()]
    .filter((counter) => search === "" || owned.has(counter.id) || matches(counter, words))
    .map((counter) => current(counter, now))
    .sort((a, b) => b.share - a.share || a.id - b.id);
  return html`<section class="panel" aria-labelledby="counters-title">
    <header>
      <h2 id="counters-title">Limits <small>${count(shown.length)}</small></h2>
      <input
        type="search"
        placeholder="rule, or a caller's whole key"
        aria-label="Search limits"
        value=${search}
        onInput=${(event) => setSearch(event.target.value)}
      />
    </header>
    <${VirtualList}
      items=${shown}
      rowHeight=${58}
      label="Limits, nearest to the limit first"
      empty="No call has touched a limit yet."
      row=${(counter) =>
        html`<${Bar}
          counter=${counter}
          now=${now}
          isSelected=${counter.id === selected}
          onSelect=${() => setSelected(counter.id === selected ? null : counter.id)}
        />`}
    />
    ${selected !== null && counters.has(selected) && html`<${CounterActions} counter=${current(counters.get(selected), now)} />`}
  </section>`;
}

const percent = (part, whole) => `${Math.min(100, whole > 0 ? (100 * part) / whole : 100)}%`;

function Bar({ counter, now, isSelected, onSelect }) {
  const { caller, rule, used, held, left, limit, share, resetAt } = counter;
  const level = share >= 1 ? "full" : share >= 0.8 ? "near" : "free";
  const text = `${count(used)} used, ${count(held)} held, ${count(left)} left of ${limitInWords(counter)}`;
  const reset = countdown(resetAt - now);
  return html`<button class="counter" aria-expanded=${isSelected} onClick=${onSelect}>
    <span class="who">${caller || "all callers"}</span>
    <span class="rule">${rule}</span>
    <span class="reset">${reset && `resets in ${reset}`}</span>
    <span class="bar" role="img" aria-label=${text}>
      <span class=${`used ${level}`} style=${{ width: percent(used, limit) }}></span>
      <span
        class="held"
        style=${{ width: percent(Math.min(held, limit - Math.min(used, limit)), limit) }}
      ></span>
    </span>
    <span class="text">${text}</span>
  </button>`;
}
