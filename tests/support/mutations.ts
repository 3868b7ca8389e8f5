// Small changes to texts and configurations, for tests that want to break them.

/** `text` with a part at a position that `at` selects replaced. */
export function splice(text: string, at: number, replacement: string): string {
  const from = at % (text.length + 1);
  return text.slice(0, from) + replacement + text.slice(from + (at % 7));
}

/** The configuration with the field that `at` selects replaced. */
export function mutate(configuration: object, at: number, value: unknown): object {
  const places: [object, string][] = [];
  const collect = (node: object): void => {
    for (const [key, child] of Object.entries(node)) {
      places.push([node, key]);
      if (typeof child === "object" && child !== null) collect(child as object);
    }
  };
  collect(configuration);
  const [node, key] = places[at % places.length]!;
  (node as Record<string, unknown>)[key] = value;
  return configuration;
}
