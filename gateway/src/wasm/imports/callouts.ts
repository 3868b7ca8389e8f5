import { RootContext } from "../root.ts";
import { Status } from "../types.ts";
import type { Vm } from "../vm.ts";
import { validPairs } from "./headers.ts";
import type { ImportGroup } from "./index.ts";

/** Calls to Redis and to HTTP services. They belong to the root, so their replies outlive a stream. */
export function calloutImports(vm: Vm): ImportGroup {
  const dispatch = (
    tokenSlot: number,
    send: (root: RootContext) => { status: Status; token: number },
  ): Status => {
    // Proves the slot writable before anything is sent.
    vm.memory.writeU32(tokenSlot, 0);
    const root = vm.contexts.get(vm.context()?.rootId ?? 0);
    if (!(root instanceof RootContext)) return Status.BadArgument;
    const { status, token } = send(root);
    vm.memory.writeU32(tokenSlot, token);
    return status;
  };
  return {
    proxy_redis_init(
      service: number,
      serviceSize: number,
      username: number,
      usernameSize: number,
      password: number,
      passwordSize: number,
      timeoutMs: number,
    ) {
      return vm.services.redis.init(
        vm.memory.text(service, serviceSize),
        vm.memory.text(username, usernameSize),
        vm.memory.text(password, passwordSize),
        timeoutMs >>> 0,
      );
    },
    proxy_redis_call(
      service: number,
      serviceSize: number,
      query: number,
      querySize: number,
      tokenSlot: number,
    ) {
      const name = vm.memory.text(service, serviceSize);
      const bytes = vm.memory.copy(query, querySize);
      return dispatch(tokenSlot, (root) => root.redisCall(name, bytes));
    },
    proxy_http_call(
      cluster: number,
      clusterSize: number,
      headers: number,
      headersSize: number,
      body: number,
      bodySize: number,
      trailers: number,
      trailersSize: number,
      timeoutMs: number,
      tokenSlot: number,
    ) {
      const request = {
        cluster: vm.memory.text(cluster, clusterSize),
        headers: validPairs(vm.memory.copy(headers, headersSize)),
        body: vm.memory.copy(body, bodySize),
        trailers: validPairs(vm.memory.copy(trailers, trailersSize)),
        timeout: timeoutMs >>> 0,
      };
      return dispatch(tokenSlot, (root) => root.httpCall(request));
    },
  };
}
