import { COMMA, QUOTE, RIGHT_BRACE } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, copyOf } from "../bytes/bytes";
import { HmacSha256 } from "../bytes/sha256";
import { callerText } from "../ledger/caller-text";
import { appendUnit, kindName } from "../ledger/counter-kind";
import { Demand } from "../ledger/demand";
import { appendLimitPath } from "../ledger/limit-path";
import { appendReading } from "../ledger/reading-text";
import { Consumption } from "../usage/consumption";

/** The longest record, in bytes. */
const MAX_RECORD: i32 = 4096;
/** A record that is longer gets no further window, so that there is room for what follows. */
const MAX_WINDOWS_END: i32 = 3328;
/** How many digits of a keyed hash stand for a caller. */
const CALLER_DIGITS: i32 = 16;

/**
 * What became of one call, and why: a JSON object on one line, 4 KB at most, without any value of a caller. It is begun when the call
 * is decided, and completed when the call has ended; `line` may be read after each.
 */
@final
export class DecisionRecord {
  /** The object without its last brace. Add members with `name` and what follows it. */
  private readonly json: ByteBuilder = new ByteBuilder(512, MAX_RECORD);

  /** @param outcome plain ASCII, such as `allowed` */
  begin(outcome: string): void {
    this.json.clear();
    this.json.text('{"outcome":"').text(outcome).byte(QUOTE);
  }

  /** Appends the name of a member, and returns where its value belongs. */
  name(name: string): ByteBuilder {
    return this.json.text(',"').text(name).text('":');
  }

  /** The caller, by a keyed hash of the name of its first counter, and what was read of each counter. */
  counters(demand: Demand, hash: HmacSha256): void {
    const name = copyOf(demand.key(0), demand.keySize(0));
    this.name("caller")
      .byte(QUOTE)
      .at(addressOf(callerText(name, hash)), CALLER_DIGITS)
      .byte(QUOTE);
    const json = this.name("windows");
    json.text("[");
    for (let i = 0; i < demand.length && json.length < MAX_WINDOWS_END; ++i) {
      if (i > 0) json.byte(COMMA);
      json.text('{"rule":"');
      appendLimitPath(json, demand, i);
      json.text('","kind":"').text(kindName(demand.kind(i)));
      json.text('","seconds":').decimal(demand.windowSeconds(i)).text(',"unit":"');
      appendUnit(json, demand.kind(i));
      json.byte(QUOTE);
      appendReading(json, demand, i);
      json.byte(RIGHT_BRACE);
    }
    json.text("]");
  }

  /** What the call has consumed, and what was charged for it. */
  end(consumed: Consumption, charged: i64): void {
    this.name("actual").text('{"input":').decimal(consumed.input);
    this.name("cached_input").decimal(consumed.cachedInput);
    this.name("cache_write").decimal(consumed.cacheWrite);
    this.name("output").decimal(consumed.output);
    this.name("reasoning").decimal(consumed.reasoning).byte(RIGHT_BRACE);
    this.name("charged").decimal(charged);
  }

  /** Appends the record as it is now to a line. */
  appendTo(line: ByteBuilder): void {
    line.at(this.json.ptr, this.json.length).byte(RIGHT_BRACE);
  }
}
