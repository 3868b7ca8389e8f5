// Whether memory stays flat, over a million requests and over a million chunks of one stream, and what streams take that are
// open at the same time.
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
  /** Not in runs from before it was measured. */
  open?: OpenStreams;
}

/** What streams take that are open at the same time, in bytes. */
export interface OpenStreams {
  streams: number;
  /** One whose request waits for its counters. */
  waiting: number;
  /** One whose response has begun, without a byte of its body, and one while its body is read. */
  begun: number;
  read: number;
  /** All memory of a VM in which so many are read. */
  all: number;
}

const EARLY = 1_000;

export async function measureMemory(
  module: WebAssembly.Module,
  requests = 1_000_000,
  chunks = 1_000_000,
  streams = 10_000,
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
  const grownByChunks = growthOver(player, chunks);
  const open = await measureOpen(module, streams);
  return { requests, configured, early, late, chunks, grownByChunks, open };
}

/** Opens so many streams of events, and ends none. */
async function measureOpen(module: WebAssembly.Module, streams: number): Promise<OpenStreams> {
  const scenario = SCENARIOS.find(({ name }) => name === "sse")!;
  const [first, second] = events(300, USAGE);
  const waiting = await playerOf(module);
  const { host, redis } = await playerOf(module);
  const each = (step: (id: number) => void): void => {
    for (let id = 1_000; id < 1_000 + streams; ++id) step(id);
  };
  const before = host.memoryBytes;
  each((id) => begin(waiting.host, id));
  each((id) => {
    begin(host, id);
    host.reply(redis.check(scenario.tokens));
    host.response = scenario.response;
    host.guest.proxy_on_response_headers?.(id, scenario.response.size, 0);
  });
  const begun = host.memoryBytes;
  for (const bytes of [first!, second!]) each((id) => chunk(host, id, bytes));
  const perStream = (bytes: number): number => (bytes - before) / streams;
  return {
    streams,
    waiting: perStream(waiting.host.memoryBytes),
    begun: perStream(begun),
    read: perStream(host.memoryBytes),
    all: host.memoryBytes,
  };
}

/** A request that asks Redis for its counters. */
function begin(host: BenchHost, id: number): void {
  host.rejected = false;
  const { request } = SCENARIOS.find(({ name }) => name === "sse")!;
  host.request = request;
  host.guest.proxy_on_context_create(id, ROOT);
  host.guest.proxy_on_request_headers?.(id, request.size, 1);
}

/** Lets one long event stream pass, and tells by how many bytes memory grew. */
function growthOver({ host, redis }: Player, chunks: number): number {
  const scenario = SCENARIOS.find(({ name }) => name === "sse")!;
  const [first, ...rest] = events(300, USAGE).slice(0, -2);
  const id = 0x7fffffff;
  begin(host, id);
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
