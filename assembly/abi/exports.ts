import "./abort";
import { configured, enter, leave } from "./collector";
import { createContext, deleteContext, endStream, rootOf, streamOf } from "./dispatcher";
import { malloc } from "./memory";
import { FilterDataStatus, FilterHeadersStatus } from "./types";

/**
 * The functions that every proxy-wasm host calls. The entry file exports the version marker, because hosts differ in the
 * versions that they accept.
 * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1
 */

export { malloc, malloc as proxy_on_memory_allocate };

export function proxy_on_vm_start(_root: u32, _configurationSize: u32): bool {
  return true;
}

export function proxy_on_context_create(id: u32, parent: u32): void {
  enter();
  createContext(id, parent);
  leave();
}

export function proxy_on_configure(root: u32, _configurationSize: u32): bool {
  enter();
  const context = rootOf(root);
  const accepted = context !== null && context.onConfigure();
  configured();
  leave();
  return accepted;
}

export function proxy_on_tick(root: u32): void {
  enter();
  const context = rootOf(root);
  if (context !== null) context.onTick();
  leave();
}

export function proxy_on_request_headers(id: u32, count: u32, endOfStream: bool): FilterHeadersStatus {
  enter();
  const stream = streamOf(id);
  const status = stream !== null ? stream.onRequestHeaders(count, endOfStream) : FilterHeadersStatus.Continue;
  leave();
  return status;
}

export function proxy_on_request_body(id: u32, size: u32, endOfStream: bool): FilterDataStatus {
  enter();
  const stream = streamOf(id);
  const status = stream !== null ? stream.onRequestBody(size, endOfStream) : FilterDataStatus.Continue;
  leave();
  return status;
}

export function proxy_on_request_trailers(id: u32, _count: u32): FilterDataStatus {
  enter();
  const stream = streamOf(id);
  const status = stream !== null ? stream.onRequestTrailers() : FilterDataStatus.Continue;
  leave();
  return status;
}

export function proxy_on_response_headers(id: u32, _count: u32, endOfStream: bool): FilterHeadersStatus {
  enter();
  const stream = streamOf(id);
  const status = stream !== null ? stream.onResponseHeaders(endOfStream) : FilterHeadersStatus.Continue;
  leave();
  return status;
}

export function proxy_on_response_body(id: u32, size: u32, endOfStream: bool): FilterDataStatus {
  enter();
  const stream = streamOf(id);
  const status = stream !== null ? stream.onResponseBody(size, endOfStream) : FilterDataStatus.Continue;
  leave();
  return status;
}

export function proxy_on_response_trailers(id: u32, _count: u32): FilterDataStatus {
  enter();
  const stream = streamOf(id);
  if (stream !== null) stream.onResponseTrailers();
  leave();
  return FilterDataStatus.Continue;
}

export function proxy_on_log(id: u32): void {
  enter();
  endStream(id);
  leave();
}

export function proxy_on_done(id: u32): bool {
  enter();
  endStream(id);
  const root = rootOf(id);
  const isDone = root === null || root.onDone();
  leave();
  return isDone;
}

export function proxy_on_delete(id: u32): void {
  enter();
  deleteContext(id);
  leave();
}
