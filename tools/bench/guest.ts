/** What a filter exports, as far as the bench calls it. A filter may lack the callbacks that it has no use for. */
export interface Guest {
  memory: WebAssembly.Memory;
  malloc?: (size: number) => number;
  proxy_on_memory_allocate?: (size: number) => number;
  _initialize?: () => void;
  _start?: () => void;
  proxy_on_vm_start?: (root: number, size: number) => number;
  proxy_on_context_create: (id: number, parent: number) => void;
  proxy_on_configure: (root: number, size: number) => number;
  proxy_on_request_headers?: (id: number, count: number, end: number) => number;
  proxy_on_request_body?: (id: number, size: number, end: number) => number;
  proxy_on_response_headers?: (id: number, count: number, end: number) => number;
  proxy_on_response_body?: (id: number, size: number, end: number) => number;
  proxy_on_redis_call_response: (root: number, token: number, status: number, size: number) => void;
  proxy_on_log?: (id: number) => void;
  proxy_on_done?: (id: number) => number;
  proxy_on_delete?: (id: number) => void;
}
