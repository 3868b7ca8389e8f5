// A module that imports WASI, as those of Go and TinyGo do, runs: its output is logged, it finds clocks and no files.
// https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md
import { expect, it } from "vitest";
import { LogLevel } from "../../gateway/src/index.ts";
import { guest } from "./fixtures/guest.ts";
import { send, startTestGateway } from "./support.ts";

const NOW = 1_700_000_000_123_456_789n;

it("runs a module that imports WASI", async () => {
  const levels: string[] = [];
  const gateway = await startTestGateway({
    upstream: "http://127.0.0.1:1",
    wasm: await guest("wasi"),
    now: () => NOW,
    onGuestLog: (level, line) => levels.push(`${LogLevel[level]} ${line}`),
  });
  expect(gateway.log.lines).toEqual([
    "started",
    "one",
    "two",
    "three",
    "stdout 0 11 0 3",
    "wrong",
    "stderr 0 6 other 8 6",
    `time 0 ${NOW} 28`,
    "monotonic 0 true",
    "random 0 true",
    "args 0 0",
    "environ 0 0",
    "poll 0 42 1",
    "files 52 8",
    "yield 0",
    "outside 21 21 21",
    "outside 21 21",
  ]);
  expect(levels).toContain("Info two");
  expect(levels).toContain("Error wrong");
});

it("takes the end of the module for a trap", async () => {
  const gateway = await startTestGateway({ upstream: "http://127.0.0.1:1", wasm: await guest("wasi") });
  expect((await send(gateway.url)).status).toBe(503);
  expect(await gateway.metrics()).toContain("gateway_wasm_traps_total 1");
});
