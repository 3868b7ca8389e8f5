// Contract: a response that was charged over a WebSocket costs nothing when it is fetched again, wherever it can be.
import { expect, it, describe } from "vitest";
import { array, chargeOf, counter, MODULES, PER_KEY, ROOT, start } from "../support/filter.ts";
import { frame, responseDone } from "../support/websocket.ts";

const ASKS = { ":method": "GET", connection: "Upgrade", upgrade: "websocket" };
const SWITCHES = { ":status": "101", connection: "Upgrade", upgrade: "websocket" };
const RESPONSE = {
  id: "resp_1",
  object: "response",
  status: "completed",
  usage: { input_tokens: 9, output_tokens: 4, total_tokens: 13 },
};

describe.each(MODULES)("%s", (_name, file) => {
  it("charges a response over a WebSocket under the name that fetching it would use", async () => {
    const host = await start(file, PER_KEY);
    host.request(2, ROOT, { "x-api-key": "alice", ":method": "GET", ":path": "/v1/responses/resp_1" });
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, JSON.stringify(RESPONSE), true);
    const fetched = chargeOf(host.pending.splice(0)[0]!);
    expect(fetched.marker).toContain(":answer:");

    host.request(4, ROOT, { "x-api-key": "alice", ...ASKS }, false);
    host.reply(ROOT, counter(0));
    host.responseHeaders(4, SWITCHES);
    for (const response of [RESPONSE, { ...RESPONSE, id: "resp_2" }]) {
      host.responseBody(4, frame(JSON.stringify({ type: "response.completed", response })));
      const made = host.pending.splice(0);
      expect(made.map((command) => chargeOf(command).tokens)).toEqual([13]);
      host.reply(ROOT, array(60_000, 13), made[0]);
      const named = host.pending.splice(0).map(chargeOf);
      expect(named.map(({ tokens }) => tokens)).toEqual([0]);
      expect(named[0]!.marker === fetched.marker).toBe(response.id === "resp_1");
    }
    // What cannot be fetched has no name.
    host.responseBody(4, frame(responseDone(3, 4)));
    const sent = host.pending.splice(0);
    host.reply(ROOT, array(60_000, 20), sent[0]);
    expect(host.pending).toEqual([]);
  });
});
