import { decimalText } from "../bytes/decimal";
import { Path } from "./path";

/** How many errors, and how many warnings, are kept. Others are only counted. */
const MAX_PROBLEMS: i32 = 100;

/** The problems of a configuration. Reading does not stop at the first one, so that all are reported at once. */
@final
export class Problems {
  private readonly errorList: ProblemList = new ProblemList();
  private readonly warningList: ProblemList = new ProblemList();

  /** Adds a problem that makes the configuration unusable. `message` says what is expected, and never contains a secret. */
  error(path: Path, message: string): void {
    this.errorList.add(path, message);
  }

  /** Adds a problem with something that works, but probably not as intended. */
  warning(path: Path, message: string): void {
    this.warningList.add(path, message);
  }

  get hasErrors(): bool {
    return this.errorList.count > 0;
  }

  get errorCount(): i32 {
    return this.errorList.count;
  }

  /** Whether further warnings are only counted, so that their messages do not matter. */
  get hasEnoughWarnings(): bool {
    return this.warningList.count >= MAX_PROBLEMS;
  }

  /** A line "path: message" for each error, in the order found. If some were not kept, the last line says how many. */
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
