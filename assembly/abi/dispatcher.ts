import { streamEnded } from "./collector";
import { RootContext, StreamContext } from "./contexts";
import { IdTable } from "./id-table";

/**
 * From the host's context ids to our contexts. Ids that are unknown, come twice or come late are normal in a proxy
 * that is being reconfigured, so nothing here traps: what is not known is not called.
 */
const roots = new IdTable<RootContext>();
const streams = new IdTable<StreamContext>();
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
    return;
  }
  const root = roots.get(parent);
  if (root === null) return;
  endStream(id);
  streams.set(id, root.createStream(id));
}

export function rootOf(id: u32): RootContext | null {
  return roots.get(id);
}

export function streamOf(id: u32): StreamContext | null {
  return streams.get(id);
}

/** The first of on_log, on_done and on_delete ends a stream; hosts differ in which of them they send. */
export function endStream(id: u32): void {
  const stream = streams.take(id);
  if (stream === null) return;
  stream.onEnd();
  streamEnded();
}

export function deleteContext(id: u32): void {
  endStream(id);
  roots.take(id);
}
