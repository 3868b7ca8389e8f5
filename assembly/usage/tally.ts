import { Report, Slot } from "./report";
import { Usage } from "./usage";

/** How a report relates to the earlier ones of the same response. */
export const enum Combine {
  None,
  /** Later counts replace earlier ones, field by field (final reports and running totals). */
  Merge,
  /** A later report replaces an earlier one as a whole (snapshots, which may decrease). */
  Replace,
  /** Each report belongs to one of several calls: they are added up. */
  Sum,
}

/** Turns the reports of one response into its usage. */
@final
@unmanaged
export class Tally {
  readonly usage: Usage = new Usage();
  /** Bytes of generated text in the JSON texts after the last one that reported usage: no report includes them. */
  lateBytes: i64 = 0;
  /** Whether the current JSON text has reported usage. */
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

  beginText(): void {
    this.reportedHere = false;
  }

  /** Notes `size` bytes of generated text. */
  generated(size: i32): void {
    if (!this.reportedHere) this.lateBytes += size;
  }

  /** Notes that a count had to be adjusted. */
  clamp(): void {
    this.usage.clamped = true;
  }

  commit(report: Report, combine: Combine): void {
    if (!report.hasConsumption) return;
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

/** Computes the usage from the counts of one report. `Slot` describes how they relate. */
function interpret(report: Report, usage: Usage): void {
  usage.reset();
  usage.reported = report.hasConsumption;

  const prompt = report.get(Slot.Prompt);
  const cacheRead = report.get(Slot.CacheRead);
  const cacheWrite = report.get(Slot.CacheWrite);
  const total = max(report.get(Slot.Total), report.get(Slot.TotalOfParts));
  let output = report.get(Slot.Output) + report.get(Slot.Thoughts);
  let input = prompt;
  if (prompt == 0) {
    input = report.get(Slot.Input);
    // Bedrock reports a total. If it equals input plus output, the input already includes the cache.
    if (total == 0 || total != input + output) input += cacheRead + cacheWrite;
  }
  input += report.get(Slot.InputBeside);
  if (!report.has(Slot.Prompt) && !report.has(Slot.Input) && !report.has(Slot.Output)) {
    input += report.get(Slot.BilledInput);
    output += report.get(Slot.BilledOutput);
  }

  // Tokens that only the total includes: the whole input of calls that generate nothing, the audio of Mistral, otherwise
  // output (the reasoning of xAI and of Gemini's OpenAI interface, the sentences of Baidu's deltas).
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

/** Computes the usage from the list of everything that the provider did for the answer: that list is what is billed. */
function interpretAll(report: Report, usage: Usage): void {
  usage.cachedInput = report.get(Slot.AllCacheRead);
  usage.cacheWrite = report.get(Slot.AllCacheWrite);
  usage.input = report.get(Slot.AllInput) + usage.cachedInput + usage.cacheWrite;
  usage.output = report.get(Slot.AllOutput);
}
