/**
 * The wire numbers of proxy-wasm, ABI 0.2.1 and 0.2.100 (Higress). They appear nowhere else in the gateway, but for
 * the actions of filters (chain/actions.ts).
 */

/** What a host call returns. */
export enum Status {
  Ok = 0,
  NotFound = 1,
  BadArgument = 2,
  InvalidMemory = 6,
  Empty = 7,
  CasMismatch = 8,
  InternalFailure = 10,
  BrokenConnection = 11,
  Unimplemented = 12,
}

export enum BufferType {
  RequestBody = 0,
  ResponseBody = 1,
  HttpCallBody = 4,
  VmConfiguration = 6,
  PluginConfiguration = 7,
  /** Higress only; readable during proxy_on_redis_call_response. */
  RedisResponse = 9,
}

export enum MapType {
  RequestHeaders = 0,
  RequestTrailers = 1,
  ResponseHeaders = 2,
  ResponseTrailers = 3,
  HttpCallHeaders = 6,
  HttpCallTrailers = 7,
}

export enum StreamType {
  Request = 0,
  Response = 1,
  Downstream = 2,
  Upstream = 3,
}

export enum MetricType {
  Counter = 0,
  Gauge = 1,
  Histogram = 2,
}

export enum LogLevel {
  Trace = 0,
  Debug = 1,
  Info = 2,
  Warn = 3,
  Error = 4,
  Critical = 5,
}

/** The status argument of proxy_on_redis_call_response. */
export enum RedisStatus {
  Ok = 0,
  NetworkError = 1,
}

/** The ABI markers a module may export; the first of these found in its export section wins. */
export const ABI_EXPORTS = [
  "proxy_abi_version_0_2_100",
  "proxy_abi_version_0_2_1",
  "proxy_abi_version_0_2_0",
] as const;
export type AbiExport = (typeof ABI_EXPORTS)[number];
