import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { closeServer, listen } from "../../gateway/src/http/listen.ts";
import { complete } from "./completion.ts";
import { deliver, type Message } from "./delivery.ts";
import { CREATED, type Dialect, type JsonReply, type Reply } from "./dialects/dialect.ts";
import { findDialect } from "./dialects/index.ts";
import { openaiError } from "./dialects/openai.ts";
import { InvalidRequest, parseObject } from "./fields.ts";
import { readSwitches, type Switches } from "./switches.ts";

/** The switches for requests that do not set them by header, see `Switches`. */
export interface FakeLlmOptions extends Partial<Switches> {
  /** 0, the default, is any free port. */
  readonly port?: number;
  /** Told of each request when all of it has been read; the answer waits for what it returns. */
  readonly onRequest?: (headers: IncomingHttpHeaders) => void | Promise<void>;
}

export interface FakeLlm {
  readonly url: string;
  readonly close: () => Promise<void>;
}

const MODELS = ["fake-model", "qwen-max", "gpt-4o"];

/**
 * An upstream that speaks the APIs of many providers (see `DIALECTS`), whose answers and token counts can be told
 * beforehand (see `complete`), and which can be told to go wrong (see `Switches`).
 * @throws OptionError if the port is in use.
 */
export async function startFakeLlm({ port, onRequest, ...switches }: FakeLlmOptions = {}): Promise<FakeLlm> {
  // Longer than any client's pool keeps a connection, so that none is closed as it is taken up again.
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    // Only a client that went away can make this fail.
    serve(request, response, switches, onRequest).catch(() => response.destroy());
  });
  const url = await listen(server, port ?? 0, "fake LLM");
  return { url, close: () => closeServer(server, 0) };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: Partial<Switches>,
  onRequest: FakeLlmOptions["onRequest"],
): Promise<void> {
  const body = await readBody(request);
  await onRequest?.(request.headers);
  const acceptEncoding = String(request.headers["accept-encoding"] ?? "");
  const answer = understand(request, body, options);
  const { switches } = answer;
  await sleep(switches.delayMs);
  if (switches.reset) request.socket.resetAndDestroy();
  else await deliver(response, answer.message, acceptEncoding, switches);
}

const NO_SWITCHES = readSwitches({}, {});

/** The answer to a request, and how it is to be sent. */
function understand(
  request: IncomingMessage,
  body: string,
  options: Partial<Switches>,
): { message: Message; switches: Switches } {
  let switches = NO_SWITCHES;
  let errorOf: Dialect["error"] = openaiError;
  try {
    switches = readSwitches(request.headers, options);
    const url = new URL(request.url ?? "/", "http://fake");
    const route = `${request.method} ${url.pathname}`;
    if (route === "GET /v1/models") return { message: jsonMessage(200, { body: MODELS_BODY }), switches };
    if (request.method !== "POST") throw new InvalidRequest(`no such route: ${route}`, null, 404);
    const [dialect, groups] = findDialect(url.pathname, switches.dialect);
    if (!switches.openaiErrors) errorOf = dialect.error;
    const { headers } = request;
    const call = dialect.read({ groups, query: url.searchParams, headers, json: parseObject(body) });
    if (switches.error !== undefined) {
      const text = `the fake model was told to fail with ${switches.error}`;
      return { message: jsonMessage(switches.error, errorOf(switches.error, text, null)), switches };
    }
    return { message: messageOf(call.reply(complete(call, switches)), switches.errorAfter), switches };
  } catch (error) {
    if (!(error instanceof InvalidRequest)) throw error;
    const { status, message, param } = error;
    return { message: jsonMessage(status, errorOf(status, message, param)), switches };
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

const MODELS_BODY = {
  object: "list",
  data: MODELS.map((id) => ({ id, object: "model", created: CREATED, owned_by: "fake-llm" })),
};

function messageOf(reply: Reply, errorAfter: number | undefined): Message {
  if ("body" in reply) return jsonMessage(200, reply);
  const { events, framing, failure } = reply;
  return {
    status: 200,
    headers: { "content-type": framing.contentType, "cache-control": "no-cache" },
    parts: framing.encode(errorAfter === undefined ? events : [...events.slice(0, errorAfter), failure]),
    isStream: true,
  };
}

function jsonMessage(status: number, reply: JsonReply): Message {
  return {
    status: reply.status ?? status,
    headers: { "content-type": "application/json", ...reply.headers },
    parts: [Buffer.from(JSON.stringify(reply.body))],
    isStream: false,
  };
}
