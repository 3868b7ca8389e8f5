/** A JSON object of a request. */
export type Json = Readonly<Record<string, unknown>>;

/** A request that the API, or the fake itself, refuses; `param` is the field at fault. */
export class InvalidRequest extends Error {
  constructor(
    message: string,
    readonly param: string | null,
    readonly status = 400,
  ) {
    super(message);
  }
}

const MAX_TOKENS = 100_000;

/** @throws InvalidRequest unless the text is a JSON object. */
export function parseObject(text: string): Json {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new InvalidRequest("the body is not valid JSON", null);
  }
  if (!isObject(json)) throw new InvalidRequest("the body is not a JSON object", null);
  return json;
}

/** The object at `name`, empty if there is none. */
export function objectAt(json: Json, name: string): Json {
  const value = json[name];
  return isObject(value) ? value : {};
}

/** @throws InvalidRequest unless there is a text at `name`. */
export function modelAt(json: Json, name = "model"): string {
  const model = json[name];
  if (typeof model !== "string") throw new InvalidRequest(`you must provide a ${name} parameter`, name);
  return model;
}

/**
 * The text of the list of messages at `name`.
 * @throws InvalidRequest unless it is a list with something in it.
 */
export function messagesAt(json: Json, name: string): string {
  const messages = json[name];
  if (!Array.isArray(messages) || messages.length === 0)
    throw new InvalidRequest(`'${name}' must be a non-empty array`, name);
  return textOf(messages);
}

/**
 * A limit of tokens to generate, `undefined` if none is set.
 * @throws InvalidRequest unless it is an integer from 1 to 100,000.
 */
export function limitAt(json: Json, ...names: readonly string[]): number | undefined {
  const name = names.find((candidate) => json[candidate] != null);
  if (name === undefined) return undefined;
  const value = Number(json[name]);
  if (!Number.isInteger(json[name]) || value < 1 || value > MAX_TOKENS)
    throw new InvalidRequest(`'${name}' must be an integer from 1 to ${MAX_TOKENS}`, name);
  return value;
}

/** The text in a message, a part of one, or a list of them, whatever the API calls its members. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(textOf).join(" ");
  if (!isObject(value)) return "";
  return textOf(value["text"] ?? value["content"] ?? value["parts"] ?? value["Content"]);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
