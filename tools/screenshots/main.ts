// `make screenshots`: the operator's page while calls go through the gateway, live in light and its configuration in dark, into docs/images/.
import { startGateway } from "../../gateway/src/index.ts";
import { launchBrowser } from "../browser.ts";
import { startFakeLlm } from "../fake-llm/server.ts";
import { startRedisServer } from "../redis-server.ts";
import { CONFIG, play } from "./calls.ts";

const FOLDER = "docs/images";

const browser = await launchBrowser();
if (browser === null) throw new Error("there is no Chromium");
const redis = await startRedisServer();
const llm = await startFakeLlm();
const gateway = await startGateway({
  ...{ config: CONFIG, upstream: llm.url, redis: `${redis.host}:${redis.port}`, page: true },
});
for (const colorScheme of ["light", "dark"] as const) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 }, colorScheme });
  await page.goto(gateway.pageUrl ?? "");
  await page.getByText("live", { exact: true }).waitFor();
  await play(gateway.url);
  // Until the last calls have been read and shown.
  await page.waitForTimeout(1500);
  if (colorScheme === "light") {
    await page.locator(".call").filter({ hasText: "denied" }).first().click();
    await page.screenshot({ path: `${FOLDER}/page-live-light.png` });
  } else {
    await page.getByRole("tab", { name: "Configuration" }).click();
    await page.getByText("The filter accepts it.").waitFor();
    await page.getByRole("button", { name: "Try", exact: true }).click();
    await page.getByText("would be denied", { exact: false }).first().waitFor();
    await page.screenshot({ path: `${FOLDER}/page-configuration-dark.png` });
  }
  await page.close();
}
await browser.close();
await gateway.close(0, 0);
await llm.close();
await redis.stop();
