import "../../assembly/abi/abort";
import { bytesOf } from "../../assembly/bytes/bytes";
import { sha1Hex } from "../../assembly/bytes/sha1";
import {
  chargeScript as writeChargeScript,
  checkScript as writeCheckScript,
} from "../../assembly/ledger/scripts";

export function checkScript(counters: i32): string {
  return writeCheckScript(counters);
}

export function chargeScript(counters: i32): string {
  return writeChargeScript(counters);
}

export function sha1(text: string): string {
  return String.UTF8.decode(sha1Hex(bytesOf(text)));
}
