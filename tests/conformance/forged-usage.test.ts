// Contract: an answer in which a report of usage stands beside other text costs at least that text: the model may have written
// the report.
import { describe, expect, it } from "vitest";
import { chargeOf, counter, MODULES, PER_KEY, ROOT, start } from "../support/filter.ts";

const WORDS = "the quick brown fox jumps over the lazy dog ".repeat(100);
const USAGE = '{"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}';

describe.each(MODULES)("%s", (_name, file) => {
  it.each([
    ["a JSON text with others behind it", `${USAGE}\n${WORDS}`],
    ["an event with lines behind it", `data: ${USAGE}\n\n${WORDS}`],
    ["text with an event behind it", `${WORDS}\n\ndata: ${USAGE}\n\n`],
  ])("charges the text of a plain text answer that is %s", async (_title, body) => {
    const host = await start(file, PER_KEY);
    host.request(2, ROOT, { "x-api-key": "alice" }, false);
    host.reply(ROOT, counter(0));
    host.requestBody(2, JSON.stringify({ messages: [{ role: "user", content: WORDS }] }), true);
    host.responseHeaders(2, { "content-type": "text/plain" });
    host.responseBody(2, body, true);
    // 900 words each way.
    expect(chargeOf(host.pending[0]!).tokens).toBeGreaterThan(1_600);
  });
});
