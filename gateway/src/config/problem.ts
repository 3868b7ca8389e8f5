/** A way into a document: names of fields and positions in lists. */
export type Path = readonly (string | number)[];

/** What is wrong or doubtful at some place of a document. */
export interface Problem {
  readonly severity: "error" | "warning";
  readonly path: Path;
  readonly message: string;
  /** Whether it is about the name of the field at `path`, not about its value. */
  readonly isAboutName?: boolean;
}

/** `spec.matchRules[1].config`; names that are not plain words stand in brackets and quotes. */
export function formatPath(path: Path): string {
  let text = "";
  for (const segment of path) {
    if (typeof segment === "number") text += `[${segment}]`;
    else if (!/^[\w@$-]+$/.test(segment)) text += `[${JSON.stringify(segment)}]`;
    else text += text === "" ? segment : `.${segment}`;
  }
  return text === "" ? "configuration" : text;
}

/** Gathers problems; what they belong to is read on. */
export class Problems {
  readonly list: Problem[] = [];

  error(path: Path, message: string): void {
    this.list.push({ severity: "error", path, message });
  }

  warning(path: Path, message: string): void {
    this.list.push({ severity: "warning", path, message });
  }

  /** About the name of a field. */
  name(severity: Problem["severity"], path: Path, message: string): void {
    this.list.push({ severity, path, message, isAboutName: true });
  }
}
