import { Bytes, bytesOf } from "../bytes/bytes";

/**
 * What part of a request a rule item looks at. Kinds before `PerHeader` compare with exact keys; the others have patterns (or
 * address blocks) as keys, and a counter for each value.
 */
export const enum LimitBy {
  Header,
  Param,
  Consumer,
  Cookie,
  ApiKey,
  Model,
  PerHeader,
  PerParam,
  PerConsumer,
  PerCookie,
  PerApiKey,
  PerModel,
  PerIp,
  /** Several of these at once (`match`). */
  Match,
}

const NAMES: Bytes[] = [
  bytesOf("limit_by_header"),
  bytesOf("limit_by_param"),
  bytesOf("limit_by_consumer"),
  bytesOf("limit_by_cookie"),
  bytesOf("limit_by_api_key"),
  bytesOf("limit_by_model"),
  bytesOf("limit_by_per_header"),
  bytesOf("limit_by_per_param"),
  bytesOf("limit_by_per_consumer"),
  bytesOf("limit_by_per_cookie"),
  bytesOf("limit_by_per_api_key"),
  bytesOf("limit_by_per_model"),
  bytesOf("limit_by_per_ip"),
  bytesOf("match"),
];

/** Whether a kind looks at the model that a request is for. */
export function isOfModel(by: LimitBy): bool {
  return by == LimitBy.Model || by == LimitBy.PerModel;
}

/** Whether a kind looks at one header. */
export function looksAtHeader(by: LimitBy): bool {
  return (
    by == LimitBy.Header || by == LimitBy.Consumer || by == LimitBy.PerHeader || by == LimitBy.PerConsumer
  );
}

/** The name of a kind in the configuration, which is also a part of its Redis keys and so never changes. */
export function nameOf(by: LimitBy): Bytes {
  return NAMES[by];
}
