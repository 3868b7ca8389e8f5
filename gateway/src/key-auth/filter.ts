import { HeadersAction } from "../chain/actions.ts";
import { Direction, PASS } from "../chain/direction.ts";
import type { Filter, Place, StreamFilter, StreamState } from "../chain/filter.ts";
import type { HeaderMap } from "../chain/header-map.ts";
import type { LocalReply } from "../chain/local-reply.ts";
import { readConfig, type Authentication, type KeyAuthConfig, type Source } from "./config.ts";

const CONSUMER_HEADER = "x-mse-consumer";
const NO_KEY = "No API key found in request";
const INVALID_KEY = "Invalid API key";
const UNAUTHORIZED = "Unauthorized consumer";

/**
 * Stands in for Higress' key-auth plugin: takes its published configuration, names the consumer in `x-mse-consumer`, refuses
 * with 401 and 403. As published, the header is added: one that the client has sent stays before it.
 */
export class KeyAuth implements Filter {
  private readonly config: KeyAuthConfig;

  /** @param configuration JSON text @throws ConfigurationRefused */
  constructor(
    readonly name: string,
    configuration: string,
    warn: (line: string) => void,
  ) {
    this.config = readConfig(configuration, warn);
  }

  createStream(place: Place): StreamFilter {
    const onHeaders = (): HeadersAction => {
      const refusal = authenticate(this.config, place.stream);
      if (refusal === null) return HeadersAction.Continue;
      place.localReply(refusal);
      return HeadersAction.StopIteration;
    };
    return {
      request: new Direction({ ...PASS, onHeaders }, place.upstream, place.requestFlow, true),
      response: new Direction(PASS, place.client, place.responseFlow, true),
      end: () => {},
    };
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}
}

/** Adds the name of the consumer, or says how the request is refused. */
function authenticate(config: KeyAuthConfig, stream: StreamState): LocalReply | null {
  const headers = stream.requestHeaders;
  const rule = config.rules.find(({ applies }) => applies(stream));
  if (headers === null || (rule === undefined && !config.isGlobal)) return null;
  const authentication = rule?.authentication ?? config.authentication;
  const { consumer, hasKey } = identify(authentication, headers);
  if (consumer === undefined) return refusal(401, hasKey ? INVALID_KEY : NO_KEY, authentication);
  headers.add(CONSUMER_HEADER, Buffer.from(consumer).toString("latin1"));
  const isAllowed = rule === undefined || rule.allow === null || rule.allow.has(consumer);
  return isAllowed ? null : refusal(403, UNAUTHORIZED, authentication);
}

/** The first consumer whose credential is in the request. */
function identify(
  { consumers }: Authentication,
  headers: HeaderMap,
): { consumer: string | undefined; hasKey: boolean } {
  const query = queryOf(headers.get(":path") ?? "");
  let hasKey = false;
  for (const { name, credentials, source } of consumers) {
    for (const key of source.keys) {
      const value = valueOf(key, source, headers, query);
      if (credentials.has(value)) return { consumer: name, hasKey: true };
      hasKey ||= value !== "";
    }
  }
  return { consumer: undefined, hasKey };
}

/** A header goes before a query parameter of its name; "" if there is neither. */
function valueOf(
  key: string,
  { inHeader, inQuery }: Source,
  headers: HeaderMap,
  query: ReadonlyMap<string, string>,
): string {
  const header = inHeader ? (headers.get(key) ?? "") : "";
  return header !== "" || !inQuery ? header : (query.get(key) ?? "");
}

/** Parameters by name, the first of each; names and values are decoded, and have one char per byte. */
function queryOf(path: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  const at = path.indexOf("?");
  for (const parameter of at < 0 ? [] : path.slice(at + 1).split("&")) {
    const [name = "", ...value] = parameter.split("=");
    const decoded = decode(name);
    if (!query.has(decoded)) query.set(decoded, decode(value.join("=")));
  }
  return query;
}

function decode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

function refusal(status: number, reason: string, { realm }: Authentication): LocalReply {
  const message = `Request denied by Key Auth check. ${reason}`;
  return {
    status,
    details: message.replaceAll(" ", "_"),
    body: Buffer.from(message),
    headers: [["www-authenticate", `Key realm=${realm}`]],
  };
}
