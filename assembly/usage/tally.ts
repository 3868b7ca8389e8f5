import { Report, Slot } from "./report";
import { Usage } from "./usage";

/** How a report relates to the earlier ones of the same response. */
export const enum Combine {
  None,
  /** Later counts stand in for earlier ones, field by field (final reports and running totals). */
  Merge,
  /** A later report stands in for an earlier one as a whole (snapshots that may fall). */
  Replace,
  /** Each report is one of several calls: all add up. */
  Sum,
}

/** Turns the reports of one response into its usage. */
@final
@unmanaged
export class Tally {
  readonly usage: Usage = new Usage();
  /** Bytes of generated text in the JSON texts behind the last one that reported: what no report can tell of. */
  lateBytes: i64 = 0;
  /** Whether the JSON text that is read has reported. */
  private reportedHere: bool = false;
  private latest: Report = new Report();
  private summed: Usage = new Usage();
  private one: Usage = new Usage();

  dispose(): void {
    heap.free(changetype<usize>(this.usage));
    this.latest.dispose();
    heap.free(changetype<usize>(this.summed));
    heap.free(changetype<usize>(this.one));
    heap.free(changetype<usize>(this));
  }

  begin(): void {
    this.usage.reset();
    this.latest.clear();
    this.summed.reset();
    this.lateBytes = 0;
    this.reportedHere = false;
  }

  /** Another JSON text begins. */
  beginText(): void {
    this.reportedHere = false;
  }

  /** Bytes of text have been generated. */
  generated(size: i32): void {
    if (!this.reportedHere) this.lateBytes += size;
  }

  /** A count had to be put in range. */
  clamp(): void {
    this.usage.clamped = true;
  }

  commit(report: Report, combine: Combine): void {
    if (!report.tells) return;
    this.reportedHere = true;
    this.lateBytes = 0;
    if (combine == Combine.Sum) {
      interpret(report, this.one);
      this.summed.add(this.one);
    } else {
      if (combine == Combine.Replace) this.latest.clear();
      this.latest.merge(report);
    }
    const clamped = this.usage.clamped;
    interpret(this.latest, this.usage);
    this.usage.add(this.summed);
    this.usage.clamped = clamped;
  }
}

/** What the counts of one report come to: the arithmetic between them is in the descriptions of `Slot`. */
function interpret(report: Report, usage: Usage): void {
  usage.reset();
  usage.reported = report.tells;

  const prompt = report.get(Slot.Prompt);
  const cacheRead = report.get(Slot.CacheRead);
  const cacheWrite = report.get(Slot.CacheWrite);
  const total = max(report.get(Slot.Total), report.get(Slot.TotalOfParts));
  let output = report.get(Slot.Output) + report.get(Slot.Thoughts);
  let input = prompt;
  if (prompt == 0) {
    input = report.get(Slot.Input);
    // Bedrock gives a total: if that has no room for the cache, the cache is in the input already.
    if (total == 0 || total != input + output) input += cacheRead + cacheWrite;
  }
  input += report.get(Slot.InputBeside);
  if (!report.has(Slot.Prompt) && !report.has(Slot.Input) && !report.has(Slot.Output)) {
    input += report.get(Slot.BilledInput);
    output += report.get(Slot.BilledOutput);
  }

  // What only the total knows of: the whole input of calls that generate nothing, the audio of Mistral, else output
  // (the reasoning of xAI and of Gemini's OpenAI interface, the sentences of Baidu's deltas).
  const hidden = total - input - output;
  if (hidden > 0) {
    if (input + output == 0 || report.get(Slot.Audio) >= hidden) input += hidden;
    else output += hidden;
  }

  usage.input = input;
  usage.output = output;
  usage.cachedInput = max(report.get(Slot.Cached), cacheRead);
  usage.cacheWrite = max(report.get(Slot.CacheWritten), cacheWrite);
  usage.reasoning = report.get(Slot.Reasoning) + report.get(Slot.Thoughts);
  if (report.has(Slot.AllInput) || report.has(Slot.AllOutput)) interpretAll(report, usage);
  usage.limit();
}

/** What all that the provider did for the answer comes to, where the report lists it: that is what is billed. */
function interpretAll(report: Report, usage: Usage): void {
  usage.cachedInput = report.get(Slot.AllCacheRead);
  usage.cacheWrite = report.get(Slot.AllCacheWrite);
  usage.input = report.get(Slot.AllInput) + usage.cachedInput + usage.cacheWrite;
  usage.output = report.get(Slot.AllOutput);
}
