// Contract: a rejection adds its attribute to the ai_log property, keeps what other plugins wrote, and leaves alone
// what it cannot read. Specified in the reference behaviour of the published wrapper, section 2.5.
import { describe, expect, it } from "vitest";
import { counter, MODULES, PER_KEY, ROOT, start } from "../support/filter.ts";

const escaped = (object: unknown): string => JSON.stringify(JSON.stringify(object)).slice(1, -1);
const LIMITED = { token_ratelimit_status: "limited" };

describe.each(MODULES)("%s", (_name, file) => {
  const rejectsWith = async (_case: string, before: string, after: string): Promise<void> => {
    const host = await start(file, PER_KEY);
    if (before !== "") host.properties.set("ai_log", before);
    host.request(2, ROOT, { "x-api-key": "alice" });
    host.reply(ROOT, counter(101));
    expect(host.properties.get("ai_log")).toBe(after);
    expect(host.streams.get(2)!.localResponse?.code).toBe(429);
  };

  it.each([
    ["nothing", "", escaped(LIMITED)],
    ["an empty object", "{}", escaped(LIMITED)],
    [
      "other attributes, names sorted",
      escaped({ model: "m", z: [1, { a: "b" }] }),
      escaped({ model: "m", ...LIMITED, z: [1, { a: "b" }] }),
    ],
    [
      "numbers as they are",
      escaped({ a: 1 }).replace("1", "9007199254740993"),
      escaped({ a: 1, ...LIMITED }).replace("1", "9007199254740993"),
    ],
    ["its own attribute", escaped({ a: 1, token_ratelimit_status: "none" }), escaped({ a: 1, ...LIMITED })],
    [
      "text that needs escaping",
      escaped({ 'a"b': "é\n<&>" }),
      String.raw`{\"a\\\"b\":\"é\\n\u003c\u0026\u003e\",\"token_ratelimit_status\":\"limited\"}`,
    ],
  ])("adds its attribute to an ai_log of %s", rejectsWith);

  it.each([
    ["null", "null", "null"],
    ["an array", "[1]", "[1]"],
    ["something broken", '{"a', '{"a'],
    ["something too long", escaped({ a: "x".repeat(70_000) }), escaped({ a: "x".repeat(70_000) })],
  ])("leaves an ai_log as it is that is %s", rejectsWith);
});
