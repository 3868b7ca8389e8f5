import { Command, InvalidArgumentError } from "commander";
import { integer } from "../../gateway/src/cli/options.ts";
import { runMain, untilSignal } from "../../gateway/src/cli/run.ts";
import { startFakeLlm, type FakeLlmOptions } from "./server.ts";
import { FLAG, kebab, SWITCH_READERS, type SwitchReader } from "./switches.ts";

const program = new Command("fake-llm")
  .description(
    "An upstream that speaks the APIs of many LLM providers, with predictable answers and token counts.\n" +
      "Requests set the same switches by header, as x-fake-<switch>; see tools/fake-llm/switches.ts.",
  )
  .option("--port <number>", "port, 0 for any", integer(0, 65535), 8081)
  .action(async ({ withoutUsage, ...options }: FakeLlmOptions & { withoutUsage?: boolean }) => {
    const llm = await startFakeLlm({ ...options, noUsage: withoutUsage });
    console.log(`fake LLM at ${llm.url}/v1`);
    await untilSignal();
    await llm.close();
  });

for (const [name, reader] of Object.entries<SwitchReader<unknown>>(SWITCH_READERS)) {
  // Commander would read --no-usage as the negation of a --usage.
  const option = `--${name === "noUsage" ? "without-usage" : kebab(name)}`;
  if (reader === FLAG) program.option(option);
  else program.option(`${option} <value>`, reader.expected, parser(reader));
}

function parser(reader: SwitchReader<unknown>): (text: string) => unknown {
  return (text) => {
    const value = reader.read(text);
    if (value === undefined) throw new InvalidArgumentError(`expected ${reader.expected}`);
    return value;
  };
}

await runMain(program);
