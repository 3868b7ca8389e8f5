import "../../../assembly/abi/abort";
import { Conversation } from "../../../assembly/usage/conversation";
import { seedPlaces } from "../../../assembly/estimate/places";
import { ReaderPool } from "../../../assembly/usage/reader-pool";
import { RequestMeter } from "../../../assembly/estimate/request-meter";
import { UsageScanner } from "../../../assembly/usage/scanner";

/** Lends one reader of a kind after the other. */
class Pool implements ReaderPool {
  lent: i32 = 0;
  private meters: RequestMeter[] = [];
  private scanners: UsageScanner[] = [];

  borrowMeter(): RequestMeter {
    this.lent++;
    const meter = this.meters.length > 0 ? this.meters.pop() : new RequestMeter();
    meter.begin();
    return meter;
  }

  returnMeter(meter: RequestMeter): void {
    this.lent--;
    this.meters.push(meter);
  }

  borrowScanner(type: usize, length: i32): UsageScanner {
    this.lent++;
    const scanner = this.scanners.length > 0 ? this.scanners.pop() : new UsageScanner();
    scanner.begin(type, length);
    return scanner;
  }

  returnScanner(scanner: UsageScanner): void {
    this.lent--;
    this.scanners.push(scanner);
  }
}

const pool = new Pool();
let conversation: Conversation | null = null;

/** A connection begins. */
export function open(): void {
  conversation = new Conversation(pool);
}

/** Feeds bytes in pieces of `size`, from memory that is overwritten after each call. @returns the reports in them */
export function feed(isClient: bool, bytes: ArrayBuffer, size: i32): string {
  const talk = conversation;
  if (talk === null) return "";
  seedPlaces(1);
  let reports = "";
  for (let from = 0; from < bytes.byteLength; from += size) {
    const length = min(size, bytes.byteLength - from);
    const piece = heap.alloc(length);
    memory.copy(piece, changetype<usize>(bytes) + from, length);
    if (isClient) {
      talk.fromClient(piece, length);
    } else {
      talk.fromServer(piece, length);
      while (talk.nextReport()) {
        const usage = talk.usage;
        reports += `${usage.input}+${usage.output} cached ${usage.cachedInput};`;
      }
    }
    memory.fill(piece, 0x22, length);
    heap.free(piece);
  }
  return reports;
}

export function input(): i64 {
  const talk = conversation;
  return talk === null ? 0 : talk.input;
}

export function output(): i64 {
  const talk = conversation;
  return talk === null ? 0 : talk.output;
}

/** Ends the connection. @returns how many readers are still lent */
export function close(): i32 {
  const talk = conversation;
  if (talk !== null) {
    talk.finish();
    talk.dispose();
  }
  conversation = null;
  return pool.lent;
}

/** What is not reported yet once no more bytes will come. */
export function finish(): void {
  const talk = conversation;
  if (talk !== null) talk.finish();
}

/** The size of the linear memory in pages. */
export function pages(): i32 {
  return memory.size();
}
