// What it takes to configure a filter with many keys: time, and memory that stays.
import { BenchHost } from "./host.ts";
import { keysOf, type Kind } from "./keys.ts";
import { spreadOf, type Spread } from "./measure.ts";

export interface ConfigurationCost {
  kind: Kind;
  keys: number;
  bytes: number;
  /** Milliseconds in proxy_on_configure, in a VM that has just started and whose code V8 has not optimized. */
  cold: number;
  /** The same in new VMs of code that was optimized. */
  warm: Spread;
  /** Bytes of the VM's memory afterwards, and before. */
  memory: number;
  memoryBefore: number;
}

const KEYS = 10_000;
const CONFIGURED: readonly Kind[] = ["exact", "CIDR v4", "CIDR v6", "regexp"];

/** @param bytes of the filter's module; it is compiled anew for each kind, so that each has a cold start */
export async function measureConfiguration(bytes: Buffer, rounds: number): Promise<ConfigurationCost[]> {
  const costs: ConfigurationCost[] = [];
  for (const kind of CONFIGURED) {
    const { configuration } = keysOf(kind, KEYS, 1);
    const module = await freshModule(bytes);
    const samples: number[] = [];
    let memory = 0;
    let memoryBefore = 0;
    for (let round = 0; round <= rounds; ++round) {
      const host = await BenchHost.load(module);
      memoryBefore = host.memoryBytes;
      const start = performance.now();
      host.configure(configuration);
      samples.push(performance.now() - start);
      memory = host.memoryBytes;
    }
    const cold = samples.shift()!;
    costs.push({
      kind,
      keys: KEYS,
      bytes: configuration.length,
      cold,
      warm: spreadOf(samples),
      memory,
      memoryBefore,
    });
  }
  return costs;
}

/** V8 shares compiled code between modules of the same bytes; an empty custom section tells them apart. */
let modules = 0;
async function freshModule(bytes: Buffer): Promise<WebAssembly.Module> {
  const name = Buffer.from(`bench${++modules}`);
  const section = Buffer.from([0, name.length + 1, name.length, ...name]);
  return WebAssembly.compile(Buffer.concat([bytes, section]));
}
