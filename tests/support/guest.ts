// What a proxy-wasm module exports, as far as the hosts of the conformance tests call it.
export interface Exports {
  memory: WebAssembly.Memory;
  malloc(size: number): number;
  _initialize(): void;
  proxy_on_vm_start(root: number, size: number): number;
  proxy_on_context_create(id: number, parent: number): void;
  proxy_on_configure(root: number, size: number): number;
  proxy_on_tick(root: number): void;
  proxy_on_request_headers(id: number, count: number, end: number): number;
  proxy_on_request_body(id: number, size: number, end: number): number;
  proxy_on_response_headers(id: number, count: number, end: number): number;
  proxy_on_response_body(id: number, size: number, end: number): number;
  proxy_on_request_trailers(id: number, count: number): number;
  proxy_on_response_trailers(id: number, count: number): number;
  proxy_on_redis_call_response(root: number, token: number, status: number, size: number): void;
  proxy_on_http_call_response(
    root: number,
    token: number,
    headers: number,
    size: number,
    trailers: number,
  ): void;
  proxy_on_log(id: number): void;
  proxy_on_done(id: number): number;
  proxy_on_delete(id: number): void;
}
