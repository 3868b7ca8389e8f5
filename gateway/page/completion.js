/** What may be written at the end of a text of YAML, by the JSON schema of the configuration. */
export function completionsAt(schema, before) {
  const lines = before.split("\n");
  const last = lines.pop() ?? "";
  const [, name] = /^[\s-]*(\w+):\s*$/.exec(last) ?? [];
  if (name !== undefined) return valuesOf(schema, placesAt(schema, lines, last), name);
  if (!/^[\s-]*$/.test(last)) return [];
  return fieldsOf(schema, placesAt(schema, lines, last));
}

/** The parents of the last line: the names of fields whose indentation is less, from the outside in. */
function parentsOf(lines, last) {
  let indentation = /^[\s-]*/.exec(last)[0].length;
  const parents = [];
  for (const line of lines.toReversed()) {
    const [, lead, name, rest] = /^([\s-]*)([\w$-]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || lead.length >= indentation) continue;
    indentation = lead.length;
    if (rest === "" || rest.startsWith("#")) parents.unshift(name);
  }
  return parents;
}

/** The schemas that describe the place. Those of a manifest lead to the configuration in it. */
function placesAt(schema, lines, last) {
  const parents = parentsOf(lines, last);
  const at = parents.findLastIndex((name) => ["defaultConfig", "pluginConfig", "config"].includes(name));
  const isManifest = lines.some((line) => /^kind:\s*WasmPlugin/.test(line));
  if (isManifest && at < 0) return [];
  return parents
    .slice(at + 1)
    .reduce(
      (places, name) =>
        places.flatMap((place) => place.properties?.[name] ?? []).flatMap((one) => open(schema, one)),
      open(schema, schema),
    );
}

/** A schema with all that it refers to and chooses from; items stand for their list. */
function open(schema, place, depth = 0) {
  if (place === undefined || depth > 8) return [];
  const referred = place.$ref?.startsWith("#/definitions/")
    ? open(schema, schema.definitions[place.$ref.slice(14)], depth + 1)
    : [];
  const inner = [place.items, ...(place.anyOf ?? []), ...(place.oneOf ?? []), ...(place.allOf ?? [])];
  return [place, ...referred, ...inner.flatMap((one) => open(schema, one, depth + 1))];
}

function fieldsOf(schema, places) {
  const fields = new Map(places.flatMap(({ properties }) => Object.entries(properties ?? {})));
  return [...fields]
    .filter(([label]) => !label.startsWith("_"))
    .map(([label, place]) => ({
      label,
      type: "property",
      apply: `${label}: `,
      info: open(schema, place).find(({ description }) => description)?.description,
    }));
}

function valuesOf(schema, places, name) {
  const found = places.flatMap(({ properties }) => open(schema, properties?.[name]));
  const values = found.flatMap((place) => [
    ...(place.enum ?? []),
    ...(place.const === undefined ? [] : [place.const]),
    ...(place.type === "boolean" ? [true, false] : []),
  ]);
  return [...new Set(values)].map((value) => ({ label: String(value), type: "constant" }));
}
