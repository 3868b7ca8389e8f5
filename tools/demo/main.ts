// `make run` and `make demo`: Redis, a fake LLM and the gateway with the tutorial's rule, and a scene played through
// them. With --stay it stays up afterwards, for requests by hand.
import { readFileSync } from "node:fs";
import { Redis } from "ioredis";
import pc from "picocolors";
import { untilSignal } from "../../gateway/src/cli/run.ts";
import { startGateway, createLogger, type Gateway, type GatewayOptions } from "../../gateway/src/index.ts";
import { OptionError } from "../../gateway/src/services.ts";
import { startFakeLlm } from "../fake-llm/server.ts";
import { startRedisServer } from "../redis-server.ts";
import { LIMIT, play } from "./scene.ts";
import { head, row } from "./table.ts";

const PORT = 8080;
const ADMIN_PORT = 9901;

const config = readFileSync(new URL("config.yaml", import.meta.url), "utf8");
const server = await startRedisServer();
const llm = await startFakeLlm();
const logger = createLogger("warn");
const gateway = await startOnFreePorts({
  config,
  upstream: llm.url,
  redis: `${server.host}:${server.port}`,
  logger,
});
const redis = new Redis(server.port, server.host);

console.log(`
${pc.bold("ai-token-ratelimit")}: every API key may use ${LIMIT} tokens a minute
  gateway ${gateway.url}  →  fake LLM ${llm.url},  counters in Redis ${server.host}:${server.port}
`);
console.log(head());
let rejection = "";
await play(gateway.url, redis, (outcome) => {
  console.log(row(outcome));
  if (outcome.status === 429) {
    rejection = `HTTP 429 ${JSON.stringify(outcome.body)}, Retry-After: ${outcome.retryAfter}`;
  }
});
console.log(`
A request is let through as long as its counter is not above the limit; what it used is known, and
charged, when its response has ended. The next one was answered by the filter, without calling the model:
  ${rejection}
Carol did not wait for the end of her stream, which would have told what it used. What had been generated until
then is charged, as estimated from the text.
`);
redis.disconnect();

if (process.argv.includes("--stay")) {
  console.log(`Your turn (Ctrl-C ends it):
  curl -i ${gateway.url}/v1/chat/completions -H 'authorization: Bearer carol' -H 'content-type: application/json' \\
    -d '{"model":"fake-model","max_tokens":120,"messages":[{"role":"user","content":"Hello"}]}'
  curl -N ${gateway.url}/v1/chat/completions -H 'authorization: Bearer carol' -H 'content-type: application/json' \\
    -d '{"model":"fake-model","max_tokens":120,"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hello"}]}'
  curl -s ${gateway.adminUrl}/metrics | grep token
`);
  await untilSignal();
}
await gateway.close(0);
await llm.close();
await server.stop();

/** On the usual ports, or on any free ones when something else listens there. */
async function startOnFreePorts(options: GatewayOptions): Promise<Gateway> {
  try {
    return await startGateway({ ...options, port: PORT, adminPort: ADMIN_PORT });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return startGateway({ ...options, port: 0, adminPort: 0 });
  }
}
