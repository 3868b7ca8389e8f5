import { NO_COUNT, parseCount } from "../usage/count";
import { Name } from "./cap-names";

/** How many outputs a request asks for. */
@final
export class OutputCount {
  /** Whether a list of prompts is open. */
  inPrompts: bool = false;
  /** Its name, and how many have been read. */
  private name: Name = Name.Prompt;
  private elements: i64 = 0;
  private alternatives: i64 = 1;
  private prompts: i64 = 0;
  private embeds: i64 = 0;

  /** Starts a new request. */
  begin(): void {
    this.inPrompts = false;
    this.alternatives = 1;
    this.prompts = 0;
    this.embeds = 0;
  }

  /** A number of alternatives, in the `len` bytes at `ptr`. What may be read as a larger number counts as that. */
  addAlternatives(ptr: usize, len: i32): void {
    const count = parseCount(ptr, len);
    this.alternatives = max(this.alternatives, count == NO_COUNT ? i64.MAX_VALUE : count);
  }

  /** A number of alternatives that cannot be read. */
  addManyAlternatives(): void {
    this.alternatives = i64.MAX_VALUE;
  }

  openPrompts(name: Name): void {
    this.inPrompts = true;
    this.name = name;
    this.elements = 0;
  }

  /** The open list has another prompt. */
  addPrompt(): void {
    ++this.elements;
  }

  closePrompts(): void {
    this.inPrompts = false;
    this.addPrompts(this.name, this.elements);
  }

  /** A member with `count` prompts, which replaces an earlier one of its name. */
  addPrompts(name: Name, count: i64): void {
    if (name == Name.Prompt) this.prompts = max(this.prompts, count);
    else this.embeds = max(this.embeds, count);
  }

  /** Alternatives times prompts, at least 1. Saturates. */
  get total(): i64 {
    const prompts = max(this.prompts + this.embeds, 1);
    return this.alternatives > i64.MAX_VALUE / prompts ? i64.MAX_VALUE : this.alternatives * prompts;
  }
}
