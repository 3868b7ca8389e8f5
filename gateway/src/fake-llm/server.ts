import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { closeServer, listen } from "../http/listen.ts";
import { complete, InvalidRequest, parseRequest, type Completion } from "./completion.ts";
import { readSwitches, type Switches } from "./switches.ts";
import { completionBody, completionEvents, errorBody, modelsBody } from "./wire.ts";

export interface FakeLlmOptions extends Partial<Switches> {
  /** 0, the default, is any free port. */
  readonly port?: number;
}

export interface FakeLlm {
  readonly url: string;
  close(): Promise<void>;
}

const MODELS = ["fake-model", "qwen-max", "gpt-4o"];

/**
 * An OpenAI-compatible upstream whose answers and token counts can be told beforehand (see `complete`).
 * The options are the switches for requests that do not set them by header.
 * @throws OptionError if the port is in use.
 */
export async function startFakeLlm(options: FakeLlmOptions = {}): Promise<FakeLlm> {
  // Longer than any client's pool keeps a connection, so that none is closed as it is taken up again.
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    // Only a client that went away can make this fail.
    serve(request, response, options).catch(() => response.destroy());
  });
  const url = await listen(server, options.port ?? 0, "fake LLM");
  return { url, close: () => closeServer(server, 0) };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: Partial<Switches>,
): Promise<void> {
  const route = `${request.method} ${request.url?.split("?")[0]}`;
  const body = await readBody(request);
  if (route === "GET /v1/models") return sendJson(response, 200, modelsBody(MODELS));
  if (route !== "POST /v1/chat/completions") {
    const message = `no such route: ${route}`;
    return sendJson(response, 404, errorBody(message, "invalid_request_error", null, "unknown_url"));
  }

  const switches = readSwitches(request.headers, options);
  try {
    const parsed = parseRequest(body);
    await sleep(switches.delayMs);
    if (switches.error !== undefined) {
      const message = `the fake model was told to fail with ${switches.error}`;
      return sendJson(response, switches.error, errorBody(message, "server_error", null, null));
    }
    const completion = complete(parsed);
    if (parsed.stream) await sendEvents(response, completion, parsed.includeUsage, switches);
    else sendCompletion(response, completion, switches);
  } catch (error) {
    if (!(error instanceof InvalidRequest)) throw error;
    sendJson(response, 400, errorBody(error.message, "invalid_request_error", error.param, null));
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function sendJson(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

function sendCompletion(response: ServerResponse, completion: Completion, switches: Switches): void {
  const body = completionBody(completion, !switches.noUsage);
  if (switches.abortAfter === undefined) return sendJson(response, 200, body);
  // There are no events to count in a JSON body: half of it is sent.
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.write(body.slice(0, body.length / 2), () => response.destroy());
}

async function sendEvents(
  response: ServerResponse,
  completion: Completion,
  includeUsage: boolean,
  switches: Switches,
): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.flushHeaders();
  const events = completionEvents(completion, includeUsage && !switches.noUsage);
  for (const event of events.slice(0, switches.abortAfter)) {
    await new Promise<void>((resolve, reject) => {
      response.write(event, (error) => (error ? reject(error) : resolve()));
    });
    await sleep(switches.delayMs);
  }
  if (switches.abortAfter === undefined) response.end();
  else response.destroy();
}
