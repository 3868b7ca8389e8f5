import { hashOf } from "../bytes/table";
import { JsonText } from "../json/text";
import { Api } from "./api";
import { Name } from "./cap-names";
import { CapPlace, CapPlaces, Limits, PlaceKind } from "./cap-places";
import { CapRule, capRuleOf, Spelling } from "./cap-rules";
import { isReadable } from "./cap-text";
import { Family, familyOf } from "./model-family";

/** The smallest budget for reasoning that Anthropic takes: docs.claude.com/en/docs/build-with-claude/extended-thinking */
const LEAST_BUDGET: i64 = 1024;
/** Models are told apart by a hash of so many bits. */
const MODEL_BITS = 3;

/**
 * What a body says about the size of the output, and what has to be overwritten to lower it: the half of `OutputCaps` that does
 * not read.
 *
 * What the caller says may only count if the server surely obeys it, because the caller pays for no more than that. So a cap
 * has to be where its API looks for it, and nothing that some server might prefer may contradict it: a repeated member, the
 * same name spelt differently, a number in quotes, or a second object with settings. Such bodies have no stated cap, like
 * those that say nothing. They can still be clamped, because all these places are kept.
 */
export class CapPlan {
  /** Whether the body is a JSON object, and nothing follows it. If it is not, no cap is stated. */
  isJson: bool = false;
  /** How many bytes the body has. */
  size: i64 = 0;
  /**
   * The largest number of tokens that one output may have, including all reasoning; -1 if the body does not limit it.
   * 0 is valid: Anthropic then only fills its cache.
   */
  statedCap: i64 = -1;
  /**
   * The same if some server may ignore all caps of the caller, but each can be read, so that the body says what the caller
   * wants; -1 if it does not.
   */
  wantedCap: i64 = -1;
  /** The same without separate reasoning; the largest number if that is unclear. */
  outputCap: i64 = i64.MAX_VALUE;
  /** The budget for reasoning that no cap includes (Qwen), in tokens; the largest number if that is unclear. */
  separateThinking: i64 = 0;
  /** The largest budget for reasoning that the cap includes, in tokens; -1 if there is none. */
  thinkingBudget: i64 = -1;
  /** The smallest cap that can be written in tokens. Servers would refuse a smaller one. */
  leastCap: i64 = 1;
  /** Which model is asked for: a number from 0 to 7, which models may share. 0 if the body names none. */
  model: u32 = 0;
  /** Where caps stand, and where one has to be added, in the order of the body. */
  readonly places: CapPlaces = new CapPlaces();
  /** What the caps of the API are; null if that is not known. */
  rule: CapRule | null = null;
  /** The cap that is added where there is none. */
  added: Spelling | null = null;

  /** The family of the model; of several, the one that knows least. */
  private family: Family = Family.Unnamed;
  /** Whether the object in which the API looks for caps has the one that it obeys, or the newer one. */
  private isCapped: bool = false;
  private isNewerCapped: bool = false;
  /** Whether there is that object, if it is not the top level. */
  private hasSettings: bool = false;
  /** Whether some server may ignore all caps, so that one is added. */
  private isOpen: bool = false;

  /**
   * Whether caps can be written so that they limit the output. False for bodies that are not JSON, that have more places than
   * an honest client makes, or lists where numbers belong, and for unknown APIs if there is no cap.
   */
  get canWrite(): bool {
    if (!this.isJson || this.places.incomplete) return false;
    if (this.rule !== null) return true;
    for (let i = 0; i < this.places.count; ++i) {
      const place = this.places.at(i);
      if (place.limits == Limits.Output && place.kind <= PlaceKind.Unclear) return true;
    }
    return false;
  }

  protected reset(api: Api): void {
    this.rule = capRuleOf(api);
    this.isJson = false;
    this.size = 0;
    this.statedCap = this.wantedCap = -1;
    this.outputCap = i64.MAX_VALUE;
    this.separateThinking = 0;
    this.thinkingBudget = -1;
    this.leastCap = 1;
    this.model = 0;
    this.places.clear();
    this.added = null;
    this.family = Family.Unnamed;
    this.isCapped = this.isNewerCapped = false;
    this.hasSettings = false;
    this.isOpen = false;
  }

  /** A cap has been read. */
  protected addCap(place: CapPlace): void {
    // llama.cpp prefers this to all others, even if it is null.
    if (place.name == Name.NPredict && place.kind == PlaceKind.Null) place.kind = PlaceKind.Unclear;
    const rule = this.rule;
    if (place.kind == PlaceKind.Integer && place.value == 0 && (rule === null || rule.least > 0))
      place.kind = PlaceKind.Unclear;
    if (!place.isObeyed || place.kind == PlaceKind.Null || rule === null) return;
    if (place.name == rule.cap.name) this.isCapped = true;
    else this.isNewerCapped = true;
  }

  /** The name of a model has been read; null if it is none. */
  protected addModel(name: JsonText | null): void {
    if (name !== null) this.model = hashOf(name.ptr, name.length) >> (32 - MODEL_BITS);
    const family = name !== null && isReadable(name) ? familyOf(name.ptr, name.length) : Family.Other;
    this.family = min(this.family, family);
  }

  /** A budget for reasoning has been read, which the cap includes. */
  protected addBudget(place: CapPlace): void {
    this.thinkingBudget = max(this.thinkingBudget, place.value);
    if (place.name == Name.BudgetTokens) this.leastCap = LEAST_BUDGET + 1;
  }

  /** An object begins in which the API looks for caps. @param isObeyed whether it is surely that object */
  protected openSettings(isObeyed: bool): void {
    this.isCapped = this.isNewerCapped = false;
    if (isObeyed) this.hasSettings = true;
  }

  /** The same member has another value, at `start`, `length` bytes long. So there is no cap in it. */
  protected replaceSettings(rule: CapRule, start: i64, length: i64, isObeyed: bool): void {
    if (isObeyed) this.hasSettings = true;
    this.add(rule, start, PlaceKind.Value).length = <i32>min<i64>(length, i32.MAX_VALUE);
  }

  /**
   * An object ends in which the API looks for caps, so it must have one.
   * @param start the offset after its brace
   * @param hasMembers whether it is not empty
   * @param firstPlace how many places there were before it
   */
  protected closeSettings(rule: CapRule, start: i64, hasMembers: bool, firstPlace: i32): void {
    if (this.isCapped || (this.isNewerCapped && this.family != Family.Other)) return;
    const name = this.capToAdd(rule).name;
    let found = false;
    for (let i = firstPlace; i < this.places.count; ++i) {
      const place = this.places.at(i);
      if (place.kind != PlaceKind.Null || place.name != name || place.scope != rule.scope) continue;
      place.kind = PlaceKind.Unclear;
      if (place.isObeyed) found = true;
    }
    if (!found) this.add(rule, start, PlaceKind.Member).hasMembers = hasMembers;
  }

  /** The top level ends. @param start the offset after its brace @param hasMembers whether it is not empty */
  protected closeRoot(rule: CapRule, start: i64, hasMembers: bool): void {
    if (rule.settings === null) this.closeSettings(rule, start, hasMembers, 0);
    else if (!this.hasSettings) this.add(rule, start, PlaceKind.Settings).hasMembers = hasMembers;
  }

  /** The body has ended. */
  protected conclude(): void {
    let output: i64 = -1;
    let isUnclear = this.places.incomplete;
    for (let i = 0; i < this.places.count; ++i) {
      const place = this.places.at(i);
      if (place.kind == PlaceKind.Null && this.isRepeated(place)) place.kind = PlaceKind.Unclear;
      if (place.limits == Limits.Thinking || place.kind > PlaceKind.Unclear) continue;
      const isNumber = place.kind == PlaceKind.Integer;
      const limit = isNumber ? place.value : i64.MAX_VALUE;
      if (!isNumber) isUnclear = true;
      if (place.limits == Limits.Output) output = max(output, limit);
      else this.separateThinking = max(this.separateThinking, limit);
    }
    const rule = this.rule;
    if (rule !== null) this.leastCap = max(this.leastCap, rule.least);
    if (output < 0 || isUnclear) return;
    const thinking = this.separateThinking;
    this.wantedCap = output > i64.MAX_VALUE - thinking ? i64.MAX_VALUE : output + thinking;
    if (this.isOpen) return;
    this.outputCap = output;
    this.statedCap = this.wantedCap;
  }

  /** Adds a place for a cap where there is none. */
  private add(rule: CapRule, offset: i64, kind: PlaceKind): CapPlace {
    this.added = this.capToAdd(rule);
    this.isOpen = true;
    return this.places.add(offset, kind);
  }

  private capToAdd(rule: CapRule): Spelling {
    const newer = rule.newer;
    return newer !== null && this.family == Family.Newer ? newer : rule.cap;
  }

  /** Whether the same member stands elsewhere with a value, which some readers take instead. */
  private isRepeated(place: CapPlace): bool {
    for (let i = 0; i < this.places.count; ++i) {
      const other = this.places.at(i);
      const isSame = other.name == place.name && other.scope == place.scope;
      if (isSame && other.kind <= PlaceKind.Unclear && other.limits == Limits.Output) return true;
    }
    return false;
  }
}
