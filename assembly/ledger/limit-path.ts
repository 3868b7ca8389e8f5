import { ByteBuilder } from "../bytes/builder";
import { Demand } from "./demand";

/** Appends where the configuration has the limit of a row: `global_threshold`, or `rule_items[0].limit_keys[0]`. */
export function appendLimitPath(out: ByteBuilder, demand: Demand, row: i32): void {
  const item = demand.item(row);
  const key = demand.limitKey(row);
  if (item < 0) out.text("global_threshold");
  else out.text("rule_items[").decimal(item).text("]");
  if (key >= 0) out.text(".limit_keys[").decimal(key).text("]");
}
