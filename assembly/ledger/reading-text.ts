import { ByteBuilder } from "../bytes/builder";
import { Demand } from "./demand";

/** Appends what was read for a row, as members of a JSON object, all in the unit of the row. */
export function appendReading(out: ByteBuilder, demand: Demand, row: i32): void {
  out
    .text(',"limit":')
    .decimal(demand.capacity(row))
    .text(',"used":')
    .decimal(max(demand.used(row), 0));
  out.text(',"held":').decimal(demand.held(row)).text(',"remaining":').decimal(demand.remaining(row));
  out.text(',"reset_seconds":').decimal(resetSeconds(demand, row));
}

/** Whole seconds until a window ends, rounded up; 0 if it has not begun, because nothing has been used. */
function resetSeconds(demand: Demand, row: i32): i64 {
  if (demand.leftMs(row) < 0 && demand.used(row) <= 0) return 0;
  return max((demand.resetMs(row) + 999) / 1000, 1);
}
