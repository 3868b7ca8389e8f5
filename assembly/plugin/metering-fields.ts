import { Fields } from "../config/fields";
import { JsonType } from "../json/values";
import { Metering } from "../metering/meter";
import { MAX_WEIGHT, TokenWeights, WEIGHT_SCALE } from "../usage/weights";

/** The fields with which every plugin configures how calls are metered. */
export const METERING_FIELDS: string[] = [
  "token_weights",
  "missing_usage",
  "strip_accept_encoding",
  "upgrade",
  "reservation",
  "hold_headers",
  "debug",
  "decision_log",
];
const WEIGHT_FIELDS: string[] = ["input", "cached_input", "cache_write", "output", "reasoning"];

/** Reads `token_weights` and `missing_usage`. */
export function readMetering(fields: Fields): Metering {
  const weights = readWeights(fields);
  return new Metering(weights, fields.choice("missing_usage", ["estimate", "ignore"]) == 0);
}

/** Reads `strip_accept_encoding`: whether it is removed from requests, so that responses can be read. */
export function readStripAcceptEncoding(fields: Fields): bool {
  return fields.flag("strip_accept_encoding", true);
}

/** Reads `upgrade`: whether requests may become WebSockets and the like, which are then counted. */
export function readUpgrade(fields: Fields): bool {
  return fields.choice("upgrade", ["count", "refuse"]) == 0;
}

/** Reads `hold_headers`: whether stock Envoy is configured to hold headers while a body is read. */
export function readHoldHeaders(fields: Fields): bool {
  return fields.flag("hold_headers", false);
}

/** `token_weights`: decimals, with the default 1. */
function readWeights(fields: Fields): TokenWeights {
  const value = fields.get("token_weights");
  if (value === null || value.type == JsonType.Null) return TokenWeights.all();
  const block = Fields.of(value, fields.at("token_weights"), fields.problems);
  if (block === null) return TokenWeights.all();
  block.warnOfOthers(WEIGHT_FIELDS);
  return new TokenWeights(
    block.tenThousandths("input", WEIGHT_SCALE, MAX_WEIGHT),
    block.tenThousandths("cached_input", WEIGHT_SCALE, MAX_WEIGHT),
    block.tenThousandths("cache_write", WEIGHT_SCALE, MAX_WEIGHT),
    block.tenThousandths("output", WEIGHT_SCALE, MAX_WEIGHT),
    block.tenThousandths("reasoning", WEIGHT_SCALE, MAX_WEIGHT),
  );
}
