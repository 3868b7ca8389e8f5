// What goes wrong in `settlement-faults.test.ts`: what becomes of commands, and what happens to Redis and the workers.
import type { Random } from "../support/calls.ts";

/** How long a command waits for its reply (`redis.timeout`), and how long Redis stands still. In milliseconds, as all times. */
export const TIMEOUT = 1_000;
export const STANDSTILL = 90_000;
/** Longer than a charge is tried of which nobody knows whether it was made. */
export const OUTAGE = 150_000;
/** A command may be on its way for longer than its charge may be made. */
export const LATEST = 200_000;

/** What becomes of a command, and how often in a thousand; all others are answered. */
export const FATES = {
  "its reply is lost": 30,
  "it is lost": 10,
  "it comes late": 20,
  "its reply comes late": 10,
  "its reply goes to another": 10,
  "it is refused": 10,
  "it is carried out, and a proxy says that it failed": 5,
};
export type Fate = keyof typeof FATES | "it is answered";

/** Draws what becomes of one command. */
export function fateOf(next: Random): Fate {
  let draw = next() * 1000;
  for (const [fate, times] of Object.entries(FATES)) if ((draw -= times) < 0) return fate as Fate;
  return "it is answered";
}

export type Event = "standstill" | "kill" | "push" | "reload" | "script flush" | "outage" | "flush";
export const EVENTS: Event[] = [
  ...Array<Event>(4).fill("standstill"),
  ...Array<Event>(4).fill("kill"),
  ...Array<Event>(6).fill("push"),
  ...Array<Event>(3).fill("reload"),
  ...Array<Event>(4).fill("script flush"),
  "outage",
  "flush",
];

/** The events of a run, in an order of its own. */
export function eventsInDisorder<E>(next: Random, events: readonly E[]): E[] {
  return events
    .map((event) => ({ event, order: next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ event }) => event);
}
