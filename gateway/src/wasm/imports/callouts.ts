import type { Root } from "../context.ts";
import { Status } from "../types.ts";
import { validPairs } from "./headers.ts";
import type { Guest, ImportGroup } from "./guest.ts";

/** Calls to Redis and to HTTP services. They belong to the root, so their replies outlive a stream. */
export function calloutImports(guest: Guest): ImportGroup {
  return { ...redisImports(guest), ...httpImports(guest) };
}

function redisImports(guest: Guest): ImportGroup {
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
      return guest.services.redis.init(
        guest.memory.text(service, serviceSize),
        guest.memory.text(username, usernameSize),
        guest.memory.text(password, passwordSize),
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
      const name = guest.memory.text(service, serviceSize);
      const bytes = guest.memory.copy(query, querySize);
      return dispatch(guest, tokenSlot, (root) => root.redisCall(name, bytes));
    },
  };
}

function httpImports(guest: Guest): ImportGroup {
  return {
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
        cluster: guest.memory.text(cluster, clusterSize),
        headers: validPairs(guest.memory.copy(headers, headersSize)),
        body: guest.memory.copy(body, bodySize),
        trailers: validPairs(guest.memory.copy(trailers, trailersSize)),
        timeout: timeoutMs >>> 0,
      };
      return dispatch(guest, tokenSlot, (root) => root.httpCall(request));
    },
  };
}

/** Makes a call on the root, and tells the guest the token of the reply. */
function dispatch(
  guest: Guest,
  tokenSlot: number,
  send: (root: Root) => { status: Status; token: number },
): Status {
  // Proves the slot writable before anything is sent.
  guest.memory.writeU32(tokenSlot, 0);
  const root = guest.root();
  if (root === null) return Status.BadArgument;
  const { status, token } = send(root);
  guest.memory.writeU32(tokenSlot, token);
  return status;
}
