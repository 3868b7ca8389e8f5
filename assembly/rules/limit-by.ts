import { Bytes, bytesOf } from "../bytes/bytes";

/** What of a request a rule item looks at: one value per exact kind, a counter per value for the others. */
export const enum LimitBy {
  Header,
  Param,
  Consumer,
  Cookie,
  PerHeader,
  PerParam,
  PerConsumer,
  PerCookie,
  PerIp,
}

const NAMES: Bytes[] = [
  bytesOf("limit_by_header"),
  bytesOf("limit_by_param"),
  bytesOf("limit_by_consumer"),
  bytesOf("limit_by_cookie"),
  bytesOf("limit_by_per_header"),
  bytesOf("limit_by_per_param"),
  bytesOf("limit_by_per_consumer"),
  bytesOf("limit_by_per_cookie"),
  bytesOf("limit_by_per_ip"),
];

/** The field of that kind in the configuration, which is also a part of its Redis keys. */
export function nameOf(by: LimitBy): Bytes {
  return NAMES[by];
}
