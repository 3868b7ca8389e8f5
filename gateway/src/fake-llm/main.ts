import { Command } from "commander";
import { integer } from "../cli/options.ts";
import { runMain, untilSignal } from "../cli/run.ts";
import { startFakeLlm } from "./server.ts";

interface FakeLlmFlags {
  readonly port: number;
  readonly delayMs?: number;
  readonly error?: number;
  readonly abortAfter?: number;
  readonly withoutUsage?: boolean;
}

const program = new Command("fake-llm")
  .description("An OpenAI-compatible upstream with predictable answers and token counts")
  .option("--port <number>", "port, 0 for any", integer(0, 65535), 8081)
  .option("--delay-ms <ms>", "delay before each response and after each event", integer(0, 600_000))
  .option("--error <status>", "answer every request with this error", integer(400, 599))
  .option("--abort-after <events>", "cut each stream after this many events", integer(0, 1_000_000))
  // Not --no-usage, which commander would read as the negation of a --usage.
  .option("--without-usage", "never report usage")
  .action(async (flags: FakeLlmFlags) => {
    const llm = await startFakeLlm({ ...flags, noUsage: flags.withoutUsage });
    console.log(`fake LLM at ${llm.url}/v1`);
    await untilSignal();
    await llm.close();
  });

await runMain(program);
