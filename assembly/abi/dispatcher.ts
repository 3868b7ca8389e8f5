// First of all, because the compiler initialises the runtime where it first sees an object made, which must not be in `abort`.
import "./collector";
import { RootContext, StreamContext } from "./contexts";
import { IdTable } from "./id-table";

/**
 * Maps the host's context ids to our contexts. Unknown, repeated and late ids are normal while a proxy is reconfigured, so
 * nothing here traps: calls for unknown ids are dropped.
 */
const roots = new IdTable<RootContext>();
const streams = new IdTable<StreamContext>();
let createRoot: ((id: u32) => RootContext) | null = null;

/** Sets the factory for root contexts. The entry file calls this once. */
export function setRootFactory(factory: (id: u32) => RootContext): void {
  createRoot = factory;
}

/** Creates a root context (`parent` 0) or a stream of a root context. It replaces an earlier context with the same id. */
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

// @ts-ignore: decorator
@inline
export function rootOf(id: u32): RootContext | null {
  return roots.get(id);
}

// @ts-ignore: decorator
@inline
export function streamOf(id: u32): StreamContext | null {
  return streams.get(id);
}

/** Ends a stream, at the first of on_log, on_done and on_delete: hosts differ in which of these they call. */
// @ts-ignore: decorator
@inline
export function endStream(id: u32): void {
  if (streams.get(id) !== null) endKnown(id);
}

function endKnown(id: u32): void {
  const stream = streams.take(id);
  if (stream !== null) stream.onEnd();
}

// @ts-ignore: decorator
@inline
export function deleteContext(id: u32): void {
  endStream(id);
  const root = roots.get(id);
  if (root === null) return;
  roots.take(id);
  root.onDelete();
}
