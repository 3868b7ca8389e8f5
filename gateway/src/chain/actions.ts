// What a filter's callbacks return. The numbers are those of proxy-wasm, so that a module's answer needs no translation.

/** What proxy_on_{request,response}_headers returns. */
export enum HeadersAction {
  Continue = 0,
  StopIteration = 1,
  ContinueAndEndStream = 2,
  StopAllIterationAndBuffer = 3,
  StopAllIterationAndWatermark = 4,
}

/** What proxy_on_{request,response}_body returns. */
export enum BodyAction {
  Continue = 0,
  StopAndBuffer = 1,
  StopAndWatermark = 2,
  StopNoBuffer = 3,
}

/** What proxy_on_{request,response}_trailers returns. */
export enum TrailersAction {
  Continue = 0,
  StopIteration = 1,
}
