// Contract: the options about limits and answers combine as a small model says, whichever are set together: what is denied, marked,
// warned of, told and counted. Generated; a failure prints its seed. Specified in README, "What a caller sees" and "How strictly
// limits apply".
import fc from "fast-check";
import { expect, it } from "vitest";
import { array, metric, MODULES, PER_KEY, ROOT, start } from "../support/filter.ts";
import { holdOf, LAPSES_AT_MS } from "../support/hold-commands.ts";

const ERRORS = fc.constantFrom("allow", "deny");
const scenario = fc.record({
  options: fc.record({
    limit_headers: fc.constantFrom("none", "auto", "openai", "anthropic", "ietf"),
    rejected_format: fc.constantFrom("text", "auto", "openai", "anthropic", "gemini", "bedrock", "problem"),
    on_limit: fc.constantFrom("reject", "header"),
    on_redis_error: ERRORS,
    warn_at: fc.constantFrom(0, 0.8),
    shadow: fc.boolean(),
    algorithm: fc.constantFrom("fixed_window", "sliding_window", "token_bucket"),
  }),
  item: fc.record({ shadow: fc.boolean(), on_redis_error: ERRORS }, { requiredKeys: [] }),
  isAll: fc.boolean(),
  reserves: fc.boolean(),
  /** What is used of 1,000 tokens for all, and of 100 for the key; null if Redis does not answer. */
  used: fc.option(fc.tuple(fc.constantFrom(0, 850, 1001), fc.constantFrom(0, 85, 101)), { freq: 5 }),
});

it.each(MODULES)("%s: options combine as the model says", async (_name, file) => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ options, item, isAll, reserves, used }) => {
      const host = await start(file, {
        ...PER_KEY,
        ...options,
        rule_items: [{ ...PER_KEY.rule_items[0], ...item }],
        ...(isAll && { rule_mode: "all_match", global_threshold: { token_per_minute: 1000 } }),
        ...(reserves && { reservation: { mode: "estimate" } }),
      });
      const stream = host.request(2, ROOT, { "x-api-key": "alice" }, !reserves);
      if (reserves) host.requestBody(2, JSON.stringify({ messages: [], max_tokens: 5 }), true);
      const isPlain = options.algorithm === "fixed_window" && !reserves;
      const hold = isPlain ? undefined : holdOf(host.pending[0]!);
      const asked = hold ? hold.input + hold.least : 0;

      const row = (name: string, limit: number, spent: number, settings: typeof item) => ({
        name,
        limit,
        spent,
        isShadow: settings.shadow ?? options.shadow,
        failsClosed: (settings.on_redis_error ?? options.on_redis_error) === "deny",
        isExceeded: isPlain ? spent > limit : limit - spent < Math.max(asked, 1),
      });
      const rows = [
        ...(isAll ? [row("global_threshold", 1000, used?.[0] ?? 0, {})] : []),
        row("rule_items[0].limit_keys[0]", 100, used?.[1] ?? 0, item),
      ];
      const enforced = rows.filter(({ isShadow }) => !isShadow);
      const refusing = used === null ? undefined : enforced.find(({ isExceeded }) => isExceeded);
      const isMarked = refusing !== undefined && options.on_limit === "header";
      const code =
        used === null ? (enforced.some((one) => one.failsClosed) ? 503 : 0) : refusing && !isMarked ? 429 : 0;

      const read = rows.flatMap(({ spent }) => [String(spent), 30_000, ...(isPlain ? [] : ["0"])]);
      const granted = [String(hold?.output ?? 0), String(LAPSES_AT_MS), "0", "held"];
      const isHeld = !isPlain && refusing === undefined;
      host.reply(
        ROOT,
        used === null ? null : array(...(isHeld && !hold!.readings ? [] : read), ...(isHeld ? granted : [])),
      );

      expect(stream.localResponse?.code ?? 0).toBe(code);
      const count = (name: string): number => metric(host, name);
      expect(count("diverted_requests")).toBe(isMarked ? 1 : 0);
      expect(stream.forwarded?.["x-ratelimit-exceeded"]).toBe(isMarked ? refusing.name : undefined);
      const wouldDeny = used !== null && !refusing && rows.some((one) => one.isShadow && one.isExceeded);
      expect(count("would_deny_requests")).toBe(wouldDeny ? 1 : 0);
      expect(count("unchecked_requests")).toBe(used === null && code === 0 ? 1 : 0);
      expect(count("denied_unchecked_requests")).toBe(code === 503 ? 1 : 0);
      const own = isHeld ? asked : 0;
      const isWarned =
        used !== null &&
        code === 0 &&
        options.warn_at > 0 &&
        enforced.some(({ limit, spent }) => spent + own >= limit * 0.8);
      expect(count("warned_requests")).toBe(isWarned ? 1 : 0);

      const tells = options.limit_headers !== "none";
      if (code > 0) {
        const names = stream.localResponse!.headers.map(([name]) => name);
        const isNew = tells || options.rejected_format !== "text";
        expect(names.includes("x-ratelimit-rule")).toBe(code === 429 && isNew);
        expect(names.some((name) => /ratelimit-.*limit|limit-tokens|^ratelimit$/.test(name))).toBe(
          code === 429 && tells,
        );
        expect(names.includes("content-type")).toBe(options.rejected_format !== "text");
        if (options.rejected_format !== "text")
          expect(JSON.parse(stream.localResponse!.body)).toBeTypeOf("object");
        return;
      }
      host.responseHeaders(2, { ":status": "200" });
      const told = Object.keys(stream.response!).filter((name) => name !== ":status");
      expect(told.includes("x-ratelimit-warning")).toBe(isWarned);
      expect(told.some((name) => name.includes("remaining") || name === "ratelimit")).toBe(
        tells && used !== null && enforced.length > 0,
      );
    }),
    { numRuns: 80 },
  );
});
