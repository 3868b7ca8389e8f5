import "../../assembly/abi/abort";

/**
 * A filter for stock Envoy that does nothing: it takes the same callbacks as ours, and returns. What it costs is what
 * Envoy takes to call a filter at all.
 */

export function malloc(size: usize): usize {
  return heap.alloc(size);
}

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_vm_start(_root: u32, _size: u32): bool {
  return true;
}

export function proxy_on_configure(_root: u32, _size: u32): bool {
  return true;
}

export function proxy_on_context_create(_id: u32, _parent: u32): void {}

export function proxy_on_request_headers(_id: u32, _count: u32, _end: bool): u32 {
  return 0;
}

export function proxy_on_request_body(_id: u32, _size: u32, _end: bool): u32 {
  return 0;
}

export function proxy_on_response_headers(_id: u32, _count: u32, _end: bool): u32 {
  return 0;
}

export function proxy_on_response_body(_id: u32, _size: u32, _end: bool): u32 {
  return 0;
}

export function proxy_on_response_trailers(_id: u32, _count: u32): u32 {
  return 0;
}

export function proxy_on_log(_id: u32): void {}

export function proxy_on_done(_id: u32): bool {
  return true;
}

export function proxy_on_delete(_id: u32): void {}
