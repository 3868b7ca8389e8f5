const MAX_CALLS = 500;
const MAX_POINTS = 300;

/** What the gateway tells, as it comes. Views subscribe, and are told once for each batch. */
class Live {
  counters = new Map();
  calls = new Map();
  points = [];
  health = [];
  recorded = 0;
  isConnected = false;
  isLimiting = true;
  #listeners = new Set();

  start() {
    const events = new EventSource("/events");
    const on = (name, take) =>
      events.addEventListener(name, (event) => {
        take(JSON.parse(event.data));
        this.#tell();
      });
    on("state", (state) => {
      this.isConnected = true;
      this.isLimiting = state.isLimiting;
      this.counters = new Map(state.counters.map((counter) => [counter.id, counter]));
      this.calls = new Map(state.calls.map((call) => [call.id, call]));
      this.points = state.points;
      this.#takeSecond(state);
    });
    on("batch", ({ calls, changed, gone }) => {
      for (const counter of changed) this.counters.set(counter.id, counter);
      for (const id of gone) this.counters.delete(id);
      for (const call of calls) this.calls.set(call.id, call);
      for (const id of this.calls.keys()) {
        if (this.calls.size <= MAX_CALLS) break;
        this.calls.delete(id);
      }
    });
    on("second", (second) => {
      this.points = [...this.points, second.point].slice(-MAX_POINTS);
      this.#takeSecond(second);
    });
    events.addEventListener("error", () => {
      this.isConnected = false;
      this.#tell();
    });
  }

  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #takeSecond({ health, recorded }) {
    this.health = health;
    this.recorded = recorded;
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }
}

export const live = new Live();
