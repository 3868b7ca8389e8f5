// Writes assembly/ledger/lua/scripts.ts from the Lua sources beside it, with the SHA-1 of each script.
//
// A script spells its keys out, so there is one for 1, 2, 4, … counters. In a source, what stands below a line such as
//
//     -- each i from 1
//
// is repeated for each counter; there, @{2i-1} stands for a number. Comments, blank lines and blanks are left out.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = "assembly/ledger/lua";
const TARGET = join(FOLDER, "scripts.ts");
/** Binary logarithm of the most counters that a script is written for, as in assembly/redis/script-family.ts. */
const MOST_DOUBLINGS = 9;
/** What begins a place of a number in a template: then come factor and summand, the latter above ZERO. */
const PLACE = 1;
const ZERO = 64;

/** A source with the files in it that it includes. */
const sourceOf = (path) =>
  readFileSync(path, "utf8").replace(/^-- include (\w+)$/gm, (_, name) =>
    readFileSync(join(FOLDER, "shared", `${name}.lua`), "utf8"),
  );

/** What a script uses and does not declare, and the words of Lua: no local name may be changed to one of these. */
const TAKEN = new Set(
  (
    "and break do else elseif end false for function if in local nil not or repeat return then true until while " +
    "redis math string tonumber type"
  ).split(" "),
);

/** A source with its local names as short as they can be; what a longer name says is for its readers. */
export function shortened(source) {
  const code = source.replace(/^ *--.*$/gm, "");
  const lists = code.matchAll(/\blocal (?:function )?([\w, ]+)|\bfunction *\w*\(([\w, ]*)|\bfor ([\w, ]+)/g);
  const declared = new Set([...lists].flatMap(([, ...names]) => names.join(",").match(/\w+/g) ?? []));
  const used = new Set([...TAKEN, ...(code.match(/\b[A-Za-z_]\w*/g) ?? [])]);
  const free = [..."abcdefghijklmnopqrstuvwxyz"].flatMap((a) => [a, ...[..."abcdefgh"].map((b) => a + b)]);
  const candidates = free
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
    .filter((name) => !used.has(name));
  const names = new Map();
  for (const name of declared) {
    if (!TAKEN.has(name) && name.length > 2 && name !== "local") names.set(name, candidates.shift());
  }
  // Strings, and members of tables, keep their names.
  return source.replace(/'[^']*'|^ *--.*$|\.\w+|\b[A-Za-z_]\w*/gm, (word) => names.get(word) ?? word);
}

/** { head, each, from } of a source: two templates, and for which counter `each` comes first. */
export function parse(source) {
  const [head, each, ...more] = source.split(/^-- each i from \d+$/m);
  const from = Number(/^-- each i from (\d+)$/m.exec(source)?.[1]);
  if (each === undefined || more.length > 0) throw new Error("a source needs one line `-- each i from N`");
  return { head: bare(head), each: bare(each).replace(/@\{(\d*)i([+-]\d+)?\}/g, place), from };
}

const bare = (text) =>
  text
    .split("\n")
    .map((line) => line.trimStart())
    .filter((line) => line !== "" && !line.startsWith("--"))
    .map((line) => `${squeezed(line)}\n`)
    .join("");

/** A line without the blanks that nothing needs. `@{…}` stands for a number. */
export function squeezed(line) {
  let text = "";
  let last = "";
  for (const [token] of line.matchAll(/'[^']*'|@\{[^}]*\}|\d+\.\d+|\w+|\.+|--|[^\s\w]/g)) {
    if (token === "--") throw new Error(`a comment needs a line of its own: ${line}`);
    const areWords = /^[\w@]/.test(last) && /^[\w@]/.test(token);
    const areNumberAndDots = /^[\d@]/.test(last) && token.startsWith(".");
    if (areWords || areNumberAndDots || (last === "-" && token === "-")) text += " ";
    text += token;
    last = token;
  }
  return text;
}

const place = (_, factor, summand) =>
  String.fromCharCode(PLACE, Number(factor || 1), ZERO + Number(summand ?? 0));

/** The script for so many counters. */
export function textFor({ head, each, from }, counters) {
  let text = head;
  for (let i = from; i <= counters; ++i) {
    text += each.replace(/\x01([^])([^])/g, (_, factor, summand) =>
      String(factor.charCodeAt(0) * i + summand.charCodeAt(0) - ZERO),
    );
  }
  return text;
}

/** The script of a source in assembly/ledger/lua, such as `hold`, for so many counters, as the filter sends it. */
export const scriptText = (name, counters) =>
  textFor(parse(shortened(sourceOf(join(FOLDER, `${name}.lua`)))), counters);

function moduleText() {
  const names = readdirSync(FOLDER)
    .filter((name) => name.endsWith(".lua"))
    .sort();
  const constants = names.map((name) => {
    const template = parse(shortened(sourceOf(join(FOLDER, name))));
    const digests = Array.from({ length: MOST_DOUBLINGS + 1 }, (_, doublings) =>
      createHash("sha1")
        .update(textFor(template, 2 ** doublings))
        .digest("latin1"),
    );
    const constant = name
      .replace(/\.lua$/, "")
      .replaceAll("-", "_")
      .toUpperCase();
    const sizes = `${template.head.length}, ${template.each.length}, ${template.from}`;
    const texts = template.head + template.each + digests.join("");
    return `/** ${name} */
// prettier-ignore
// @ts-ignore: decorator
@lazy export const ${constant} = new ScriptFamily(${sizes}, memory.data<u8>([
${bytes(texts)}]));
`;
  });
  return `// Made of the .lua files beside it by scripts/lua-scripts.mjs. Do not edit. A module holds only the scripts that it uses.
import { ScriptFamily } from "../../redis/script-family";

${constants.join("\n")}`;
}

/** A text as the elements of an array, 64 in a line. */
const bytes = (text) =>
  (
    Buffer.from(text, "latin1")
      .toString("hex")
      .match(/.{1,128}/g) ?? []
  )
    .map((line) => `  ${line.replace(/../g, "0x$&, ").trimEnd()}\n`)
    .join("");

/** Writes the module if it is not up to date and may be written; whether it was up to date. */
export function updateLuaScripts(mayWrite = true) {
  const text = moduleText();
  const isCurrent = existsSync(TARGET) && readFileSync(TARGET, "utf8") === text;
  if (!isCurrent && mayWrite) writeFileSync(TARGET, text);
  return isCurrent;
}
