import { checkConfig } from "../check-config.ts";
import { readConfigFile } from "../config/load.ts";

/** `check-config FILE`: one line per problem; exit code 1 if the filter refuses the configuration. */
export async function checkConfigFile(file: string, { wasm }: { readonly wasm: string }): Promise<void> {
  const text = await readConfigFile(file);
  const { isAccepted, problems } = await checkConfig(text, { wasm, source: file });
  for (const problem of problems) console.log(`${file}: ${problem}`);
  if (isAccepted) console.log(`${file}: OK`);
  else if (problems.length === 0) console.log(`${file}: the filter refuses it without a reason`);
  process.exitCode = isAccepted ? 0 : 1;
}
