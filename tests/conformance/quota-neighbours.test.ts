// Contract: no consumer is somebody else, sees or spends another's balance, or has the administrator's request do something
// else; and no request notices what another has left in an object that both have used.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chargeOf, CONTINUE, made, PAUSE, ROOT, start, usageBody } from "../support/filter.ts";
import { fuzz, RUNS } from "../support/fuzz.ts";
import { balance, changed, QUOTA, QUOTA_MODULES } from "../support/quota.ts";
import type { StrictHost } from "../support/strict-host.ts";

const B = "/v1/chat/completions/quota";

/** What the commands that wait do: the keys, and the arguments but for the number at the end. */
const asked = (host: StrictHost): string[] => host.pending.map(({ args }) => args.slice(3, -1).join(" "));

describe.each(QUOTA_MODULES)("%s", (_name, file) => {
  it.each([
    ["?consumer=bob", 403],
    ["?consumer=ann&consumer=bob", 400],
    ["?consumer=bob&consumer=ann", 400],
    ["?consumer=ann;consumer=bob", 400],
    ["?consumer=ann#&consumer=bob", 400],
    ["?consumer=", 403],
    ["?consumer", 403],
    ["?consumer=ANN", 403],
    ["?consumer=ann%00bob", 403],
    ["?consumer=ann%00", 200],
    ["?consumer=ann%2Cbob", 403],
    ["?%63onsumer=bob", 403],
    ["/?consumer=bob", 403],
    [";consumer=bob?consumer=ann&%63onsumer=bob", 400],
    ["?Consumer=bob", 200],
    [";consumer=bob", 200],
    ["?consumer=%61nn", 200],
    ["?x=1&consumer=+ann", 200],
  ])("tells a consumer who asks for …/quota%s no balance but its own", async (rest, status) => {
    const host = await start(file, { ...QUOTA, self_service: true });
    for (const [id, method] of ["GET", "HEAD", "POST"].entries()) {
      const headers = { "x-mse-consumer": "ann", ":method": method, ":path": `${B}${rest}` };
      const stream = host.request(2 + id, ROOT, headers);
      expect(asked(host)).toEqual(status === 200 ? ["chat_quota:ann get 0"] : []);
      if (status === 200) host.reply(ROOT, changed(3));
      expect(stream.localResponse?.code).toBe(status);
    }
  });

  it.each([
    [["admin", "ann"], "ann"],
    [["ann", "admin", "ann"], "ann"],
    ["admin,ann", "admin,ann"],
    ["Admin", "Admin"],
    ["admin\0", "admin\0"],
    ["admin ", "admin "],
    ["\tadmin", "\tadmin"],
    ["admin\u00a0", "admin\u00a0"],
    ["\u3000admin", "\u3000admin"],
    ["adm\0in", "adm\0in"],
    ["{admin}", "{admin}"],
  ])(
    "takes the consumer %j for the last one, who is the administrator only with that exact name",
    async (consumer, name) => {
      const host = await start(file, QUOTA);
      host.request(2, ROOT, { "x-mse-consumer": consumer });
      expect(asked(host)).toEqual([`chat_quota:${name} 0`]);
      const query = host.request(4, ROOT, { "x-mse-consumer": consumer, ":path": `${B}/refresh` }, false);
      expect(query.localResponse === null).toBe(name === "admin");
    },
  );

  it("refuses a request whose header lines the host does not list completely, or that has thousands", async () => {
    const host = await start(file, QUOTA);
    const many = [...Array.from({ length: 5_000 }, () => "admin"), "ann"];
    expect(host.request(4, ROOT, { "x-mse-consumer": many }).localResponse?.code).toBe(400);
    host.encodeLines = () => new Uint8Array();
    const stream = host.request(2, ROOT, {
      "x-mse-consumer": ["admin", "ann"],
      ":path": `${B}?consumer=bob`,
    });
    expect(stream.localResponse?.code).toBe(400);
    expect(host.pending).toEqual([]);
  });

  it.each([
    ["a\r\nSET x 1", "chat_quota:a\r\nSET x 1"],
    ["a\0b", "chat_quota:a\0b"],
    ["chat_quota:a", "chat_quota:chat_quota:a"],
    ["a}{b", "chat_quota:a}{b"],
    ["{}", "chat_quota:{}"],
    ["*3", "chat_quota:*3"],
  ])("keeps the balance of %j at a key of its own", async (name, key) => {
    const host = await start(file, QUOTA);
    host.request(2, ROOT, { "x-mse-consumer": name });
    expect(String(host.pending[0]!.args[3])).toBe(key);
    host.reply(ROOT, balance(9));
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(1, 2), true);
    expect(chargeOf(host.pending[0]!).keys).toEqual([key]);
  });

  it("keeps the balances of long and of binary names apart", async () => {
    const host = await start(file, QUOTA);
    const names = [
      Buffer.alloc(5_000, "a"),
      Buffer.alloc(5_001, "a"),
      Buffer.from([255]),
      Buffer.from([254]),
    ];
    for (const [i, name] of names.entries()) host.request(2 + i, ROOT, { "x-mse-consumer": name });
    const keys = host.pending.map(({ args }) => Buffer.from(args[3]!).toString("hex"));
    expect(new Set(keys).size).toBe(names.length);
    for (const key of keys) expect(key.length / 2).toBeLessThanOrEqual("chat_quota:".length + 4_096);
  });

  it.each([
    ["?consumer=bob&quota=1", "", null],
    ["?consumer=bob&quota=1", "consumer=ann", null],
    ["?consumer=bob&quota=1", "consumer=ann&quota=5", "ann"],
    ["", "consumer=ann&quota=5&quota=9", null],
    ["", "consumer=ann&quota=5;quota=9", null],
    ["", "consumer=ann&quota=5#&quota=9", null],
    ["", "consumer=ann&quota=5&%71uota=9", null],
    ["", "consumer=ann&quota=5&consumer=bob", null],
    ["", "consumer=ann%26consumer=bob&quota=5", "ann&consumer=bob"],
    ["", "consumer=ann&quota=5&quota=5", "ann"],
    ["", "consumer=ann&quota=5%009", null],
    ["", "consumer=ann&quota=5%00", "ann"],
    ["", "consumer=ann&quota=0x5", null],
    ["", "consumer=ann&quota=5e3", null],
    ["", "consumer=ann&quota=٥", null],
    ["", "consumer=ann&quota=--5", null],
    ["", "consumer=ann&quota=- 5", null],
    ["", '{"consumer":"ann","quota":5}', null],
    ["", "?consumer=ann&quota=5", null],
    ["", "consumer=ann&quota=5\r\n", "ann"],
  ])("…/refresh%s with the form %j sets no balance but that of the form", async (query, form, consumer) => {
    const host = await start(file, QUOTA);
    const stream = host.request(
      2,
      ROOT,
      { "x-mse-consumer": "admin", ":path": `${B}/refresh${query}` },
      false,
    );
    host.requestBody(2, form, true);
    expect(asked(host)).toEqual(consumer === null ? [] : [`chat_quota:${consumer} set 5`]);
    expect(stream.localResponse?.code).toBe(consumer === null ? 403 : undefined);
  });

  it("makes one change for a form, whatever the host shows after its end", async () => {
    const host = await start(file, QUOTA);
    host.request(2, ROOT, { "x-mse-consumer": "admin", ":path": `${B}/delta` }, false);
    host.requestBody(2, "consumer=ann&value=1", true);
    host.requestBody(2, "&value=2", true);
    host.requestTrailers(2);
    expect(asked(host)).toEqual(["chat_quota:ann add 1"]);
    const bad = host.request(4, ROOT, { "x-mse-consumer": "admin", ":path": `${B}/delta` }, false);
    host.requestBody(4, "consumer=ann", true);
    expect(bad.localResponse?.code).toBe(403);
    host.requestBody(4, "&value=2", true);
    host.requestTrailers(4);
    expect(host.pending).toHaveLength(1);
  });

  it("does not tell a consumer what Redis says when it reads its own balance", async () => {
    const host = await start(file, { ...QUOTA, self_service: true });
    const stream = host.request(2, ROOT, { "x-mse-consumer": "ann", ":path": B });
    host.reply(ROOT, "-MOVED 3999 10.0.0.5:6379\r\n");
    expect(stream.localResponse).toMatchObject({ code: 503, body: "redis error" });
  });

  it("changes what the configuration said when the request began", async () => {
    const host = await start(file, QUOTA);
    host.request(2, ROOT, { "x-mse-consumer": "admin", ":path": `${B}/refresh` }, false);
    host.requestBody(2, "consumer=ann&");
    expect(host.reconfigure(ROOT, { ...QUOTA, admin_consumer: "root", redis_key_prefix: "new:" })).toBe(true);
    host.requestBody(2, "quota=5", true);
    expect(asked(host)).toEqual(["chat_quota:ann set 5"]);
    const stream = host.request(4, ROOT, { "x-mse-consumer": "admin", ":path": `${B}/refresh` }, false);
    expect(stream.localResponse?.code).toBe(403);
  });

  it("has an administrator and balances for each route and each configuration", async () => {
    const rule = { ...QUOTA, _match_route_: ["dear"], admin_consumer: "chief", redis_key_prefix: "dear:" };
    const host = await start(file, { ...QUOTA, _rules_: [rule] });
    expect(host.configure(7, { ...QUOTA, admin_consumer: "other", redis_key_prefix: "other:" })).toBe(true);
    const admin = (id: number, root: number, route: string, consumer: string) => {
      host.properties.set("route_name", route);
      return host.request(id, root, { "x-mse-consumer": consumer, ":path": `${B}?consumer=ann` });
    };
    admin(2, ROOT, "dear", "chief");
    admin(4, ROOT, "cheap", "admin");
    admin(6, 7, "dear", "other");
    expect(asked(host)).toEqual(["dear:ann get 0", "chat_quota:ann get 0", "other:ann get 0"]);
    const strangers = [
      admin(8, ROOT, "dear", "admin"),
      admin(10, ROOT, "cheap", "chief"),
      admin(12, 7, "dear", "chief"),
    ];
    for (const { localResponse } of strangers) expect(localResponse?.code).toBe(403);
  });

  it("lets nobody with an empty balance open a WebSocket, whatever paths are listed", async () => {
    for (const paths of [undefined, ["/v1/chat/completions"]]) {
      const host = await start(file, { ...QUOTA, enable_path_suffixes: paths });
      const headers = { ":method": "GET", ":path": "/v1/realtime?model=m", upgrade: "websocket" };
      const stream = host.request(2, ROOT, { "x-mse-consumer": "ann", ...headers }, false);
      expect(stream.action).toBe(PAUSE);
      host.reply(ROOT, balance(0));
      expect(stream.localResponse?.code).toBe(403);
    }
  });

  it("lets a consumer with an empty balance count tokens", async () => {
    const host = await start(file, QUOTA);
    const path = "/v1/messages/count_tokens";
    expect(host.request(2, ROOT, { "x-mse-consumer": "ann", ":path": path }, false).action).toBe(CONTINUE);
    host.requestBody(2, '{"messages":[]}', true);
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, '{"input_tokens":1000}', true);
    host.end(2);
    expect(host.pending).toEqual([]);
  });

  it("treats each request as if it were alone, in whatever order many go on", async () => {
    const host = await start(file, { ...QUOTA, self_service: true });
    let id = 2;
    const step = fc.tuple(
      fc.constantFrom("call", "query", "change", "stranger", "go on", "reply", "end"),
      fc.nat(),
    );
    const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const play = new Play(host, () => (id += 2));
      for (const [kind, which] of steps) play.step(kind, which);
      play.finish();
    });
    fc.assert(property, fuzz(Math.ceil(RUNS / 4)));
  });
});

interface Request {
  id: number;
  kind: "call" | "query" | "change" | "stranger";
  stream: ReturnType<StrictHost["open"]>;
  name: string;
  /** How much of its form, or of its call, has been shown. */
  shown: number;
}

/** Requests of many kinds at once, each with a name of its own, which go on, are answered, and end in any order. */
class Play {
  private readonly open: Request[] = [];

  constructor(
    private readonly host: StrictHost,
    private readonly nextId: () => number,
  ) {}

  step(kind: string, which: number): void {
    const one = this.open[which % Math.max(this.open.length, 1)];
    if (kind === "go on") return void (one && this.goOn(one));
    if (kind === "end") return void (one && this.end(one));
    if (kind === "reply") return this.reply(which);
    this.begin(kind as Request["kind"]);
  }

  finish(): void {
    while (this.host.pending.length > 0) this.reply(0);
    for (const one of [...this.open]) this.end(one);
    while (this.host.pending.length > 0) this.reply(0);
  }

  private begin(kind: Request["kind"]): void {
    const id = this.nextId();
    const name = `n${id}`;
    const path = { call: "/v1/chat/completions", query: B, change: `${B}/refresh`, stranger: `${B}/refresh` };
    const consumer = kind === "change" ? "admin" : name;
    const before = this.host.pending.length;
    const stream = this.host.request(
      id,
      ROOT,
      { "x-mse-consumer": consumer, ":path": path[kind] },
      kind === "query",
    );
    this.open.push({ id, kind, stream, name, shown: 0 });
    const sent = this.host.pending.slice(before).map(({ args }) => String(args[3]));
    expect(sent).toEqual(kind === "call" || kind === "query" ? [`chat_quota:${name}`] : []);
    expect(stream.localResponse?.code).toBe(kind === "stranger" ? 403 : undefined);
  }

  private goOn(one: Request): void {
    const { id, kind, stream, name } = one;
    const { host } = this;
    const before = host.pending.length;
    if (kind === "change" && one.shown < 2) {
      host.requestBody(id, [`consumer=${name}`, `&quota=${id}`][one.shown]!, one.shown === 1);
      const sent = host.pending.slice(before).map(({ args }) => args.slice(3, -1).join(" "));
      expect(sent).toEqual(one.shown === 1 ? [`chat_quota:${name} set ${id}`] : []);
      one.shown++;
    } else if (kind === "stranger" && one.shown < 1) {
      host.requestBody(id, `consumer=${name}&quota=${id}`, true);
      expect(host.pending).toHaveLength(before);
      one.shown++;
    } else if (kind === "call" && stream.continued === 1 && one.shown < 1) {
      expect(host.requestBody(id, '{"messages":[]}', true)).toBe(CONTINUE);
      host.responseHeaders(id, { "content-type": "application/json" });
      host.responseBody(id, usageBody(id, 1), true);
      const [charge] = host.pending.slice(before).map(chargeOf);
      expect(charge).toMatchObject({ keys: [`chat_quota:${name}`], tokens: -id - 1 });
      one.shown++;
    }
  }

  /** Redis answers a command: the balance of a name is its number. */
  private reply(which: number): void {
    const { host } = this;
    const command = host.pending[which % Math.max(host.pending.length, 1)];
    if (command === undefined) return;
    const args = command.args.map(String);
    const number = Number(args[3]!.slice("chat_quota:n".length));
    const one = this.open.find(({ id }) => id === number);
    const isCharge = args[2] === "2";
    const isChange = /^(get|set)$/.test(args[4]!);
    host.reply(ROOT, isCharge ? made(1) : isChange ? changed(number) : balance(number), command);
    if (one === undefined || isCharge) return;
    if (one.kind === "call") expect(one.stream.continued).toBe(1);
    if (one.kind === "query")
      expect(one.stream.localResponse?.body).toBe(`{"consumer":"${one.name}","quota":${number}}`);
    if (one.kind === "change")
      expect(one.stream.localResponse?.headers).toContainEqual(["x-quota-balance", String(number)]);
  }

  private end(one: Request): void {
    this.open.splice(this.open.indexOf(one), 1);
    this.host.end(one.id);
  }
}
