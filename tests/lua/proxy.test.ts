// Contract: the scripts pass the proxies that read a script before they run it. See tests/lua/proxy.ts.
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../support/as.ts";
import { refusals } from "./proxy.ts";

interface Scripts {
  peekScript(counters: number): string;
  settleScript(counters: number): string;
  balancePeekScript(counters: number): string;
  balanceChangeScript(): string;
  holdScript(counters: number): string;
  settleHeldScript(counters: number): string;
}

let scripts: Scripts;
beforeAll(async () => {
  scripts = await loadHarness<Scripts>("tests/lua/scripts.harness.ts");
});

describe("a proxy that reads scripts", () => {
  it.each([1, 2, 4, 64, 512])("finds every key of the scripts for %i counters spelled out", (counters) => {
    expect(refusals(scripts.peekScript(counters))).toEqual([]);
    expect(refusals(scripts.settleScript(counters))).toEqual([]);
    expect(refusals(scripts.balancePeekScript(counters))).toEqual([]);
    expect(refusals(scripts.balanceChangeScript())).toEqual([]);
    expect(refusals(scripts.holdScript(counters))).toEqual([]);
    expect(refusals(scripts.settleHeldScript(counters))).toEqual([]);
  });

  it.each([
    ["a variable in place of a key", "for i, key in ipairs(KEYS) do redis.call('GET', key) end"],
    ["a loop over the keys", "for i = 1, #ARGV do redis.call('GET', KEYS[i]) end"],
    ["an expression as the place of a key", "return redis.call('GET', KEYS[#KEYS])"],
    ["a sum as the place of a key", "return redis.call('GET', KEYS[1 + 1])"],
    ["a key that is made of another", "return redis.call('GET', KEYS[1] .. ':1')"],
    ["a key that is an argument", "return redis.call('GET', ARGV[1])"],
    ["the number of keys", "if #KEYS > 1 then return redis.call('GET', KEYS[1]) end"],
    ["a key that is kept in a variable", "local key = KEYS[1] return redis.call('GET', KEYS[1])"],
    ["a command that is a variable", "local get = 'GET' return redis.call(get, KEYS[1])"],
    ["a call in a call", "return redis.call('SET', KEYS[1], redis.call('GET', KEYS[2]))"],
    ["arguments from a table", "return redis.call('SET', KEYS[1], unpack(ARGV))"],
    ["another name for the function", "local call = redis.call return call('GET', KEYS[1])"],
    ["a command whose keys are elsewhere", "return redis.call('OBJECT', 'FREQ', KEYS[1])"],
  ])("refuses %s", (_title, script) => {
    expect(refusals(script)).not.toEqual([]);
  });

  it("reads past comments, strings and both kinds of quotes", () => {
    expect(
      refusals(`-- redis.call('GET', key)\nlocal a = "unpack'd" return redis.call("GET", KEYS[1])`),
    ).toEqual([]);
  });
});
