import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Registry } from "prom-client";
import { ConfigurationRefused } from "../chain/filter.ts";
import { toPluginJson } from "../config/load.ts";
import { LIMITER } from "../config/own-plugins.ts";
import { ConfigError } from "../config/yaml.ts";
import type { WindowReading } from "../decisions/record.ts";
import { CommandLineError } from "../explain/shell.ts";
import { stripGuestPrefix } from "../log.ts";
import { Lua } from "../memory-redis/lua.ts";
import { findAsset } from "./assets.ts";
import type { Counters } from "./counters.ts";
import { EventStream } from "./event-stream.ts";
import { Refused, readJson, refuseForeign, refuseWithoutToken, secureHeaders } from "./guard.ts";
import { readHealth, type HealthRow } from "./health.ts";
import { check, compare, explainCurl, type Limiter } from "./limiter.ts";
import type { Observer } from "./observer.ts";
import type { Recorder } from "./recorder.ts";
import type { Series } from "./series.ts";
import { Usage } from "./usage.ts";

export interface PageParts {
  readonly observer: Observer;
  readonly counters: Counters;
  readonly series: Series;
  readonly recorder: Recorder;
  readonly registry: Registry;
  /** `null` if no rate limiter is in the chain. */
  readonly limiter: Limiter | null;
  /** What an operator must show to change anything, or to see the configuration, which has credentials. */
  readonly token: string;
}

type Body = Record<string, unknown>;
type Answer = object | Promise<object>;

const BATCH_MS = 250;
const SECOND_MS = 1000;
const SCHEMA = new URL("../../../config.schema.json", import.meta.url);

/** The operator's page on the admin port: what the limits hold, what is decided and why, and what another configuration would do. */
export class Page {
  private readonly events = new EventStream();
  private readonly batches = setInterval(() => void this.sendBatch(), BATCH_MS).unref();
  private readonly seconds = setInterval(() => void this.sendSecond(), SECOND_MS).unref();
  private lua: Promise<Lua> | null = null;
  private isReplaying = false;

  /** Reads counters, while somebody looks on. */
  private usage: Usage | null = null;

  constructor(private readonly parts: PageParts) {
    this.usage = this.openUsage();
    parts.observer.onCounted = (counters, stream) => {
      this.usage?.note(counters, stream);
    };
  }

  private openUsage(): Usage | null {
    const { limiter, counters } = this.parts;
    if (limiter === null) return null;
    const read = (key: string, reading: WindowReading): void => void counters.read(key, reading);
    return new Usage(limiter.module, toPluginJson(limiter.configuration), limiter.redis, read);
  }

  close(): void {
    clearInterval(this.batches);
    clearInterval(this.seconds);
    this.events.close();
    this.usage?.close();
    this.parts.limiter?.store.close();
  }

  /** Serves the page and what it asks for. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    secureHeaders(response);
    try {
      refuseForeign(request);
      const path = (request.url ?? "/").split("?")[0] ?? "/";
      if (request.method === "POST") return send(response, 200, await this.answer(path, request));
      if (path === "/events") return await this.listen(response);
      const asset =
        path === "/config.schema.json"
          ? { type: "application/json", body: await readFile(SCHEMA) }
          : await findAsset(path);
      if (asset === null) throw new Refused(404, "there is nothing here");
      response.writeHead(200, { "content-type": asset.type }).end(asset.body);
    } catch (error) {
      const { status, messages } = explained(error);
      send(response, status, { errors: messages });
    }
  }

  private answer(path: string, request: IncomingMessage): Answer {
    const [needsToken, answer] = (Object.hasOwn(this.answers, path) ? this.answers[path] : undefined) ?? [];
    if (answer === undefined) throw new Refused(404, "there is nothing here");
    if (needsToken === true) refuseWithoutToken(request, this.parts.token);
    return readJson(request).then(answer);
  }

  /** What can be asked for, and whether that takes the token. */
  private readonly answers: Readonly<
    Record<string, readonly [needsToken: boolean, answer: (body: Body) => Answer]>
  > = {
    "/api/find": [false, ({ value }) => ({ ids: this.parts.counters.find(textOf(value)) })],
    "/api/check": [false, ({ text }) => ({ findings: check(textOf(text), this.limiter) })],
    "/api/explain": [false, (body) => this.explain(body)],
    "/api/replay": [false, (body) => this.replay(body)],
    "/api/configuration": [true, () => ({ text: this.limiter.configuration })],
    "/api/apply": [true, (body) => this.apply(body)],
    "/api/reset": [true, (body) => this.reset(body)],
    "/api/grant": [true, (body) => this.grant(body)],
  };

  private get limiter(): Limiter {
    if (this.parts.limiter === null) throw new Refused(409, `${LIMITER} is not one of the plugins`);
    return this.parts.limiter;
  }

  private async explain({ curl, text }: Body): Promise<object> {
    return explainCurl(
      textOf(curl),
      typeof text === "string" ? text : null,
      this.limiter,
      await this.startLua(),
    );
  }

  private async replay({ text, count }: Body): Promise<object> {
    if (this.isReplaying) throw new Refused(429, "another replay is running");
    this.isReplaying = true;
    try {
      const calls = this.parts.recorder.latest(Math.min(1000, Number(count) || 100));
      return await compare(calls, textOf(text), this.limiter, await this.startLua());
    } finally {
      this.isReplaying = false;
    }
  }

  private apply({ text }: Body): object {
    this.limiter.apply(textOf(text));
    this.usage?.close();
    this.usage = this.openUsage();
    return { applied: true };
  }

  private async reset({ counter }: Body): Promise<object> {
    const removed = await this.limiter.store.reset([this.keyOf(counter)]);
    this.parts.counters.replace(Number(counter), 0);
    return { removed };
  }

  private async grant({ counter, tokens }: Body): Promise<object> {
    const amount = Number(tokens);
    if (!Number.isSafeInteger(amount) || amount <= 0)
      throw new Refused(400, "tokens: expected a positive whole number");
    const used = await this.limiter.store.grant(this.keyOf(counter), amount);
    if (used === null)
      throw new Refused(
        409,
        "this counter holds nothing that tokens can be taken off: its window has not begun, or it slides",
      );
    this.parts.counters.replace(Number(counter), used);
    return { used };
  }

  private keyOf(counter: unknown): string {
    const key = this.parts.counters.keyOf(Number(counter));
    if (key === undefined) throw new Refused(404, "there is no such counter any more");
    return key;
  }

  private startLua(): Promise<Lua> {
    return (this.lua ??= Lua.create());
  }

  private async listen(response: ServerResponse): Promise<void> {
    const { counters, observer, series, limiter } = this.parts;
    const state = {
      counters: counters.all(),
      calls: observer.calls.list(),
      points: series.list(),
      isLimiting: limiter !== null,
      ...(await this.health()),
    };
    if (!this.events.add(response, "state", state)) throw new Refused(503, "too many pages are open");
  }

  private async sendBatch(): Promise<void> {
    if (this.events.size > 0) await this.usage?.readNext();
    const calls = this.parts.observer.takeChanges();
    const { changed, gone } = this.parts.counters.takeChanges();
    if (calls.length + changed.length + gone.length > 0) this.events.send("batch", { calls, changed, gone });
  }

  private async sendSecond(): Promise<void> {
    const state = await this.health();
    const charged = state.health.find(({ name }) => name.endsWith("charged_tokens"))?.value ?? 0;
    const point = this.parts.series.tick(Math.floor(Date.now() / SECOND_MS), charged);
    this.events.send("second", { point, ...state });
  }

  private async health(): Promise<{ health: HealthRow[]; recorded: number }> {
    return { health: await readHealth(this.parts.registry, LIMITER), recorded: this.parts.recorder.count };
  }
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw new Refused(400, "a text is missing");
  return value;
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** A mistake of the user's, or of the configuration, in words; anything else is the gateway's, and its words stay inside. */
function explained(error: unknown): { status: number; messages: readonly string[] } {
  if (error instanceof Refused) return { status: error.status, messages: [error.message] };
  if (error instanceof ConfigurationRefused)
    return { status: 422, messages: error.problems.map(stripGuestPrefix) };
  if (error instanceof ConfigError || error instanceof CommandLineError)
    return { status: 422, messages: error.message.split("\n") };
  return { status: 502, messages: ["it did not work; Redis may not answer"] };
}
