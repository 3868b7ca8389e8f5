// Contract of the operator's page, in a real Chromium: live bars and decisions, the explanation, the editor and the trial, actions; for
// keyboards and screen readers, light and dark; with the values of hostile callers; at 1,000 callers and 200 calls a second.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Redis } from "ioredis";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { startGateway, type Gateway } from "../../gateway/src/index.ts";
import { launchBrowser } from "../../tools/browser.ts";
import { startFakeLlm } from "../../tools/fake-llm/server.ts";
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const CONFIG = `rule_name: chat
rule_items:
  - limit_by_per_header: x-key
    limit_keys:
      - key: "*"
        token_per_minute: 100
redis: {service_name: redis.static}
`;

// A browser takes its time when the machine is busy.
vi.setConfig({ testTimeout: 90_000 });

const browser = await launchBrowser();
let redisServer: RedisServer;
let redis: Redis;
let llm: Awaited<ReturnType<typeof startFakeLlm>>;
beforeAll(async () => {
  redisServer = await startRedisServer();
  redis = new Redis(redisServer.port, redisServer.host);
  llm = await startFakeLlm();
});
afterAll(async () => {
  redis.disconnect();
  await browser?.close();
  await llm.close();
  await redisServer.stop();
});

describe.skipIf(browser === null)("the page", () => {
  async function start(config = CONFIG): Promise<Gateway> {
    await redis.flushall();
    const gateway = await startGateway({
      ...{ config, upstream: llm.url, redis: `${redisServer.host}:${redisServer.port}`, page: true },
    });
    onTestFinished(() => gateway.close(0, 0));
    return gateway;
  }

  /** The page of a gateway; whatever it logs as an error, or its policy forbids, fails the test. */
  async function open(gateway: Gateway, options: Parameters<Browser["newPage"]>[0] = {}): Promise<Page> {
    const page = await browser!.newPage({ viewport: { width: 1280, height: 720 }, ...options });
    const errors: string[] = [];
    page.on("console", (message) => {
      // That the gateway refuses something is shown on the page, too.
      if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    onTestFinished(async () => {
      await page.close();
      expect(errors).toEqual([]);
    });
    await page.goto(gateway.pageUrl!);
    await page.getByText("live", { exact: true }).waitFor();
    return page;
  }

  async function call(
    gateway: Gateway,
    key: string,
    { path = "/v1/chat/completions", model = "m" } = {},
  ): Promise<number> {
    const response = await fetch(gateway.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", "x-key": key },
      body: JSON.stringify({ model, max_tokens: 45, messages: [{ role: "user", content: "Hello" }] }),
    });
    await response.arrayBuffer();
    return response.status;
  }

  /** What axe-core finds wrong. It is not loaded as a script of the page, whose policy would not let it. */
  async function violations(page: Page): Promise<string[]> {
    await page.evaluate(AXE);
    return page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      const found = await axe.run();
      return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    });
  }

  const tab = (page: Page, name: string): Promise<void> => page.getByRole("tab", { name }).click();

  it("shows each limit as a bar, the one nearest to its limit first, and each decision", async () => {
    const gateway = await start();
    const page = await open(gateway);
    await call(gateway, "sk-bob-0123456789");
    for (let i = 0; i < 3; i++) await call(gateway, "sk-alice-0123456789");
    await page.locator(".counter").nth(1).waitFor();
    await page.getByRole("img", { name: /^1\d\d used/ }).waitFor();
    const bars = await page.locator(".counter").allInnerTexts();
    expect(bars[0]).toMatch(
      /^sk-…89\s+rule_items\[0\]\.limit_keys\[0\]\s+resets in .+\s+1\d\d used, 0 held, 0 left of 100 tokens a minute$/,
    );
    expect(bars[1]).toMatch(/\s[45]\d used, 0 held, [45]\d left of 100 tokens a minute$/);
    expect(await page.locator(".call .outcome").allInnerTexts()).toEqual([
      "allowed",
      "allowed",
      "allowed",
      "allowed",
    ]);

    expect(await call(gateway, "sk-alice-0123456789")).toBe(429);
    await page.locator(".call", { hasText: "denied" }).click();
    await page.getByText(/^429 after \d+ ms$/).waitFor();
    await page.getByLabel("Outcome").selectOption("denied");
    expect(await page.locator(".call").count()).toBe(1);
  });

  it("finds the limits of a caller by the whole key, which is shown nowhere", async () => {
    const gateway = await start();
    const page = await open(gateway);
    await call(gateway, "sk-bob-0123456789");
    await call(gateway, "sk-alice-0123456789");
    await page.locator(".counter").nth(1).waitFor();
    expect(await page.content()).not.toMatch(/alice|bob/);
    await page.getByLabel("Search limits").fill("sk-alice-0123456789");
    await expect.poll(() => page.locator(".counter").count()).toBe(1);
    await page.getByLabel("Search limits").fill("sk-alice-012345678");
    await expect.poll(() => page.locator(".counter").count()).toBe(0);
  });

  it("shows what hostile callers send as text", async () => {
    const gateway = await start();
    const page = await open(gateway);
    const markup = `"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
    await call(gateway, markup, { path: `/v1/chat/completions/${encodeURI(markup)}`, model: markup });
    await call(gateway, "x", { path: "/v1/chat/completions", model: "<b>bold</b>" });
    await page.locator(".call", { hasText: "<b>bold</b>" }).click();
    await page.locator(".counter").nth(1).waitFor();
    expect(await page.locator("img, b, body script").count()).toBe(0);
    expect(await page.title()).toBe("ai-token-ratelimit");
  });

  it("explains a request", async () => {
    const page = await open(await start());
    await tab(page, "Explain");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("rule_items[0] does not apply: the request has no header x-key").waitFor();
    await page.getByLabel(/A curl command/).fill("curl 'x");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("a ' is never closed").waitFor();
  });

  it("checks a configuration as it is typed, and plays recorded calls against it", async () => {
    const gateway = await start();
    for (let i = 0; i < 4; i++) await call(gateway, "sk-alice-0123456789");
    const page = await open(gateway);
    await tab(page, "Configuration");
    await page.getByText("The filter accepts it.").waitFor();
    const editor = page.getByLabel("Configuration, YAML");
    const replace = async (text: string): Promise<void> => {
      await editor.focus();
      await page.keyboard.press("Control+A");
      await page.keyboard.insertText(text);
    };
    await replace("rule_name: chat\nrule_itms: []\n");
    await page
      .getByText(/is not a known field/)
      .first()
      .waitFor();
    expect(await page.getByRole("button", { name: "Try", exact: true }).isDisabled()).toBe(true);

    await replace(CONFIG.replace("100", "40"));
    await page.getByText("The filter accepts it.").waitFor();
    await page.getByRole("button", { name: "Try", exact: true }).click();
    await page.getByText("3 of 4 would be denied").waitFor();

    await page.getByRole("button", { name: "Apply to this gateway" }).click();
    await page.getByText("It is active now").waitFor();
    expect(await call(gateway, "sk-alice-0123456789")).toBe(429);
  });

  it("completes fields and values by the schema", async () => {
    const page = await open(await start());
    await tab(page, "Configuration");
    await page.getByText("The filter accepts it.").waitFor();
    const editor = page.getByLabel("Configuration, YAML");
    await editor.focus();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("rule_mo");
    await page.getByRole("option", { name: /rule_mode/ }).waitFor();
    await page.waitForTimeout(100);
    await page.keyboard.press("Enter");
    await page.keyboard.type("all");
    await page.getByRole("option", { name: /all_match/ }).waitFor();
  });

  it("resets a window and grants tokens, with the token", async () => {
    const gateway = await start();
    const page = await open(gateway);
    for (let i = 0; i < 3; i++) await call(gateway, "sk-alice-0123456789");
    await page.locator(".counter").click();
    const [key = ""] = await redis.keys("*x-key*");
    const before = Number(await redis.get(key));
    await page.getByRole("spinbutton").fill("30");
    await page.getByRole("button", { name: "Grant" }).click();
    await page.getByText("30 tokens more in this window.").waitFor();
    expect(Number(await redis.get(key))).toBe(before - 30);
    await page.getByRole("button", { name: "Reset the window" }).click();
    await page.getByText("The window begins anew.").waitFor();
    expect(await redis.exists(key)).toBe(0);
    await page.getByRole("img", { name: /^0 used/ }).waitFor();
  });

  it("keeps the token in its tab, and asks for it where there is none", async () => {
    const gateway = await start();
    const page = await open(gateway);
    expect(page.url()).toBe(`${gateway.adminUrl}/`);
    const [, token = ""] = gateway.pageUrl!.split("=");
    const other = await browser!.newPage();
    await other.goto(gateway.adminUrl);
    await other.getByRole("tab", { name: "Configuration" }).click();
    await other.getByText(/enter the token/).waitFor();
    await other.getByLabel("Operator token").fill(token);
    await other.getByRole("button", { name: "Use" }).click();
    await other.getByText("The filter accepts it.").waitFor();
    await other.close();
  });

  it("is used with a keyboard", async () => {
    const gateway = await start();
    const page = await open(gateway);
    await call(gateway, "sk-alice-0123456789");
    await page.locator(".call").waitFor();
    await page.getByRole("tab", { name: "Live" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("heading", { name: "Explain a request" }).waitFor();
    await page.keyboard.press("ArrowLeft");
    await page.locator(".counter").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Reset the window" }).waitFor();
    await page.locator(".call").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: /^allowed sk-…89 at/ }).waitFor();
  });

  it.each(["light", "dark"] as const)(
    "gives axe-core nothing to find, %s",
    async (colorScheme) => {
      const gateway = await start();
      const page = await open(gateway, { colorScheme });
      for (let i = 0; i < 4; i++) await call(gateway, "sk-alice-0123456789");
      await page.locator(".call", { hasText: "denied" }).click();
      await page.locator(".counter").click();
      expect(await violations(page)).toEqual([]);
      await tab(page, "Explain");
      await page.getByRole("button", { name: "Explain" }).click();
      await page.getByText("The request passes unchecked").waitFor();
      expect(await violations(page)).toEqual([]);
      await tab(page, "Configuration");
      await page.getByText("The filter accepts it.").waitFor();
      await page.getByRole("button", { name: "Try", exact: true }).click();
      await page.getByText("would be denied", { exact: false }).first().waitFor();
      expect(await violations(page)).toEqual([]);
      await tab(page, "Health");
      await page.locator("canvas").nth(1).waitFor();
      expect(await violations(page)).toEqual([]);
    },
    90_000,
  );
});
