import { text } from "node:stream/consumers";
import { checkText, isFlawless, type Finding, type Report } from "../check/check.ts";
import { readConfigFile } from "../config/load.ts";
import { ConfigError } from "../config/yaml.ts";
import { judgesOf, type Judges } from "../modules.ts";

export interface CheckFlags {
  /** The module that checks all of them, instead of those in build/. */
  readonly wasm?: string;
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** `check-config FILE…`; exit code 1 if anything is wrong, with --strict also if anything is doubtful. */
export async function checkConfigFiles(files: readonly string[], flags: CheckFlags): Promise<void> {
  const judges = await judgesOf(flags.wasm);
  const reports: Report[] = [];
  for (const file of files) reports.push(await checkFile(file, judges));
  const findings = reports.flatMap((report) => report.findings);
  const errors = count(findings, "error");
  const warnings = count(findings, "warning");
  const isOk = isFlawless(reports) && (warnings === 0 || flags.strict !== true);
  if (flags.json === true) {
    const configurations = reports.flatMap((report) => report.configurations);
    console.log(
      JSON.stringify({ ok: isOk, errors, warnings, configurations, problems: findings.map(toJson) }, null, 2),
    );
  } else {
    reports.forEach((report, index) => print(report, files[index] ?? "", flags.strict === true));
  }
  process.exitCode = isOk ? 0 : 1;
}

async function checkFile(file: string, judges: Judges): Promise<Report> {
  try {
    return file === "-"
      ? checkText(await text(process.stdin), "-", judges)
      : checkText(await readConfigFile(file), file, judges);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const message = error.message.replace(`${file}: `, "");
    return {
      configurations: [],
      findings: [{ severity: "error", source: file, position: undefined, path: "", message }],
    };
  }
}

function print({ findings, configurations }: Report, source: string, isStrict: boolean): void {
  for (const finding of findings) console.log(inOneLine(finding));
  if (configurations.length === 0 || count(findings, "error") > 0) return;
  const warnings = count(findings, "warning");
  const noted = warnings === 0 ? "" : warnings === 1 ? ", 1 warning" : `, ${warnings} warnings`;
  console.log(warnings > 0 && isStrict ? `${source}: not OK for --strict${noted}` : `${source}: OK${noted}`);
  for (const rule of configurations.flatMap(({ rules }) => rules)) console.log(`  ${rule}`);
}

/** `FILE:LINE:COLUMN: SEVERITY: PATH: MESSAGE`, as editors and CI systems read it. */
export function inOneLine({ severity, source, position, path, message }: Finding): string {
  const where = position === undefined ? source : `${source}:${position.line}:${position.column}`;
  return [where, severity, ...(path === "" ? [] : [path]), message].join(": ");
}

function toJson({ severity, source, position, path, message }: Finding): object {
  return { severity, source, line: position?.line ?? null, column: position?.column ?? null, path, message };
}

function count(findings: readonly Finding[], severity: Finding["severity"]): number {
  return findings.filter((finding) => finding.severity === severity).length;
}
