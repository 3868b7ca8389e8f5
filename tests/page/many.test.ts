// Contract of the operator's page with 1,000 callers and 200 calls a second: it keeps up, with few elements, whatever it is told.
// Calls are told to its server side directly, as a gateway tells them.
import { Registry } from "prom-client";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { createAdmin } from "../../gateway/src/admin.ts";
import type { StreamState } from "../../gateway/src/chain/filter.ts";
import { HeaderMap } from "../../gateway/src/chain/header-map.ts";
import { listen } from "../../gateway/src/http/listen.ts";
import { Page } from "../../gateway/src/page/page.ts";
import { Watch } from "../../gateway/src/page/watch.ts";
import { encodeCommand } from "../../gateway/src/redis/command.ts";
import { launchBrowser } from "../../tools/browser.ts";

const CALLERS = 1000;
const CALLS_A_SECOND = 200;
const SECONDS = 4;

const browser = await launchBrowser();
afterAll(() => browser?.close());

/** One call of a caller, from its decision to its end. */
function tell({ observer }: Watch, caller: number, used: number): void {
  const stream: StreamState = {
    info: { routeName: "r", clusterName: "c", sourceAddress: "127.0.0.1:1" },
    properties: new Map(),
    requestHeaders: new HeaderMap([
      [":method", "POST"],
      [":path", `/v1/chat/completions/${used}`],
    ]),
    responseHeaders: null,
    details: "via_upstream",
  };
  const key = `higress-token-ratelimit:r:limit_by_per_header:60:x-key:sk-caller-number-${caller}`;
  observer.onRedisCall(stream, encodeCommand(["EVALSHA", "0", "1", key, "60"]))(true);
  const rule = "rule_items[0].limit_keys[0]";
  const window = {
    rule,
    kind: "fixed_window",
    seconds: 60,
    unit: "tokens",
    limit: 10_000,
    used,
    reset_seconds: 60,
  };
  observer.onLine(stream, `decision ${JSON.stringify({ outcome: "allowed", rule, windows: [window] })}`);
  observer.onLine(
    stream,
    `decision ${JSON.stringify({ outcome: "allowed", rule, windows: [window], charged: 7 })}`,
  );
  observer.onEnd(stream, 200, 3);
}

describe.skipIf(browser === null)("the page", () => {
  it("keeps up with many callers and calls", async () => {
    const watch = new Watch();
    const page = new Page({
      ...{
        observer: watch.observer,
        counters: watch.counters,
        series: watch.series,
        recorder: watch.recorder,
      },
      ...{ registry: new Registry(), limiter: null, token: "t" },
    });
    const admin = createAdmin(new Registry(), page);
    const url = await listen(admin, 0, "admin");
    onTestFinished(() => {
      page.close();
      admin.close();
      admin.closeAllConnections();
    });
    for (let caller = 0; caller < CALLERS; caller++) tell(watch, caller, caller);

    const tab = await browser!.newPage();
    onTestFinished(() => tab.close());
    await tab.goto(url);
    await tab.locator(".counter").first().waitFor();
    expect(await tab.getByRole("heading", { name: /^Limits/ }).innerText()).toBe("Limits 1,000");

    const batch = CALLS_A_SECOND / 10;
    for (let turn = 0; turn < 10 * SECONDS; turn++) {
      for (let i = 0; i < batch; i++) tell(watch, (turn * batch + i) % CALLERS, 5000 + turn * batch + i);
      await tab.waitForTimeout(100);
    }
    // What came last is shown, at its place, and most rows do not exist.
    await tab.getByText(`${(5000 + CALLS_A_SECOND * SECONDS - 1).toLocaleString("en")} used`).waitFor();
    await expect.poll(() => tab.locator(".call .path").first().innerText()).toBe("/v1/chat/completions/5799");
    expect(await tab.getByRole("heading", { name: /^Decisions/ }).innerText()).toBe("Decisions 500");
    expect(await tab.locator("*").count()).toBeLessThan(1000);
  }, 90_000);
});
