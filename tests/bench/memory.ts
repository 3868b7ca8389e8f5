// Whether memory stays flat: over a million requests, and over a million chunks of one stream.
import { events } from "./bodies.ts";
import { ROOT, type BenchHost } from "./host.ts";
import { playerOf, type Player } from "./requests.ts";
import { SCENARIOS, USAGE } from "./scenarios.ts";

export interface MemoryUse {
  requests: number;
  /** Bytes of the VM's memory: after the configuration, after the first thousand requests, and after all. */
  configured: number;
  early: number;
  late: number;
  chunks: number;
  /** By how many bytes the memory grew while one stream of so many chunks passed: nothing is freed before it ends. */
  grownByChunks: number;
}

const EARLY = 1_000;

export async function measureMemory(
  module: WebAssembly.Module,
  requests = 1_000_000,
  chunks = 1_000_000,
): Promise<MemoryUse> {
  const player = await playerOf(module);
  const configured = player.host.memoryBytes;
  const [allowed, rejected, unmatched] = SCENARIOS;
  // Most are allowed; the others must give back what they took, too.
  const mix = [allowed!, allowed!, allowed!, allowed!, allowed!, allowed!, rejected!, unmatched!];
  let early = 0;
  for (let i = 1; i <= requests; ++i) {
    player.play(mix[i & 7]!);
    if (i === EARLY) early = player.host.memoryBytes;
  }
  const late = player.host.memoryBytes;
  return { requests, configured, early, late, chunks, grownByChunks: growthOver(player, chunks) };
}

/** Lets one long event stream pass, and tells by how many bytes memory grew. */
function growthOver({ host, redis }: Player, chunks: number): number {
  const scenario = SCENARIOS.find(({ name }) => name === "sse")!;
  const [first, ...rest] = events(300, USAGE).slice(0, -2);
  const id = 0x7fffffff;
  host.request = scenario.request;
  host.guest.proxy_on_context_create(id, ROOT);
  host.guest.proxy_on_request_headers?.(id, scenario.request.size, 1);
  host.reply(redis.check(scenario.tokens));
  host.response = scenario.response;
  host.guest.proxy_on_response_headers?.(id, scenario.response.size, 0);
  chunk(host, id, first!);
  const before = host.memoryBytes;
  for (let i = 0; i < chunks; ++i) chunk(host, id, rest[i % rest.length]!);
  return host.memoryBytes - before;
}

function chunk(host: BenchHost, id: number, bytes: Buffer): void {
  host.responseBody = bytes;
  host.guest.proxy_on_response_body?.(id, bytes.length, 0);
}
