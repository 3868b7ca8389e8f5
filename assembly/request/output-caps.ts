import { JsonReader } from "../json/reader";
import { Strings, Token } from "../json/tokens";
import { Api } from "./api";
import { isBudget, isCap, isCount, isPrompts, isSettings, isThinking, Name, nameOf } from "./cap-names";
import { CapPlace, Limits, PlaceKind } from "./cap-places";
import { CapPlan } from "./cap-plan";
import { isNegative, isReadable, MAX_TEXT, wholeNumber } from "./cap-text";
import { OutputCount } from "./output-count";

/** The byte order mark of UTF-8, lowest byte first, and its size. Python accepts one. */
const MARK: u32 = 0xbfbbef;
const MARK_SIZE: u32 = 3;

/**
 * Reads from the body of a request, while that passes, how much output the caller allows: caps, the number of outputs, and
 * budgets for reasoning. `cap-writer.ts` then lowers the caps that were found here.
 *
 * Only the members at the top and in objects with settings are read; everything else is skipped as fast as the reader can, and
 * not checked. So some bodies pass for JSON that are not. Servers refuse those, or read them in the same way, as Python reads
 * NaN.
 *
 * Call `begin`, then `feed` with each piece, which may be cut anywhere, then `finish`. The results are valid from then on, until
 * the next `begin`.
 *
 * One object serves one request after the other. Memory: about 1.5 KB for any body. Nothing is allocated for a body, and no
 * bytes make it trap. `dispose` frees it.
 */
@final
export class OutputCaps extends CapPlan {
  private reader: JsonReader = new JsonReader(MAX_TEXT);
  private outputs: OutputCount = new OutputCount();
  /** Whether the body is no JSON object. */
  private failed: bool = false;
  /** How many bytes of a byte order mark have been seen; its size as soon as there is none. */
  private marked: u32 = 0;
  /** Where the JSON begins. */
  private base: i64 = 0;
  /** The member whose value follows, and whether the API surely reads it. */
  private name: Name = Name.Other;
  private isObeyed: bool = false;
  /** The object with settings that is open; `Name.Other` if none is. */
  private scope: Name = Name.Other;
  private inThinking: bool = false;
  /** Whether the body lists calls that the server may make instead, which have caps of their own. */
  hasFallbacks: bool = false;
  /** For the top level and the open object with settings: the offset after its brace, and whether it has members. */
  private rootStart: i64 = 0;
  private rootHasMembers: bool = false;
  private settingsStart: i64 = 0;
  private settingsHaveMembers: bool = false;
  /** How many places there were before the open object with settings. */
  private placesBefore: i32 = 0;

  /** Frees the memory; the object must not be used after that. */
  dispose(): void {
    this.reader.dispose();
    this.places.dispose();
  }

  /** Starts a new request. */
  begin(api: Api): void {
    this.reset(api);
    // The reader must not continue in what is left of an earlier body.
    this.reader.feed(0, 0);
    this.reader.begin();
    this.outputs.begin();
    this.failed = false;
    this.marked = 0;
    this.base = 0;
    this.name = Name.Other;
    this.scope = Name.Other;
    this.inThinking = this.hasFallbacks = false;
    this.rootHasMembers = false;
  }

  /** Reads the next `len` bytes of the body, at `ptr`, which are borrowed for the call. */
  feed(ptr: usize, len: i32): void {
    if (len <= 0) return;
    this.size += len;
    const end = ptr + len;
    let at = ptr;
    while (this.marked < MARK_SIZE && at < end) {
      if (load<u8>(at) != <u8>(MARK >> (this.marked << 3))) {
        this.failed = this.marked > 0;
        this.marked = MARK_SIZE;
        break;
      }
      ++at;
      ++this.marked;
      ++this.base;
    }
    if (this.failed) return;
    this.reader.feed(at, <i32>(end - at));
    this.read();
  }

  /** The body has ended. */
  finish(): void {
    this.reader.finish();
    this.read();
    if (this.isJson) this.conclude();
    else this.places.clear();
  }

  /** How many outputs there are at most: alternatives for each prompt, times prompts; at least 1. Saturates. */
  get multiplier(): i64 {
    return this.outputs.total;
  }

  private read(): void {
    while (!this.failed) {
      const token = this.reader.next();
      if (token > Token.Malformed) {
        this.take(token);
        continue;
      }
      this.failed = token == Token.Malformed;
      this.isJson = token == Token.End;
      return;
    }
  }

  private take(token: Token): void {
    const depth = this.reader.depth;
    switch (token) {
      case Token.Key:
        return this.key();
      case Token.ObjectEnd:
        return this.close();
      case Token.ArrayEnd:
        // All others are skipped.
        return this.outputs.closePrompts();
      case Token.ObjectStart:
        if (depth == 1) this.rootStart = this.here;
        else if (this.outputs.inPrompts || !this.open()) this.skip(token);
        return;
      case Token.ArrayStart:
        if (depth == 1) this.failed = true;
        else if (this.outputs.inPrompts || !this.openPrompts()) this.skip(token);
        return;
      default:
        if (depth == 0) this.failed = true;
        else if (this.outputs.inPrompts) this.prompt(token);
        else this.value(token);
    }
  }

  /** The offset in the body after the last token. */
  private get here(): i64 {
    return this.base + this.reader.offset;
  }

  /** The offset in the body of the value that begins or ends with the last token. */
  private get valueStart(): i64 {
    return this.base + this.reader.valueStart;
  }

  private key(): void {
    const reader = this.reader;
    const text = reader.text;
    this.name = isReadable(text) ? nameOf(text.ptr, text.length) : Name.Other;
    if (reader.depth == 1) this.rootHasMembers = true;
    else if (!this.inThinking) this.settingsHaveMembers = true;
    if (!this.isWanted) return reader.pass();
    this.isObeyed = this.isObeyedName(text.ptr, text.length);
    const isScalar = this.name <= Name.CandidateCount || isBudget(this.name) || this.name == Name.Model;
    reader.strings = isScalar ? Strings.Keep : Strings.Drop;
  }

  /** Whether the value of the current member matters. */
  private get isWanted(): bool {
    const name = this.name;
    if (this.inThinking) return isBudget(name);
    if (this.scope == Name.Other) return name != Name.Other;
    return isCap(name) || isCount(name) || isThinking(name) || name == Name.ThinkingBudget;
  }

  /** Whether the current member, called by the `len` bytes at `ptr`, surely means to the API what it means here. */
  private isObeyedName(ptr: usize, len: i32): bool {
    const rule = this.rule;
    if (rule === null || this.inThinking) return false;
    if (isCap(this.name)) return this.scope == rule.scope && rule.obeys(ptr, len);
    const settings = rule.settings;
    return settings !== null && settings.is(ptr, len);
  }

  /** Goes into the object that has begun, if it matters. */
  private open(): bool {
    const name = this.name;
    if (!this.inThinking && isThinking(name)) {
      this.inThinking = true;
      return true;
    }
    if (!isSettings(name)) return false;
    this.scope = name;
    this.settingsStart = this.here;
    this.settingsHaveMembers = false;
    this.placesBefore = this.places.count;
    const rule = this.rule;
    if (rule !== null && rule.scope == name) this.openSettings(this.isObeyed);
    return true;
  }

  private close(): void {
    if (this.inThinking) {
      this.inThinking = false;
      return;
    }
    const scope = this.scope;
    this.scope = Name.Other;
    const rule = this.rule;
    if (rule === null) return;
    if (scope == Name.Other) this.closeRoot(rule, this.rootStart, this.rootHasMembers);
    else if (scope == rule.scope)
      this.closeSettings(rule, this.settingsStart, this.settingsHaveMembers, this.placesBefore);
  }

  /** Skips the container that has begun. */
  private skip(token: Token): void {
    this.reader.skip();
    if (this.outputs.inPrompts) this.outputs.addPrompt();
    else this.value(token);
  }

  /** Goes into the list that has begun, if it has prompts. */
  private openPrompts(): bool {
    if (this.inThinking || this.scope != Name.Other || !isPrompts(this.name)) return false;
    this.outputs.openPrompts(this.name);
    return true;
  }

  /** A scalar in a list of prompts. A list that begins with a number is one prompt, in tokens. */
  private prompt(token: Token): void {
    this.outputs.addPrompt();
    if (token != Token.Number) return;
    this.reader.skip();
    this.outputs.closePrompts();
  }

  /** A scalar has been read, or a container is being skipped, as the value of the current member. */
  private value(token: Token): void {
    const name = this.name;
    if (this.inThinking) this.budget(token, Limits.Thinking);
    else if (isCap(name)) this.addCap(this.place(token));
    else if (isCount(name)) this.count(token);
    else if (name == Name.ThinkingBudget) this.budget(token, Limits.SeparateThinking);
    else if (isSettings(name)) this.noSettings(token);
    else if (isPrompts(name)) this.outputs.addPrompts(name, 1);
    else if (name == Name.Model) this.addModel(token == Token.String ? this.reader.text : null);
    else if (name == Name.Fallbacks && token == Token.ArrayStart) this.hasFallbacks = true;
  }

  /** A budget that is no number, such as null, is none. Gemini's -1 lets the model choose, within the cap. */
  private budget(token: Token, limits: Limits): void {
    if (token != Token.Number && token != Token.String) return;
    const isPart = limits == Limits.Thinking;
    if (isPart && token == Token.Number && isNegative(this.reader.text)) return;
    const place = this.place(token);
    place.limits = limits;
    if (isPart) this.addBudget(place);
  }

  private count(token: Token): void {
    if (token != Token.Number && token != Token.String) return;
    const text = this.reader.text;
    if (isReadable(text)) this.outputs.addAlternatives(text.ptr, text.length);
    else this.outputs.addManyAlternatives();
  }

  /** The value of a member that should be an object with settings is none. */
  private noSettings(token: Token): void {
    const rule = this.rule;
    if (rule === null || rule.scope != this.name) return;
    const start = this.valueStart;
    this.replaceSettings(rule, start, this.here - start, this.isObeyed);
    if (token == Token.ArrayStart) this.places.incomplete = true;
  }

  /** Keeps the place of a value. */
  private place(token: Token): CapPlace {
    const number: i64 = token == Token.Number ? wholeNumber(this.reader.text) : -1;
    let kind = token == Token.Null ? PlaceKind.Null : PlaceKind.Unclear;
    if (number >= 0) kind = PlaceKind.Integer;
    const start = this.valueStart;
    const place = this.places.add(start, kind);
    place.length = <i32>min<i64>(this.here - start, i32.MAX_VALUE);
    place.value = max(number, 0);
    place.name = this.name;
    place.scope = this.scope;
    place.isObeyed = this.isObeyed;
    // No server takes a container for a number, and its end is not known.
    if (token == Token.ObjectStart || token == Token.ArrayStart) this.places.incomplete = true;
    return place;
  }
}
