import "../../../assembly/abi/abort";
import { ByteBuilder } from "../../../assembly/bytes/builder";
import { appendDuration, appendTime } from "../../../assembly/bytes/time";

export function time(seconds: i64): string {
  const out = new ByteBuilder();
  appendTime(out, seconds);
  return String.UTF8.decode(out.toBytes());
}

export function duration(ms: i64): string {
  const out = new ByteBuilder();
  appendDuration(out, ms);
  return String.UTF8.decode(out.toBytes());
}
