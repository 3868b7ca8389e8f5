// Contract: each of the commonest failures raises one warning that says what to do, grows a metric, and can be found from that: the
// alerts and the runbook name it. Specified in docs/runbook.md, "When nothing seems limited" and "Watch".
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { counter, made, metric, MODULES, PER_KEY, play, REDIS, ROOT, start } from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";

const read = (path: string): string => readFileSync(resolve(import.meta.dirname, "../..", path), "utf8");
const WARN = 3;
const SECRET = "sk-very-secret";
const rules = (by: string, name: string, key: string): object => ({
  rule_name: "r",
  rule_items: [{ [by]: name, limit_keys: [{ key, token_per_minute: 1_000_000 }] }],
  redis: REDIS,
});

/** Sends a call for each of these headers; Redis answers with an error, or not at all. */
const answered =
  (reply: string | null) =>
  (host: StrictHost): void => {
    for (let id = 2; id < 6; ++id) {
      host.request(id, ROOT, { "x-api-key": SECRET });
      for (const command of [...host.pending]) host.reply(ROOT, reply, command);
    }
  };
const sent =
  (headers: Record<string, string>) =>
  (host: StrictHost): void => {
    for (let id = 2; id < 6; ++id) host.request(id, ROOT, headers);
  };

interface Failure {
  configuration?: object;
  play: (host: StrictHost) => void;
  /** The metric that grows, and a part of the warning. */
  metric: string;
  says: string;
}

const FAILURES: Record<string, Failure> = {
  "a rule never matches": {
    configuration: rules("limit_by_header", "x-api-key", "blue"),
    play: sent({ "x-api-key": SECRET }),
    metric: "unmatched_requests",
    says: "no key matches a request",
  },
  "the header of a key is never sent": {
    play: sent({ authorization: SECRET }),
    metric: "unidentified_requests",
    says: "credentials that it has: authorization",
  },
  "usage is never reported": {
    play: (host) => {
      for (let id = 2; id < 40; ++id) {
        host.request(id, ROOT, { "x-api-key": SECRET });
        host.reply(ROOT, counter(0));
        host.responseHeaders(id, { "content-type": "application/json" });
        host.responseBody(id, '{"choices":[{"message":{"content":"Hello to you, too."}}]}', true);
        host.reply(ROOT, made(9));
        host.end(id);
      }
    },
    metric: "unreported_calls",
    says: "stream_options.include_usage",
  },
  "the gateway does not know Redis": {
    play: (host) => {
      host.clusters.clear();
      sent({ "x-api-key": SECRET })(host);
    },
    metric: "redis_failures.unknown_cluster",
    says: "check redis.service_name",
  },
  "Redis is never reached": {
    play: answered(null),
    metric: "redis_failures.network",
    says: "check that Redis is up",
  },
  "the password is wrong": {
    play: answered("-WRONGPASS invalid username-password pair or user is disabled.\r\n"),
    metric: "redis_failures.authentication",
    says: "check redis.username and redis.password",
  },
  "a password is missing": {
    play: answered("-NOAUTH Authentication required.\r\n"),
    metric: "redis_failures.authentication",
    says: "check redis.username and redis.password",
  },
  "the database is wrong": {
    play: answered("-ERR DB index is out of range\r\n"),
    metric: "redis_failures.no_database",
    says: "check redis.database",
  },
  "the database is wrong, in older words": {
    play: answered("-ERR invalid DB index\r\n"),
    metric: "redis_failures.no_database",
    says: "check redis.database",
  },
  "the user may not run scripts": {
    play: answered("-NOPERM this user has no permissions to run the 'evalsha' command\r\n"),
    metric: "redis_failures.scripts_refused",
    says: "allow its user EVALSHA and EVAL",
  },
  "Redis has no scripts": {
    play: answered("-ERR unknown command 'EVALSHA', with args beginning with: '1' 'sk-very-secret'\r\n"),
    metric: "redis_failures.scripts_refused",
    says: "use a Redis that has scripts",
  },
  "a limit is by a header that clients can set": {
    configuration: rules("limit_by_per_header", "X-User-Id", "*"),
    play: sent({ "x-user-id": SECRET }),
    metric: "unproven_requests",
    says: "unless something in front sets x-user-id, clients choose whose limit they use",
  },
  "consumers are limited where nobody authenticates": {
    configuration: rules("limit_by_per_consumer", "", "*"),
    play: sent({ "x-mse-consumer": SECRET }),
    metric: "unproven_requests",
    says: "unless something in front sets x-mse-consumer",
  },
  "two filters charge one counter": {
    play: (host) => {
      host.configure(9, PER_KEY);
      for (let id = 2; id < 10; id += 2) {
        host.isOneStream = false;
        host.request(id, ROOT, { "x-api-key": SECRET });
        host.isOneStream = true;
        host.request(id + 1, 9, { "x-api-key": SECRET });
      }
      host.pass(9, 500);
    },
    metric: "twice_counted_requests",
    says: "give them different rule_names",
  },
};

describe.each(MODULES)("%s", (_name, file) => {
  it.each(Object.entries(FAILURES))("warns once, and counts, when %s", async (_what, failure) => {
    const host = await start(file, failure.configuration ?? PER_KEY);
    failure.play(host);
    host.pass(ROOT, 500);
    const lines = host.lines(WARN);
    expect(lines.filter((line) => line.includes(failure.says))).toHaveLength(1);
    expect(lines).toHaveLength(1);
    expect(metric(host, failure.metric)).toBeGreaterThan(0);
    expect(host.lines(0).join()).not.toContain(SECRET);
  });

  it.each<[string, object, Record<string, string>]>([
    ["has a credential", rules("limit_by_per_header", "x-user-id", "*"), { "x-user-id": "u", cookie: "s=1" }],
    [
      "may have one in its query",
      rules("limit_by_per_consumer", "", "*"),
      { "x-mse-consumer": "u", ":path": "/v1/chat/completions?apikey=1" },
    ],
    ["has one that the rule looks at", rules("limit_by_per_header", "X-CA-Key", "*"), { "x-ca-key": "u" }],
    [
      "is limited by another kind of rule",
      rules("limit_by_per_param", "user", "*"),
      { ":path": "/v1/chat/completions?user=u" },
    ],
    [
      "consumes nothing",
      rules("limit_by_per_header", "x-user-id", "*"),
      { "x-user-id": "u", ":method": "GET", ":path": "/v1/models" },
    ],
  ])("does not suspect a caller whose call %s", async (_what, configuration, headers) => {
    const host = await start(file, configuration);
    sent(headers)(host);
    host.pass(ROOT, 500);
    expect(host.lines(WARN)).toEqual([]);
    expect(metric(host, "unproven_requests")).toBe(0);
  });

  it("does not suspect filters with other rule names, or on other streams", async () => {
    const host = await start(file, PER_KEY);
    host.configure(9, { ...PER_KEY, rule_name: "other" });
    play(host, 2, "k");
    play(host, 4, "k");
    host.isOneStream = true;
    host.request(5, 9, { "x-api-key": "k" });
    host.pass([ROOT, 9], 500);
    expect(host.lines(WARN)).toEqual([]);
    expect(metric(host, "twice_counted_requests")).toBe(0);
  });

  it("looks at the first calls, then at one in a tick, and shows no caller in what it leaves behind", async () => {
    const host = await start(file, PER_KEY);
    const left = (id: number): string | undefined => {
      host.request(id, ROOT, { "x-api-key": SECRET });
      return host.properties.get("ai_token_ratelimit_counter");
    };
    for (let id = 2; id < 66; ++id)
      expect(left(id)).toMatch(/^outbound\|6379\|\|redis\.dns\/0\/[0-9a-f]{32}$/);
    for (let id = 66; id < 100; id += 10) {
      host.pass(ROOT, 500);
      expect([left(id), left(id + 1)]).toEqual([expect.any(String), undefined]);
      play(host, id + 2, "k");
    }
  });
});

describe.each([...new Set(Object.values(FAILURES).map((failure) => failure.metric))])(
  "the metric %s",
  (name) => {
    it("has an alert", () => {
      const prometheus = `ai_token_ratelimit_${name.replace(".", "_")}`;
      expect(read("deploy/observability/alerts.yaml")).toMatch(new RegExp(`${prometheus}\\b`));
    });

    it.each(["docs/runbook.md", "docs/runbook_zh.md"])("is explained in %s", (path) => {
      const rows = read(path)
        .split("\n")
        .filter((line) => line.startsWith("|"));
      const [kind, what] = name.split(".");
      const names = what === undefined ? [`\`…${kind}\``] : [`\`…${kind}.${what}\``, `\`.${what}\``];
      expect(rows.some((row) => names.some((one) => row.includes(one)))).toBe(true);
    });
  },
);
