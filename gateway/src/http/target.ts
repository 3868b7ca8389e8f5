import type { IncomingMessage } from "node:http";

/** Where a request goes, as the filter and the upstream see it. */
export interface Target {
  readonly authority: string;
  /** Begins with a slash and has no dot segments; the query is as the client wrote it. */
  readonly path: string;
}

// Spellings of a dot and of a slash that some server on the way may decode: percent-encoded, in overlong or fullwidth
// UTF-8, as IIS' %u escapes.
const DOT = "(?:\\.|%2e|%c0%ae|%e0%80%ae|%f0%80%80%ae|%ef%bc%8e|%u002e|%uff0e)";
const SLASH =
  /[/\\]|%2f|%5c|%c0%af|%c1%9c|%e0%80%af|%e0%81%9c|%f0%80%80%af|%ef%bc%8f|%ef%bc%bc|%u(?:00|ff)(?:2f|0f|5c|3c)/i;
/** What any server may take for "." or "..": Tomcat cuts off what begins with `;`, others trim blanks. */
const ANY_DOTS = new RegExp(`^(?:%20|%[01].)*${DOT}{1,2}(?:(?:;|%3b|%20|%[01]).*)?$`, "i");
/** What is resolved here. */
const PLAIN_DOTS = /^(?:\.|%2e){1,2}$/i;

/**
 * The target of a request, or `null` if it must not be forwarded: no path, or one that another server could understand as a
 * path outside of the one it seems to be in. Dot segments (RFC 3986, 5.2.4), `%2e` and backslashes are resolved as Envoy
 * does with `normalize_path`; other encoded characters stay, as `%2F` in the names of models.
 */
export function targetOf(request: IncomingMessage): Target | null {
  const url = request.url ?? "";
  const host = hostOf(request);
  // In absolute form it is the target that counts, not the header (RFC 9112, 3.2.2).
  const [, authority = host, rest = url] = /^https?:\/\/([^/?#\\]+)(.*)$/is.exec(url) ?? [];
  if (host === null || authority === null || authority.includes("@")) return null;
  const path = normalizePath(rest === url || rest.startsWith("/") ? rest : `/${rest}`);
  return path === null ? null : { authority, path };
}

/** The Host header; `null` for several (RFC 9112, 3.2). */
function hostOf({ rawHeaders, headers }: IncomingMessage): string | null {
  const count = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === "host").length;
  return count > 1 ? null : (headers.host ?? "");
}

/** The path with its dot segments resolved, followed by the query; `null` if it is malicious. */
export function normalizePath(target: string): string | null {
  const queryAt = target.indexOf("?");
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const query = queryAt < 0 ? "" : target.slice(queryAt);
  if (!/^[/\\]/.test(path) || target.includes("#") || isMalicious(path)) return null;
  const kept: string[] = [];
  const segments = path.split(/[/\\]/).slice(1);
  segments.forEach((segment, at) => {
    const isLast = at === segments.length - 1;
    if (!PLAIN_DOTS.test(segment)) kept.push(segment);
    else {
      if (segment.replace(/%2e/gi, ".") === "..") kept.pop();
      if (isLast) kept.push("");
    }
  });
  // "//host" would be an authority where it is taken for a URL.
  return `/${kept.join("/").replace(/^\/+/, "")}${query}`;
}

/** Whether a server that decodes more than this gateway could find a dot segment in it, or its end. */
function isMalicious(path: string): boolean {
  const decoded = path
    .replace(/[\x80-\xff]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
    // %252e, %25252e …: as often as anybody may decode it.
    .replace(/%(?:25)+(?=[0-9a-fu])/gi, "%");
  const found = decoded.split(SLASH).filter((segment) => ANY_DOTS.test(segment)).length;
  const resolved = path.split(/[/\\]/).filter((segment) => PLAIN_DOTS.test(segment)).length;
  return found > resolved || decoded.includes("%00");
}
