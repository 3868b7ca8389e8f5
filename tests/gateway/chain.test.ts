// Several filters share a stream: requests pass them in order, responses in reverse, and local replies only those that the
// request has reached. Envoy's filter manager (source/common/http/filter_manager.cc) and Wasm context.
import { describe, expect, it } from "vitest";
import { BodyAction, HeadersAction } from "../../gateway/src/chain/actions.ts";
import { ChainStream, type StreamIo } from "../../gateway/src/chain/chain.ts";
import { Direction, type DirectionFilter } from "../../gateway/src/chain/direction.ts";
import type { Filter, Place, StreamFilter } from "../../gateway/src/chain/filter.ts";
import { HeaderMap } from "../../gateway/src/chain/header-map.ts";
import type { LocalReply } from "../../gateway/src/chain/local-reply.ts";

const LIMIT = 10;

/** What a test's filter does in a callback: an action, or something with its place in the chain first. */
type Step = number | ((place: Place, filter: StreamFilter) => unknown);
type Script = Partial<
  Record<
    | "requestHeaders"
    | "requestBody"
    | "requestTrailers"
    | "responseHeaders"
    | "responseBody"
    | "responseTrailers",
    Step
  >
>;

const headers = (...pairs: [string, string][]): HeaderMap => new HeaderMap(pairs);
const data = (text: string): Buffer => Buffer.from(text);
const reply = (status: number, body = ""): LocalReply => ({
  status,
  details: `local_${status}`,
  body: data(body),
  headers: [],
});

/** A stream through filters a, b, c … with these scripts; `events` is what filters, client, upstream and sources saw. */
function start(...scripts: Script[]) {
  const events: string[] = [];
  const streams: Record<string, StreamFilter> = {};
  const filters = scripts.map((script, position): Filter => {
    const name = "abc".charAt(position);
    return {
      name,
      createStream: (place) => (streams[name] = streamFilter(name, script, place, events)),
      finish: () => Promise.resolve(),
      close: () => {},
    };
  });
  const sink = (name: string): StreamIo["client"] => ({
    pushHeaders: (map, end) => events.push(`${name} headers ${[...map].join(" ")} ${end}`),
    pushData: (bytes, end) => events.push(`${name} data ${bytes.toString()} ${end}`),
    pushTrailers: (map) => events.push(`${name} trailers ${[...map].join(" ")}`),
  });
  const flow = (name: string): StreamIo["requestFlow"] => ({
    pause: (position) => events.push(`pause ${name} ${position}`),
    resume: (position) => events.push(`resume ${name} ${position}`),
    overflow: () => {
      events.push(`overflow ${name}`);
      chain.localReply(reply(413));
    },
  });
  const io: StreamIo = {
    info: { routeName: "r", clusterName: "c", sourceAddress: "1.2.3.4:5" },
    upstream: sink("upstream"),
    client: sink("client"),
    requestFlow: flow("request"),
    responseFlow: flow("response"),
    bufferLimit: LIMIT,
    onLocalReply: ({ details }) => events.push(`local ${details}`),
    reset: (details) => events.push(`reset ${details}`),
  };
  const chain = new ChainStream(filters, io);
  return { chain, events, streams, drain: () => events.splice(0) };
}

function streamFilter(name: string, script: Script, place: Place, events: string[]): StreamFilter {
  events.push(`${name} create`);
  const callbacks = (kind: "request" | "response"): DirectionFilter => {
    const run = (step: Step | undefined): number => {
      const action = typeof step === "function" ? step(place, filter) : step;
      return typeof action === "number" ? action : 0;
    };
    return {
      onHeaders: (count, end) => {
        events.push(`${name} ${kind} headers ${count} ${end}`);
        return run(script[`${kind}Headers`]);
      },
      onBody: (_size, end) => {
        events.push(`${name} ${kind} body ${filter[kind].body?.toString()} ${end}`);
        return run(script[`${kind}Body`]);
      },
      onTrailers: (count) => {
        events.push(`${name} ${kind} trailers ${count}`);
        return run(script[`${kind}Trailers`]);
      },
    };
  };
  const filter: StreamFilter = {
    request: new Direction(callbacks("request"), place.upstream, place.requestFlow, false),
    response: new Direction(callbacks("response"), place.client, place.responseFlow, false),
    end: () => events.push(`${name} end ${place.stream.details}`),
  };
  return filter;
}

describe("filters that continue", () => {
  it("see the request in order and the response in reverse", () => {
    const { chain, drain } = start({}, {});
    chain.request.pushHeaders(headers(["x", "1"]), false);
    chain.request.pushData(data("q"), true);
    expect(drain()).toEqual([
      "a create",
      "a request headers 1 false",
      "b create",
      "b request headers 1 false",
      "upstream headers x,1 false",
      "a request body q true",
      "b request body q true",
      "upstream data q true",
    ]);
    chain.response.pushHeaders(headers([":status", "200"]), false);
    chain.response.pushData(data("p"), true);
    chain.end("via_upstream");
    expect(drain()).toEqual([
      "b response headers 1 false",
      "a response headers 1 false",
      "client headers :status,200 false",
      "b response body p true",
      "a response body p true",
      "client data p true",
      "a end via_upstream",
      "b end via_upstream",
    ]);
  });

  it("see what filters before them made of headers, properties and trailers", () => {
    const { chain, events } = start(
      {
        requestHeaders: (place) => {
          place.stream.requestHeaders?.add("x-mse-consumer", "alice");
          place.stream.properties.set("ai_log", data("log"));
        },
        requestTrailers: (_place, { request }) => void request.trailers?.add("t2", "2"),
      },
      {
        requestHeaders: ({ stream }) =>
          void events.push(`found ${stream.requestHeaders?.get("x-mse-consumer")}`),
      },
    );
    chain.request.pushHeaders(headers(["x", "1"]), false);
    chain.request.pushTrailers(headers(["t1", "1"]));
    expect(events).toContain("found alice");
    expect(events).toContain("upstream headers x,1 x-mse-consumer,alice false");
    expect(events).toContain("b request trailers 2");
    expect(events).toContain("upstream trailers t1,1 t2,2");
    expect(chain.aiLog).toBe("log");
  });
});

describe("a local reply", () => {
  const deny: Step = (place) => place.localReply(reply(403, "no"));

  it("passes the filter that sent it and those before it; those behind it see nothing but the end", () => {
    const { chain, events } = start({}, { requestHeaders: deny }, {});
    chain.request.pushHeaders(headers(["x", "1"]), false);
    chain.request.pushData(data("q"), true);
    chain.end("local_403");
    expect(events).toEqual([
      "a create",
      "a request headers 1 false",
      "b create",
      "b request headers 1 false",
      "local local_403",
      "b response headers 3 false",
      "a response headers 3 false",
      "client headers :status,403 content-length,2 content-type,text/plain false",
      "b response body no true",
      "a response body no true",
      "client data no true",
      "c create",
      "a end local_403",
      "b end local_403",
      "c end local_403",
    ]);
  });

  it("of a filter whose request another one behind it holds passes both, and the held request goes nowhere", () => {
    const { chain, streams, drain } = start(
      { requestBody: deny },
      { requestHeaders: HeadersAction.StopAllIterationAndWatermark },
    );
    chain.request.pushHeaders(headers(["x", "1"]), false);
    drain();
    chain.request.pushData(data("q"), false);
    expect(drain()).toEqual([
      "a request body q false",
      "local local_403",
      "b response headers 3 false",
      "a response headers 3 false",
      "client headers :status,403 content-length,2 content-type,text/plain false",
      "b response body no true",
      "a response body no true",
      "client data no true",
    ]);
    streams.b?.request.resume();
    chain.request.pushData(data("r"), true);
    expect(drain()).toEqual([]);
  });

  it("that answers what another filter releases ends that too: it is not shown the rest", () => {
    const { chain, streams, drain } = start(
      { requestHeaders: HeadersAction.StopAllIterationAndWatermark },
      { requestHeaders: deny },
    );
    chain.request.pushHeaders(headers(["x", "1"]), false);
    chain.request.pushData(data("q"), false);
    chain.request.pushTrailers(headers(["t", "1"]));
    drain();
    streams.a?.request.resume();
    expect(drain().filter((event) => /^a request|upstream/.test(event))).toEqual([]);
  });

  it("that answers what another filter releases of the response ends that too", () => {
    const { chain, streams, drain } = start(
      { responseHeaders: deny },
      { responseHeaders: HeadersAction.StopAllIterationAndWatermark },
    );
    chain.request.pushHeaders(headers(["x", "1"]), true);
    chain.response.pushHeaders(headers([":status", "200"]), false);
    chain.response.pushData(data("p"), true);
    drain();
    streams.b?.response.resume();
    expect(drain()).toEqual([
      "resume response 1",
      "a response headers 1 false",
      "local local_403",
      "client headers :status,403 content-length,2 content-type,text/plain false",
      "client data no true",
    ]);
  });

  it("in the place of a response that filters have seen goes to the client directly", () => {
    const { chain, drain } = start({}, { responseHeaders: deny });
    chain.request.pushHeaders(headers(["x", "1"]), true);
    drain();
    chain.response.pushHeaders(headers([":status", "200"]), true);
    expect(drain()).toEqual([
      "b response headers 1 true",
      "local local_403",
      "client headers :status,403 content-length,2 content-type,text/plain false",
      "client data no true",
    ]);
  });

  it("may be replaced by a filter that it passes", () => {
    const other: Step = (place) => place.localReply(reply(500));
    const { chain, events } = start({ responseHeaders: other }, { requestHeaders: deny });
    chain.request.pushHeaders(headers(["x", "1"]), true);
    expect(events.filter((event) => event.startsWith("client"))).toEqual(["client headers :status,500 true"]);
  });

  it("behind a response that has begun at the client cuts that off", () => {
    const { chain, drain } = start({ responseBody: deny }, {});
    chain.request.pushHeaders(headers(["x", "1"]), true);
    chain.response.pushHeaders(headers([":status", "200"]), false);
    drain();
    chain.response.pushData(data("p"), true);
    expect(drain()).toEqual(["b response body p true", "a response body p true", "reset local_403"]);
  });

  it("that is complete cannot be followed by another", () => {
    const { chain, drain } = start({ requestHeaders: deny });
    chain.request.pushHeaders(headers(["x", "1"]), false);
    drain();
    chain.localReply(reply(503));
    expect(drain()).toEqual([]);
  });
});

describe("a body", () => {
  const buffer: Step = (_place, { request }) => (request.body?.includes("!") ? 0 : BodyAction.StopAndBuffer);

  it("that two filters buffer is whole for both, and is sent once", () => {
    const { chain, drain } = start({ requestBody: buffer }, { requestBody: buffer });
    chain.request.pushHeaders(headers(["x", "1"]), false);
    drain();
    for (const text of ["1", "2", "3!"]) chain.request.pushData(data(text), text === "3!");
    expect(drain()).toEqual([
      "a request body 1 false",
      "a request body 12 false",
      "a request body 123! true",
      "resume request 0",
      "b request body 123! true",
      "upstream data 123! true",
    ]);
  });

  it("may be held by the filters together up to the limit, then its source waits", () => {
    const { chain, streams, drain } = start(
      { requestHeaders: HeadersAction.StopAllIterationAndWatermark },
      { requestBody: BodyAction.StopAndWatermark },
    );
    chain.request.pushHeaders(headers(["x", "1"]), false);
    chain.request.pushData(data("123456"), false);
    streams.a?.request.resume();
    drain();
    chain.request.pushData(data("7890"), false);
    expect(drain()).toEqual(["a request body 7890 false", "b request body 7890 false"]);
    chain.request.pushData(data("+"), false);
    expect(drain()).toContain("pause request 1");
  });

  it("may be held up to another limit if a filter has set one, as in Higress", () => {
    const raise = (place: Place): undefined =>
      void place.stream.properties.set("set_decoder_buffer_limit", Buffer.from("12"));
    const { chain, drain } = start({ requestHeaders: raise }, { requestBody: BodyAction.StopAndWatermark });
    chain.request.pushHeaders(headers(["x", "1"]), false);
    chain.request.pushData(data("123456789012"), false);
    expect(drain()).not.toContain("pause request 1");
    chain.request.pushData(data("+"), false);
    expect(drain()).toContain("pause request 1");
  });

  it("that one buffers whole counts with what others hold, and is refused past the limit", () => {
    const bodies = [BodyAction.Continue, BodyAction.StopAndBuffer];
    const { chain, drain } = start(
      { requestBody: () => bodies.shift() },
      { requestBody: BodyAction.StopAndWatermark },
    );
    chain.request.pushHeaders(headers(["x", "1"]), false);
    chain.request.pushData(data("123456"), false);
    drain();
    chain.request.pushData(data("78901"), false);
    expect(drain()).toEqual([
      "a request body 78901 false",
      "overflow request",
      "local local_413",
      "b response headers 1 true",
      "a response headers 1 true",
      "client headers :status,413 true",
    ]);
  });
});

it("ends for every filter, though the request has reached none", () => {
  const { chain, events } = start({}, {});
  chain.end("downstream_remote_disconnect");
  chain.end("again");
  expect(events).toEqual([
    "a create",
    "b create",
    "a end downstream_remote_disconnect",
    "b end downstream_remote_disconnect",
  ]);
});
