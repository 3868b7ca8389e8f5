// A direction forwards, holds, shows and drops headers, body and trailers as the filter's actions say.
// Envoy's filter manager (source/common/http/filter_manager.cc); proxy-wasm ABI actions.
import { describe, expect, it } from "vitest";
import { BodyAction, HeadersAction, TrailersAction } from "../../gateway/src/chain/actions.ts";
import { Direction, type DirectionFilter } from "../../gateway/src/chain/direction.ts";
import { HeaderMap } from "../../gateway/src/chain/header-map.ts";

const LIMIT = 10;

/** A direction with a filter that answers from a script; `events` is what filter, sink and source saw. */
function create(
  script: Partial<Record<"headers" | "body" | "trailers", number[]>>,
  { stopsAll = false, onBody }: { stopsAll?: boolean; onBody?: (direction: Direction) => void } = {},
) {
  const events: string[] = [];
  const next = (kind: "headers" | "body" | "trailers"): number => script[kind]?.shift() ?? 0;
  const filter: DirectionFilter = {
    onHeaders: (count, end) => {
      events.push(`filter headers ${count} ${end}`);
      return next("headers");
    },
    onBody: (size, end) => {
      events.push(`filter body ${size} ${end} ${direction.body?.toString()}`);
      onBody?.(direction);
      return next("body");
    },
    onTrailers: (count) => {
      events.push(`filter trailers ${count}`);
      return next("trailers");
    },
  };
  const sink = {
    pushHeaders: (headers: HeaderMap, end: boolean) => events.push(`sink headers ${headers.size} ${end}`),
    pushData: (bytes: Buffer, end: boolean) => events.push(`sink data ${bytes.toString()} ${end}`),
    pushTrailers: (trailers: HeaderMap) => events.push(`sink trailers ${trailers.size}`),
  };
  const flow = {
    isFull: () => direction.heldSize > LIMIT,
    pause: () => events.push("pause"),
    resume: () => events.push("resume"),
    overflow: () => events.push("overflow"),
  };
  const direction: Direction = new Direction(filter, sink, flow, stopsAll);
  return { direction, events, drain: () => events.splice(0) };
}

const headers = (): HeaderMap => new HeaderMap([["a", "b"]]);
const data = (text: string): Buffer => Buffer.from(text);

describe("a filter that continues", () => {
  it("lets everything pass as it comes", () => {
    const { direction, events } = create({});
    direction.pushHeaders(headers(), false);
    direction.pushData(data("x"), false);
    direction.pushData(data(""), true);
    expect(events).toEqual([
      "filter headers 1 false",
      "sink headers 1 false",
      "filter body 1 false x",
      "sink data x false",
      "filter body 0 true ",
      "sink data  true",
    ]);
    expect(direction.isComplete).toBe(true);
  });

  it("ends with the headers when there is no body", () => {
    const { direction, events } = create({});
    direction.pushHeaders(headers(), true);
    expect(events).toEqual(["filter headers 1 true", "sink headers 1 true"]);
  });

  it("ends with the trailers when there are some", () => {
    const { direction, drain } = create({});
    direction.pushHeaders(headers(), false);
    direction.pushData(data("x"), false);
    drain();
    direction.pushTrailers(headers());
    expect(drain()).toEqual(["filter trailers 1", "sink trailers 1"]);
  });

  it("may not look at the headers afterwards", () => {
    const { direction } = create({});
    direction.pushHeaders(headers(), false);
    expect(direction.visible.headers).toBe(false);
    expect(direction.headers?.get("a")).toBe("b");
  });
});

describe("StopIteration for headers", () => {
  const script = () => ({ headers: [HeadersAction.StopIteration] });

  it("still shows the body, and a body callback that continues releases both", () => {
    const { direction, drain } = create(script());
    direction.pushHeaders(headers(), false);
    expect(drain()).toEqual(["filter headers 1 false"]);
    expect(direction.visible.headers).toBe(true);
    direction.pushData(data("x"), true);
    expect(drain()).toEqual(["filter body 1 true x", "resume", "sink headers 1 false", "sink data x true"]);
  });

  it("holds the body back too under ABI 0.2.1", () => {
    const { direction, drain } = create(script(), { stopsAll: true });
    direction.pushHeaders(headers(), false);
    direction.pushData(data("x"), true);
    expect(drain()).toEqual(["filter headers 1 false"]);
  });

  it("releases headers that end the stream", () => {
    const { direction, drain } = create(script());
    direction.pushHeaders(headers(), true);
    direction.resume();
    expect(drain().slice(1)).toEqual(["resume", "sink headers 1 true"]);
  });
});

describe.each([HeadersAction.StopAllIterationAndWatermark, HeadersAction.StopAllIterationAndBuffer])(
  "headers action %i",
  (action) => {
    it("holds all back unseen; on resume the body passes the filter in one piece, then the trailers", () => {
      const { direction, drain } = create({ headers: [action] });
      direction.pushHeaders(headers(), false);
      direction.pushData(data("x"), false);
      direction.pushData(data("y"), false);
      direction.pushTrailers(headers());
      expect(drain()).toEqual(["filter headers 1 false"]);
      direction.resume();
      expect(drain()).toEqual([
        "resume",
        "sink headers 1 false",
        "filter body 2 false xy",
        "sink data xy false",
        "filter trailers 1",
        "sink trailers 1",
      ]);
    });

    it("shows the end on resume", () => {
      const { direction, drain } = create({ headers: [action] });
      direction.pushHeaders(headers(), false);
      direction.pushData(data(""), true);
      drain();
      direction.resume();
      expect(drain()).toEqual(["resume", "sink headers 1 false", "filter body 0 true ", "sink data  true"]);
    });

    it("stays paused when the filter stops again in the body", () => {
      const { direction, drain } = create({ headers: [action], body: [BodyAction.StopAndBuffer] });
      direction.pushHeaders(headers(), false);
      direction.pushData(data("x"), true);
      direction.resume();
      drain();
      expect(direction.isPaused).toBe(true);
      direction.resume();
      expect(drain()).toEqual(["resume", "sink data x true"]);
    });
  },
);

it("treats a headers action beyond the known ones as stop-all", () => {
  const { direction, drain } = create({ headers: [77] });
  direction.pushHeaders(headers(), false);
  direction.pushData(data("x"), true);
  expect(drain()).toEqual(["filter headers 1 false"]);
});

describe("StopAndBuffer", () => {
  it("shows the body so far, and forwards it whole when the filter continues", () => {
    const { direction, events } = create({ body: [1, 1, 0] });
    direction.pushHeaders(headers(), false);
    direction.pushData(data("a"), false);
    direction.pushData(data("b"), false);
    direction.pushData(data("c"), true);
    expect(events.slice(2)).toEqual([
      "filter body 1 false a",
      "filter body 2 false ab",
      "filter body 3 true abc",
      "resume",
      "sink data abc true",
    ]);
  });

  it("lets the filter replace it, during the callback or later", () => {
    const { direction, drain } = create({ body: [1] }, { onBody: (d) => d.setBody(data("new")) });
    direction.pushHeaders(headers(), false);
    direction.pushData(data("a"), false);
    expect(direction.body?.toString()).toBe("new");
    direction.setBody(data("newer"));
    drain();
    direction.resume();
    expect(drain()).toEqual(["resume", "sink data newer false"]);
  });

  it("overflows past the limit", () => {
    const { direction, events } = create({ body: [1, 1] });
    direction.pushHeaders(headers(), false);
    direction.pushData(data("12345678901"), false);
    expect(events.at(-1)).toBe("overflow");
  });
});

describe("StopAndWatermark", () => {
  it("shows each chunk alone, and forwards all of them on resume without showing them again", () => {
    const { direction, events } = create({ body: [2, 2] });
    direction.pushHeaders(headers(), false);
    direction.pushData(data("a"), false);
    direction.pushData(data("b"), false);
    direction.resume();
    expect(events.slice(2)).toEqual([
      "filter body 1 false a",
      "filter body 1 false b",
      "resume",
      "sink data ab false",
    ]);
  });

  it("pauses the source past the limit, and resumes it", () => {
    const { direction, events } = create({ body: [2] });
    direction.pushHeaders(headers(), false);
    direction.pushData(data("12345678901"), false);
    expect(events.at(-1)).toBe("pause");
    direction.resume();
    expect(events).toContain("resume");
  });
});

describe("StopNoBuffer", () => {
  it.each([BodyAction.StopNoBuffer, 99])(
    "drops the chunk (action %i) and still ends the stream",
    (action) => {
      const { direction, events } = create({ body: [action] });
      direction.pushHeaders(headers(), false);
      direction.pushData(data("a"), true);
      direction.resume();
      expect(events.slice(2)).toEqual(["filter body 1 true a", "resume", "sink data  true"]);
    },
  );
});

describe("trailers", () => {
  it("wait while the filter stops at them, and are not shown twice", () => {
    const { direction, drain } = create({ trailers: [TrailersAction.StopIteration] });
    direction.pushHeaders(headers(), false);
    direction.pushTrailers(headers());
    expect(drain().slice(2)).toEqual(["filter trailers 1"]);
    direction.resume();
    expect(drain()).toEqual(["resume", "sink trailers 1"]);
  });

  it("release what a body callback held", () => {
    const { direction, drain } = create({ body: [1] });
    direction.pushHeaders(headers(), false);
    direction.pushData(data("a"), false);
    drain();
    direction.pushTrailers(headers());
    expect(drain()).toEqual(["filter trailers 1", "resume", "sink data a false", "sink trailers 1"]);
  });
});

it("does nothing on resume when it is not paused", () => {
  const { direction, drain } = create({});
  direction.pushHeaders(headers(), false);
  drain();
  direction.resume();
  expect(drain()).toEqual([]);
});

it("forwards and shows nothing once closed", () => {
  const { direction, drain } = create({ headers: [4] });
  direction.pushHeaders(headers(), false);
  direction.pushData(data("a"), false);
  direction.close();
  drain();
  direction.pushData(data("b"), true);
  direction.resume();
  expect(drain()).toEqual([]);
  expect(direction.body).toBeUndefined();
});
