// JSON texts with all their members, also repeated ones, in order; JSON.parse keeps the last of each name only.

/** A scalar as in the source, a list, or an object. */
export type Json = string | readonly Json[] | { readonly members: readonly Member[] };
export type Member = readonly [name: string, value: Json];

export const isObject = (json: Json): json is { readonly members: readonly Member[] } =>
  typeof json === "object" && "members" in json;

/** Parses a valid text. */
export function parseMembers(text: string): Json {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gsu) ?? [];
  let at = 0;
  const value = (): Json => {
    const token = tokens[at++]!;
    if (token === "[") {
      const items: Json[] = [];
      while (tokens[at] !== "]") {
        items.push(value());
        if (tokens[at] === ",") ++at;
      }
      ++at;
      return items;
    }
    if (token !== "{") return token;
    const members: Member[] = [];
    while (tokens[at] !== "}") {
      const name = JSON.parse(tokens[at]!) as string;
      at += 2;
      members.push([name, value()]);
      if (tokens[at] === ",") ++at;
    }
    ++at;
    return { members };
  };
  return value();
}
