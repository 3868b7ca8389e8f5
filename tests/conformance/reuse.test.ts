// Contract: the filter uses its objects for one request after the other, and no request notices another.
// Specified in ARCHITECTURE.md, "Memory and traps".
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  array,
  chargeOf,
  counter,
  made,
  MODULES,
  PER_KEY,
  ROOT,
  start,
  usageBody,
} from "../support/filter.ts";
import { fuzz } from "../support/fuzz.ts";
import type { RedisCommand, StrictHost } from "../support/strict-host.ts";

/** A minute and a day of each x-api-key, and a minute of each user. */
const THREE_COUNTERS = {
  ...PER_KEY,
  rule_mode: "all_match",
  rule_items: [
    {
      limit_by_per_header: "x-api-key",
      limit_keys: [{ key: "*", token_per_minute: 100, token_per_day: 5000 }],
    },
    { limit_by_per_cookie: "user", limit_keys: [{ key: "*", token_per_minute: 100 }] },
  ],
};

interface Caller {
  stream: ReturnType<StrictHost["open"]>;
  key: string;
  tokens: number;
  check: RedisCommand;
  state: "checking" | "admitted" | "rejected" | "gone";
}

/** Plays requests step by step, and knows what each of them must see. */
class Play {
  private callers: Caller[] = [];
  private unanswered: Caller[] = [];
  /** Charges in flight, and the tokens to be charged for each key. */
  private charges: RedisCommand[] = [];
  private expected = new Map<string, number>();

  constructor(
    private host: StrictHost,
    private nextId: () => number,
  ) {}

  step(kind: number, which: number, flag: boolean): void {
    const some = <T>(list: T[]): T | undefined => list[which % list.length];
    const open = this.callers.filter(({ state }) => state !== "gone");
    if (kind === 0) this.begin(which);
    else if (kind === 1 && open.length > 0) this.end(some(open)!);
    else if (kind === 2 && this.unanswered.length > 0) this.answer(some(this.unanswered)!, flag);
    else if (kind === 3 && this.charges.length > 0) this.charge(some(this.charges)!, flag);
    else if (kind === 4) this.pass(1000);
  }

  finish(): void {
    for (const caller of this.callers) if (caller.state !== "gone") this.end(caller);
    for (const caller of [...this.unanswered]) this.answer(caller, true);
    for (let i = 0; i < 6; ++i) {
      for (const command of [...this.charges]) this.charge(command, false);
      this.pass(16_000);
    }
    expect([...this.expected]).toEqual([]);
    expect(this.host.pending).toEqual([]);
  }

  private begin(which: number): void {
    const id = this.nextId();
    const key = `k${id}${"x".repeat(which % 40)}`;
    const stream = this.host.request(id, ROOT, { "x-api-key": key, cookie: `user=u-${key}` });
    const check = this.host.pending.pop()!;
    expect(String(check.args[3])).toContain(key);
    const caller: Caller = { stream, key, tokens: 5 + which, check, state: "checking" };
    this.callers.push(caller);
    this.unanswered.push(caller);
  }

  private answer(caller: Caller, isAbove: boolean): void {
    this.unanswered.splice(this.unanswered.indexOf(caller), 1);
    const counters = Number(caller.check.args[2]);
    const values = Array.from({ length: counters }, () => [isAbove ? "9999" : "1", 30_000]);
    this.reply(array(...values.flat()), caller.check);
    if (caller.state !== "checking") return;
    expect(caller.stream.localResponse?.code).toBe(isAbove ? 429 : undefined);
    expect(caller.stream.continued).toBe(isAbove ? 0 : 1);
    caller.state = isAbove ? "rejected" : "admitted";
  }

  private end(caller: Caller): void {
    const id = caller.stream.id;
    if (caller.state === "admitted") {
      this.host.responseHeaders(id, { "content-type": "application/json" });
      this.host.responseBody(id, usageBody(caller.tokens - 4, 4), true);
      this.expected.set(caller.key, caller.tokens);
    }
    this.host.end(id);
    caller.state = "gone";
    this.collect();
  }

  private charge(command: RedisCommand, fails: boolean): void {
    this.charges.splice(this.charges.indexOf(command), 1);
    const { keys, tokens } = chargeOf(command);
    const key = keys[0]!.split(":").at(-1)!;
    expect(tokens).toBe(this.expected.get(key));
    for (const name of keys) expect(name).toContain(key);
    if (!fails) this.expected.delete(key);
    this.reply(fails ? null : made(...keys.map(() => tokens)), command);
  }

  private pass(milliseconds: number): void {
    this.host.pass(ROOT, milliseconds);
    this.collect();
  }

  private reply(reply: string | null, command: RedisCommand): void {
    this.host.reply(ROOT, reply, command);
    this.collect();
  }

  /** What the filter sends besides checks are charges, and questions whether Redis answers again, which it does. */
  private collect(): void {
    for (let sent = this.host.pending.splice(0); sent.length > 0; sent = this.host.pending.splice(0)) {
      for (const command of sent) {
        if (Number(command.args[2]) > 1) this.charges.push(command);
        else this.host.reply(ROOT, array(null, -2), command);
      }
    }
  }
}

describe.each(MODULES)("%s", (_name, file) => {
  it.each([
    ["one counter", PER_KEY],
    ["three counters", THREE_COUNTERS],
  ])(
    "keeps requests of %s apart when they begin, end and are answered in any order",
    async (_title, limits) => {
      const host = await start(file, limits);
      let id = 10;
      const step = fc.tuple(fc.nat(4), fc.nat(1000), fc.boolean());
      fc.assert(
        fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
          const play = new Play(host, () => ++id);
          for (const [kind, which, flag] of steps) play.step(kind, which, flag);
          play.finish();
        }),
        fuzz(300),
      );
      expect(host.metrics.get("ai_token_ratelimit.lost_tokens")).toBeUndefined();
    },
  );

  it("keeps a stream that ends during its callback apart from the next one", async () => {
    const host = await start(file, PER_KEY);
    for (let id = 100; id < 400; id += 2) {
      const isAbove = id % 4 === 0;
      const answer = isAbove ? "proxy_send_local_response" : "proxy_continue_stream";
      host.request(id, ROOT, { "x-api-key": `key-${id}` });
      host.intercept = (name) => {
        if (name !== answer) return undefined;
        host.intercept = () => undefined;
        host.end(id);
        host.request(id + 1, ROOT, { "x-api-key": `key-${id + 1}` });
        return 0;
      };
      host.reply(ROOT, counter(isAbove ? 101 : 0));
      const stream = host.streams.get(id + 1)!;
      expect([stream.localResponse, stream.continued]).toEqual([null, 0]);
      host.reply(ROOT, counter(0));
      expect(stream.continued).toBe(1);
      host.responseHeaders(id + 1, { "content-type": "application/json" });
      host.responseBody(id + 1, usageBody(3, 4), true);
      expect(chargeOf(host.pending[0]!).keys).toEqual([expect.stringContaining(`key-${id + 1}`)]);
      host.reply(ROOT, made(7));
      host.end(id + 1);
    }
    expect(host.pending).toEqual([]);
  });
});
