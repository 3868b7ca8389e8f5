import { streamEnded } from "./collector";
import { RootContext, StreamContext } from "./contexts";

/**
 * From the host's context ids to our contexts. Ids that are unknown, come twice or come late are normal in a proxy
 * that is being reconfigured, so nothing here traps: what is not known is not called.
 */
const roots = new Map<u32, RootContext>();
const streams = new Map<u32, StreamContext>();
let createRoot: ((id: u32) => RootContext) | null = null;

/** Sets what makes a root context; called once, by the entry file. */
export function setRootFactory(factory: (id: u32) => RootContext): void {
  createRoot = factory;
}

/** A new root context (`parent` 0), replacing one of the same id, or a new stream of a root context. */
export function createContext(id: u32, parent: u32): void {
  if (parent == 0) {
    const factory = createRoot;
    if (factory !== null) roots.set(id, factory(id));
  } else if (roots.has(parent)) {
    endStream(id);
    streams.set(id, roots.get(parent).createStream(id));
  }
}

export function rootOf(id: u32): RootContext | null {
  return roots.has(id) ? roots.get(id) : null;
}

export function streamOf(id: u32): StreamContext | null {
  return streams.has(id) ? streams.get(id) : null;
}

/** The first of on_log, on_done and on_delete ends a stream; hosts differ in which of them they send. */
export function endStream(id: u32): void {
  if (!streams.has(id)) return;
  const stream = streams.get(id);
  streams.delete(id);
  stream.onEnd();
  streamEnded();
}

export function deleteContext(id: u32): void {
  endStream(id);
  roots.delete(id);
}
