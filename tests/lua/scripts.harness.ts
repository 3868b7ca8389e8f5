import "../../assembly/abi/abort";
import { CHARGE_SCRIPT, CHARGE_SHA1, CHECK_SCRIPT, CHECK_SHA1 } from "../../assembly/limiter/scripts";

export function checkScript(): string {
  return CHECK_SCRIPT;
}

export function checkSha1(): string {
  return CHECK_SHA1;
}

export function chargeScript(): string {
  return CHARGE_SCRIPT;
}

export function chargeSha1(): string {
  return CHARGE_SHA1;
}
