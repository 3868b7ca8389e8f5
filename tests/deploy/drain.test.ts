// Contract: deploy/envoy/drain.sh ends only when neither plugin charges anything any more, here for an admin of Envoy's kind whose
// statistics the test makes up. That nothing is lost with a real Envoy is in tests/envoy/shutdown.test.ts.
import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";

const script = resolve(import.meta.dirname, "../../deploy/envoy/drain.sh");
/** Charges that come one with each look at the statistics: for longer than the script waits for the next. */
const CHARGES = 12;
const servers: Server[] = [];

interface Admin {
  readonly url: string;
  readonly posts: string[];
  /** Charges that have not come yet. */
  left(): number;
}

async function adminOf(plugin: string): Promise<Admin> {
  const posts: string[] = [];
  let charges = 0;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, "http://admin");
    if (request.method === "POST") posts.push(pathname);
    const filter = new RegExp(searchParams.get("filter") ?? "^$");
    const charged = `wasmcustom.${plugin}.charged_tokens`;
    if (filter.test(charged)) charges = Math.min(charges + 1, CHARGES);
    const statistics: Record<string, number> = {
      "http.llm.downstream_rq_active": 0,
      "http.admin.downstream_rq_active": 1,
      [charged]: 10 * charges,
    };
    const lines = Object.entries(statistics).filter(([name]) => filter.test(name));
    response.end(lines.map(([name, value]) => `${name}: ${value}\n`).join(""));
  }).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, posts, left: () => CHARGES - charges };
}

afterAll(() => servers.forEach((server) => server.close()));

describe("deploy/envoy/drain.sh", () => {
  it.concurrent.each(["ai_token_ratelimit", "ai_quota"])(
    "waits for the last charge of %s",
    async (plugin) => {
      const admin = await adminOf(plugin);
      const env = { ...process.env, DRAIN_SECONDS: "30", QUIET_SECONDS: "0" };
      const { stderr } = await promisify(execFile)(script, [admin.url], { env });
      expect(stderr).toBe("");
      expect(admin.posts).toEqual(["/healthcheck/fail", "/drain_listeners"]);
      expect(admin.left()).toBe(0);
    },
  );
});
