const NUMBER = new Intl.NumberFormat("en");
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

export const count = (value) => NUMBER.format(value);
export const clock = (ms) => CLOCK.format(ms);

/** `42 s`, `3 min 05 s`, `2 h 10 min`; "" when it is over. */
export function countdown(ms) {
  const seconds = Math.ceil(ms / 1000);
  if (seconds <= 0) return "";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d`;
}

const SPANS = { 1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week" };

/** `2,000 tokens a minute`. */
export function limitInWords({ limit, unit, seconds }) {
  if (seconds === 0) return `${count(limit)} at a time`;
  return `${count(limit)} ${unit} a ${SPANS[seconds] ?? `${count(seconds)} s`}`;
}

/** `input 12, output 30`. */
export function amounts(classes) {
  return Object.entries(classes)
    .filter(([, tokens]) => tokens !== 0)
    .map(([name, tokens]) => `${name.replaceAll("_", " ")} ${count(tokens)}`)
    .join(", ");
}

export const sum = (classes) => Object.values(classes).reduce((total, tokens) => total + tokens, 0);
