import { createContext, deleteContext, endStream, rootOf, streamOf } from "./dispatcher";
import { malloc } from "./memory";
import { FilterDataStatus, FilterHeadersStatus } from "./types";

/**
 * What every proxy-wasm host calls. The version marker is exported by the entry file, because hosts differ in the
 * versions they accept.
 * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1
 */

export { malloc, malloc as proxy_on_memory_allocate };

export function proxy_on_vm_start(_root: u32, _configurationSize: u32): bool {
  return true;
}

export function proxy_on_context_create(id: u32, parent: u32): void {
  createContext(id, parent);
}

export function proxy_on_configure(root: u32, _configurationSize: u32): bool {
  const context = rootOf(root);
  return context !== null && context.onConfigure();
}

export function proxy_on_tick(root: u32): void {
  const context = rootOf(root);
  if (context !== null) context.onTick();
}

export function proxy_on_request_headers(id: u32, _count: u32, endOfStream: bool): FilterHeadersStatus {
  const stream = streamOf(id);
  return stream === null ? FilterHeadersStatus.Continue : stream.onRequestHeaders(endOfStream);
}

export function proxy_on_response_headers(id: u32, _count: u32, endOfStream: bool): FilterHeadersStatus {
  const stream = streamOf(id);
  return stream === null ? FilterHeadersStatus.Continue : stream.onResponseHeaders(endOfStream);
}

export function proxy_on_response_body(id: u32, size: u32, endOfStream: bool): FilterDataStatus {
  const stream = streamOf(id);
  return stream === null ? FilterDataStatus.Continue : stream.onResponseBody(size, endOfStream);
}

export function proxy_on_response_trailers(id: u32, _count: u32): FilterDataStatus {
  const stream = streamOf(id);
  if (stream !== null) stream.onResponseTrailers();
  return FilterDataStatus.Continue;
}

export function proxy_on_log(id: u32): void {
  endStream(id);
}

export function proxy_on_done(id: u32): bool {
  endStream(id);
  return true;
}

export function proxy_on_delete(id: u32): void {
  deleteContext(id);
}
