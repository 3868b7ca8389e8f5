import { decimalText } from "../bytes/decimal";
import { Path } from "./path";

/** How many errors, and how many warnings, are kept; the others are only counted. */
const MAX_PROBLEMS: i32 = 100;

/** What is wrong with a configuration. Nothing stops at the first problem, so that one look finds all of them. */
@final
export class Problems {
  private readonly errorList: ProblemList = new ProblemList();
  private readonly warningList: ProblemList = new ProblemList();

  /** Something that makes the configuration unusable. `message` says what is expected, and never holds a secret. */
  error(path: Path, message: string): void {
    this.errorList.add(path, message);
  }

  /** Something that works, but hardly as it was meant. */
  warning(path: Path, message: string): void {
    this.warningList.add(path, message);
  }

  get hasErrors(): bool {
    return this.errorList.count > 0;
  }

  get errorCount(): i32 {
    return this.errorList.count;
  }

  /** Whether further warnings are only counted, so that nobody need think about their words. */
  get hasEnoughWarnings(): bool {
    return this.warningList.count >= MAX_PROBLEMS;
  }

  /** One line per error, "path: message", in the order found; the last says how many more there are, if any. */
  get errors(): string[] {
    return this.errorList.lines();
  }

  /** The same for warnings. */
  get warnings(): string[] {
    return this.warningList.lines();
  }
}


@final
class ProblemList {
  count: i32 = 0;
  private readonly kept: string[] = [];

  add(path: Path, message: string): void {
    if (this.count++ >= MAX_PROBLEMS) return;
    this.kept.push(`${path}: ${message}`);
  }

  lines(): string[] {
    const lines = this.kept.slice();
    if (this.count > MAX_PROBLEMS) lines.push(`… and ${decimalText(this.count - MAX_PROBLEMS)} more`);
    return lines;
  }
}
