// Contract of ai-quota/config.schema.json: it accepts what ai-quota accepts and refuses what ai-quota refuses, so that an
// editor's verdict is the gateway's. What both plugins have is the same in both schemas.
// Specified in https://json-schema.org/draft-07 and by the filter's own parser.
import { Ajv } from "ajv";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { judge } from "../../../gateway/src/check/judge.ts";
import { compile } from "../../../gateway/src/modules.ts";

interface Schema {
  examples: object[];
  properties: Record<string, object>;
  definitions: Record<string, { properties: object }>;
}

const root = join(import.meta.dirname, "../../..");
const read = (path: string): Schema => JSON.parse(readFileSync(join(root, path), "utf8")) as Schema;
const schema = read("ai-quota/config.schema.json");
const validate = new Ajv({ allErrors: true, strictTypes: false }).compile(schema);
const module = await compile(join(root, "build/ai-quota.wasm"));

const judged = (value: unknown): ReturnType<typeof judge> =>
  judge(module, "ai-quota", JSON.stringify(value) ?? "");
const accepts = (value: unknown): boolean => judged(value).isAccepted;
const base = { admin_consumer: "admin", redis: { service_name: "redis.static" } };
const FIELDS = Object.keys(schema.properties).filter((name) => !name.startsWith("_"));

/** Configurations that the filter accepts with a warning, and an editor had better mark. */
const onlyTheSchemaRefuses: Record<string, object> = {
  "an unknown field, which may be one of a newer version": { self_servce: true },
  "an unknown field in a block": { deny_with: { code: 429 } },
  "a number of tokens with a fraction, which is cut off": { on_missing: { create: 1.5 } },
};

describe("the schema of ai-quota", () => {
  it.each([
    ["the least", {}],
    ["every field", schema.examples[1]!],
    ["a list of one path ending", { enable_path_suffixes: "/v1/messages" }],
    ["endings with dots and letters of all kinds", { enable_path_suffixes: ["/v1.0/...x/Ärger/~"] }],
    ["an empty list of path endings", { enable_path_suffixes: [] }],
    ["any path", { enable_path_suffixes: ["/v1/messages", "*"] }],
    ["empty texts, which stand for the defaults", { redis_key_prefix: "", admin_path: "" }],
    ["numbers in quotes", { deny_with: { status: "402" }, on_missing: { create: "7" } }],
    ["a rule", { _rules_: [{ ...base, _match_route_: ["a"] }] }],
    [
      "fields that both plugins have",
      { upgrade: "refuse", missing_usage: "ignore", token_weights: { output: 2 } },
    ],
  ])("accepts %s, as the filter does", (_, change) => {
    const value = { ...base, ...change };
    expect([validate(value), accepts(value)], JSON.stringify(validate.errors)).toEqual([true, true]);
  });

  it.each([
    ["no administrator", { admin_consumer: undefined }],
    ["an empty administrator", { admin_consumer: "" }],
    ["no Redis", { redis: undefined }],
    ["a path without a slash", { admin_path: "quota" }],
    ["a path that ends in a slash", { admin_path: "/quota/" }],
    ["the root as a path", { admin_path: "/" }],
    ["a path with a query", { admin_path: "/quota?x" }],
    ["an ending with an escape", { enable_path_suffixes: ["/v1%2Fmessages"] }],
    ["an ending with dots", { enable_path_suffixes: ["/v1/../messages"] }],
    ["an ending with a dot", { enable_path_suffixes: ["/v1/./messages"] }],
    ["an ending with an empty segment", { enable_path_suffixes: ["/v1//messages"] }],
    ["an ending with a parameter", { enable_path_suffixes: ["/v1/messages;x"] }],
    ["an ending with a backslash", { enable_path_suffixes: ["/v1\\messages"] }],
    ["an ending with a blank", { enable_path_suffixes: ["/v1/messages "] }],
    ["a long ending", { enable_path_suffixes: [`/${"x".repeat(1024)}`] }],
    ["a long prefix", { redis_key_prefix: "x".repeat(1025) }],
    ["an ending that is none", { enable_path_suffixes: ["/v1/messages", "chat"] }],
    ["a balance of nothing", { on_missing: { create: 0 } }],
    ["a balance that Redis' scripts cannot hold", { on_missing: { create: 9007199254740994 } }],
    ["a balance that nobody tells", { on_missing: { create: null } }],
    ["a policy that there is not", { on_missing: "allow" }],
    ["a status that there is not", { deny_with: { status: 99 } }],
    ["a format that there is not", { deny_with: { format: "html" } }],
    ["text for a switch", { hold_headers: "true" }],
    ["a rule that matches nothing", { _rules_: [base] }],
    ["a rule without an administrator", { _rules_: [{ redis: base.redis, _match_route_: ["a"] }] }],
  ])("refuses %s, as the filter does", (_, change) => {
    const value = JSON.parse(JSON.stringify({ ...base, ...change })) as object;
    expect([validate(value), accepts(value)]).toEqual([false, false]);
  });

  it.each(Object.entries(onlyTheSchemaRefuses))("alone marks %s", (_, change) => {
    const value = { ...base, ...change };
    expect([validate(value), accepts(value)]).toEqual([false, true]);
  });

  it("names exactly the fields that the filter knows", () => {
    const nothing = Object.fromEntries(FIELDS.map((name) => [name, null]));
    const unknown = (value: object): string[] =>
      judged(value)
        .lines.map(({ text }) => text)
        .filter((text) => text.includes("not a known field"));
    expect(
      unknown({ ...nothing, on_missing: { create: 1 }, deny_with: { status: null, format: null } }),
    ).toEqual([]);
    // The filter suggests a known name for one that is nearly right: it knows each that the schema has, and no other.
    for (const name of FIELDS)
      expect(unknown({ ...base, [`${name}x`]: 1 })[0]).toContain(`did you mean ${name}?`);
    const source = readFileSync(join(root, "assembly/filters/quota/config.ts"), "utf8");
    const shared = readFileSync(join(root, "assembly/plugin/metering-fields.ts"), "utf8");
    const listed = [...listOf(source, "QUOTA_FIELDS"), ...listOf(shared, "METERING_FIELDS")];
    expect(FIELDS.toSorted()).toEqual(listed.toSorted());
  });

  it("has examples that hold", () => {
    for (const example of schema.examples)
      expect([validate(example), accepts(example)]).toEqual([true, true]);
  });

  it("has what both plugins have in common from the rate limiter's, but for descriptions", () => {
    const limiter = read("config.schema.json").definitions;
    const common = Object.keys(schema.definitions).filter(
      (name) => name in limiter && !["rule", "complete"].includes(name),
    );
    expect(common).toEqual(
      expect.arrayContaining(["redis", "token_weights", "missing_usage", "upgrade", "count"]),
    );
    for (const name of common) {
      const { description: ours, ...definition } = schema.definitions[name] as Record<string, unknown>;
      const { description: theirs, ...original } = limiter[name] as Record<string, unknown>;
      expect([name, definition]).toEqual([name, original]);
      expect(typeof ours).toBe(typeof theirs);
    }
  });

  it("agrees with the filter on values of every type in every field", () => {
    const scalar = fc.constantFrom<unknown>(
      ...[null, true, false, "", "a", "/", "/a", "/a/", "*", "7", "429", "deny", "openai", "refuse"],
      ...[0, 1, 299, 429, -1, 1e10, [], {}, ["a"], ["/a"], [null], [1], { create: 5 }, { status: 7 }],
    );
    const field = fc.constantFrom(
      ...FIELDS,
      ...["deny_with.status", "deny_with.format", "on_missing.create", "redis.service_port", "redis.http"],
      ...[
        "_rules_",
        "_rules_.0",
        "_rules_.0._match_route_",
        "_rules_.0.admin_consumer",
        "_rules_.0.on_missing",
      ],
    );
    fc.assert(
      fc.property(field, fc.option(scalar, { nil: undefined }), (path, value) => {
        const config: Record<string, unknown> = structuredClone(base);
        if (path.startsWith("deny_with.")) config.deny_with = {};
        if (path.startsWith("on_missing.")) config.on_missing = {};
        if (path.startsWith("_rules_."))
          config._rules_ = [{ ...structuredClone(base), _match_route_prefix_: ["a"] }];
        const steps = path.split(".");
        const last = steps.pop()!;
        const owner = steps.reduce((at, step) => at[step] as Record<string, unknown>, config);
        owner[last] = value; // JSON leaves out what is undefined
        const sent: unknown = JSON.parse(JSON.stringify(config));
        const verdict = judged(sent);
        // What the filter takes for what it is not, it warns of.
        const isDoubtful = verdict.lines.some(({ text }) => text.includes("not a known field"));
        expect(validate(sent), JSON.stringify([sent, validate.errors])).toBe(
          verdict.isAccepted && !isDoubtful,
        );
      }),
      { numRuns: 1000 },
    );
  });
});

/** The texts of a list that a source declares. */
function listOf(source: string, name: string): string[] {
  const [, list = ""] = new RegExp(`${name}: string\\[\\] = \\[([^\\]]*)\\]`).exec(source) ?? [];
  return [...list.matchAll(/"([^"]+)"/g)].map(([, field]) => field!);
}
