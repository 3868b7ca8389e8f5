import "../../assembly/abi/abort";
import { Bytes, copyOf } from "../../assembly/bytes/bytes";
import { Problems } from "../../assembly/config/problems";
import { RateLimitConfigReader } from "../../assembly/filters/token-ratelimit/config";
import { HeaderList, HeaderReader, HttpSource } from "../../assembly/request/header-facts";
import { HttpFacts } from "../../assembly/request/http-facts";
import { firstMatch } from "../../assembly/rules/matcher";
import { Questions } from "../../assembly/rules/questions";
import { RuleItem } from "../../assembly/rules/rule-item";

/** A request whose every header has the same value. */
@final
class OneValue implements HttpSource {
  value: Bytes | null = null;

  header(_name: Bytes): Bytes | null {
    return this.value;
  }

  headers(_reader: HeaderReader): HeaderList {
    return HeaderList.Unavailable;
  }

  property(_path: Bytes): Bytes | null {
    return null;
  }
}

let items: RuleItem[] = [];
let questions = new Questions();
let values: Bytes[] = [];
let next: i32 = 0;
const request = new OneValue();
/** One for all requests, as in the filter. */
const facts = new HttpFacts(request);

export function allocate(size: usize): usize {
  return heap.alloc(size);
}

/** Takes the `len` bytes at `ptr` as the configuration; whether it was accepted. */
export function configure(ptr: usize, len: i32): bool {
  const config = new RateLimitConfigReader().parse(copyOf(ptr, len), new Problems(), true);
  heap.free(ptr);
  values = [];
  items = [];
  if (config === null) return false;
  const limits = config.global;
  if (limits !== null) {
    items = limits.items;
    questions = limits.questions;
  }
  return items.length > 0;
}

/** Adds a value to those that requests have in turns. */
export function addValue(ptr: usize, len: i32): void {
  values.push(copyOf(ptr, len));
  heap.free(ptr);
}

/** Matches `times` requests; how many of them a rule applies to. */
export function match(times: i32): i32 {
  let found = 0;
  for (let i = 0; i < times; ++i) {
    request.value = values[next];
    if (++next >= values.length) next = 0;
    facts.begin(questions);
    if (firstMatch(items, facts) !== null) ++found;
  }
  return found;
}

/** To be called when no other function runs: frees what they left behind. */
export function collect(): void {
  __collect();
}
