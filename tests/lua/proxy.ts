// Reads a Lua script as the proxies of Alibaba Cloud's Redis clusters do before they run it, as far as that is documented
// (https://help.aliyun.com/document_detail/92942.htm) and seen (https://developer.aliyun.com/ask/466195): each command of
// redis.call and redis.pcall is a literal name, followed by its keys, each a literal element of KEYS.

type Token = { kind: "name" | "number" | "string" | "symbol"; text: string };

/** Where the keys of the commands that our scripts use stand: all have one, behind the name. */
const WITH_ONE_KEY = [
  ...["GET", "SET", "EXISTS", "INCRBY", "EXPIRE", "PEXPIRE", "PEXPIREAT", "PTTL"],
  ...["HMGET", "HGETALL", "HSET", "HINCRBY", "HDEL"],
];
const WITHOUT_KEYS = ["TIME"];

const TOKEN =
  /\s+|--[^\n]*|([A-Za-z_]\w*)|(\d+(?:\.\d+)?)|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\.\.|[=~<>]=|.)/gy;

function tokensOf(script: string): Token[] {
  const tokens: Token[] = [];
  for (const [, name, number, single, double, symbol] of script.matchAll(TOKEN)) {
    const string = single ?? double;
    if (name !== undefined) tokens.push({ kind: "name", text: name });
    else if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (string !== undefined) tokens.push({ kind: "string", text: string });
    else if (symbol !== undefined) tokens.push({ kind: "symbol", text: symbol });
  }
  return tokens;
}

/** Why the proxy refuses a script; nothing if it does not. */
export function refusals(script: string): string[] {
  const tokens = tokensOf(script);
  const text = (at: number): string => tokens[at]?.text ?? "";
  const found: string[] = [];
  const keyUses = new Set<number>();
  let depth = 0;
  let insideUntil = -1;
  for (let at = 0; at < tokens.length; ++at) {
    if (text(at) === "unpack") found.push("unpack");
    if (text(at) !== "redis") continue;
    if (text(at + 1) !== "." || !["call", "pcall"].includes(text(at + 2)) || text(at + 3) !== "(") {
      found.push(`redis${text(at + 1)}${text(at + 2)}${text(at + 3)}`);
      continue;
    }
    if (at < insideUntil) found.push("nested calls");
    const command = tokens[at + 4];
    if (command?.kind !== "string") {
      found.push(`the command ${command?.text ?? ""} is no literal`);
      continue;
    }
    depth = 1;
    let end = at + 4;
    for (; end < tokens.length && depth > 0; ++end) {
      if (text(end) === "(") depth++;
      if (text(end) === ")") depth--;
    }
    insideUntil = end;
    if (WITHOUT_KEYS.includes(command.text)) continue;
    if (!WITH_ONE_KEY.includes(command.text)) found.push(`nobody knows the keys of ${command.text}`);
    const key = tokens.slice(at + 5, at + 10).map((token) => token.text);
    const isElement =
      key[0] === "," &&
      key[1] === "KEYS" &&
      key[2] === "[" &&
      /^[1-9]\d*$/.test(key[3] ?? "") &&
      key[4] === "]";
    if (isElement && [",", ")"].includes(text(at + 10))) keyUses.add(at + 6);
    else found.push(`the key of ${command.text} is written ${key.slice(1).join("")}${text(at + 10)}`);
  }
  for (const [at, token] of tokens.entries()) {
    if (token.text === "KEYS" && !keyUses.has(at))
      found.push(`KEYS in an expression: KEYS${text(at + 1)}${text(at + 2)}`);
  }
  return found;
}
