import type { HeaderPair } from "../chain/header-map.ts";
import type { Message } from "../sandbox/sandbox.ts";
import { CommandLineError } from "./shell.ts";

/** Reads the file that an option names; `undefined` where no file may be read. */
export type ReadFile = ((path: string) => Promise<Buffer>) | undefined;

interface Command {
  url: string;
  method: string;
  headers: [name: string, value: string][];
  parts: Buffer[];
  sendsAsQuery: boolean;
}

/** What an option with a value does to the command; `null` for one that does not change the request. */
type Option = ((command: Command, value: string, file: ReadFile) => void | Promise<void>) | null;

const data: Option = async (command, value, file) => {
  command.parts.push(value.startsWith("@") ? await contents(value, file, true) : Buffer.from(value));
};

const header: Option = ({ headers }, value) => {
  const [, name, text] = /^\s*([^:;\s]+)\s*[:;]\s*(.*)$/s.exec(value) ?? [];
  if (name !== undefined) headers.push([name.toLowerCase(), (text ?? "").trim()]);
};

const basic: Option = ({ headers }, value) => {
  headers.push(["authorization", `Basic ${Buffer.from(value).toString("base64")}`]);
};

const WITH_VALUE: Readonly<Record<string, Option>> = {
  "--request": (command, value) => void (command.method = value),
  "--header": header,
  "--data": data,
  "--data-ascii": data,
  "--data-raw": (command, value) => void command.parts.push(Buffer.from(value)),
  "--data-binary": async (command, value, file) => {
    command.parts.push(value.startsWith("@") ? await contents(value, file, false) : Buffer.from(value));
  },
  "--data-urlencode": (command, value) => {
    const at = value.indexOf("=");
    const name = at < 0 ? "" : value.slice(0, at + 1);
    command.parts.push(Buffer.from((at === 0 ? "" : name) + encodeURIComponent(value.slice(at + 1))));
  },
  "--json": async (command, value, file) => {
    await data(command, value, file);
    command.headers.push(["content-type", "application/json"], ["accept", "application/json"]);
  },
  "--cookie": ({ headers }, value) => void headers.push(["cookie", value]),
  "--user-agent": ({ headers }, value) => void headers.push(["user-agent", value]),
  "--referer": ({ headers }, value) => void headers.push(["referer", value]),
  "--user": basic,
  "--oauth2-bearer": ({ headers }, value) => void headers.push(["authorization", `Bearer ${value}`]),
  "--url": (command, value) => void (command.url = value),
  ...Object.fromEntries(
    [
      "--output",
      "--max-time",
      "--connect-timeout",
      "--write-out",
      "--proxy",
      "--cacert",
      "--cert",
      "--key",
      "--retry",
    ].map((name) => [name, null]),
  ),
};

const SHORT: Readonly<Record<string, string>> = {
  X: "--request",
  H: "--header",
  d: "--data",
  b: "--cookie",
  A: "--user-agent",
  e: "--referer",
  u: "--user",
  o: "--output",
  m: "--max-time",
  w: "--write-out",
  x: "--proxy",
  E: "--cert",
  I: "--head",
  G: "--get",
};

/**
 * The request that a curl command sends, as the filter would see it.
 * @param words the command, with or without `curl` in front
 * @throws CommandLineError if there is no URL in it, or it needs a file that may not be read
 */
export async function readCurl(words: readonly string[], file: ReadFile): Promise<Message> {
  const command: Command = { url: "", method: "", headers: [], parts: [], sendsAsQuery: false };
  const rest = words[0] === "curl" ? words.slice(1) : [...words];
  while (rest.length > 0) {
    const word = rest.shift() ?? "";
    if (word === "--" || word === "") continue;
    if (!word.startsWith("-") || word === "-") command.url ||= word;
    else if (word.startsWith("--")) await apply(command, word, rest, file);
    else await applyShort(command, word.slice(1), rest, file);
  }
  return messageOf(command);
}

async function apply(command: Command, word: string, rest: string[], file: ReadFile): Promise<void> {
  const [name = "", ...inline] = word.split("=");
  const option = WITH_VALUE[name];
  if (name === "--head") command.method ||= "HEAD";
  if (name === "--get") command.sendsAsQuery = true;
  if (name === "--compressed") command.headers.push(["accept-encoding", "deflate, gzip, br, zstd"]);
  if (option === undefined) return;
  const value = inline.length > 0 ? inline.join("=") : (rest.shift() ?? "");
  await option?.(command, value, file);
}

/** `-sSXPOST` is `-s -S -X POST`. */
async function applyShort(command: Command, letters: string, rest: string[], file: ReadFile): Promise<void> {
  for (let i = 0; i < letters.length; i++) {
    const name = SHORT[letters[i] ?? ""];
    if (name === undefined) continue;
    if (WITH_VALUE[name] === undefined) {
      await apply(command, name, rest, file);
      continue;
    }
    const attached = letters.slice(i + 1);
    await apply(command, name, attached === "" ? rest : [attached], file);
    return;
  }
}

async function contents(value: string, file: ReadFile, asText: boolean): Promise<Buffer> {
  const path = value.slice(1);
  if (file === undefined)
    throw new CommandLineError(
      `the body is in a file (${value}), which cannot be read here: put its text in its place`,
    );
  const bytes = await file(path);
  // As curl does, unless the option is --data-binary.
  return asText ? Buffer.from(bytes.toString("latin1").replace(/[\r\n]/g, ""), "latin1") : bytes;
}

function messageOf(command: Command): Message {
  if (command.url === "") throw new CommandLineError("there is no URL in the command");
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(command.url) ? command.url : `http://${command.url}`;
  if (!URL.canParse(text)) throw new CommandLineError("the URL cannot be read");
  const url = new URL(text);
  const body = Buffer.concat(
    command.parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from("&"), part])),
  );
  const query =
    command.sendsAsQuery && body.length > 0 ? `${url.search === "" ? "?" : "&"}${body.toString()}` : "";
  const sent = command.sendsAsQuery ? Buffer.alloc(0) : body;
  const method = command.method || (command.parts.length > 0 && !command.sendsAsQuery ? "POST" : "GET");
  const headers = [...command.headers];
  if (url.username !== "" && !headers.some(([name]) => name === "authorization"))
    headers.push(["authorization", `Basic ${btoa(`${url.username}:${url.password}`)}`]);
  const has = (wanted: string): boolean => headers.some(([name]) => name === wanted);
  if (sent.length > 0 && !has("content-type"))
    headers.push(["content-type", "application/x-www-form-urlencoded"]);
  if (sent.length > 0) headers.push(["content-length", String(sent.length)]);
  if (!has("accept")) headers.push(["accept", "*/*"]);
  const host = headers.find(([name]) => name === "host")?.[1] ?? url.host;
  const pairs: HeaderPair[] = headers
    .filter(
      ([name, value]) => name !== "host" && !(name === "content-length" && value !== String(sent.length)),
    )
    .map(([name, value]) => [name, Buffer.from(value).toString("latin1")]);
  return {
    headers: [
      [":authority", host],
      [":path", `${url.pathname}${url.search}${query}`],
      [":method", method],
      [":scheme", "http"],
      ...pairs,
    ],
    body: sent,
  };
}
