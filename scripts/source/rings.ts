/**
 * The circles in a graph (a file and those it imports): each is the largest set of files of which every one leads to every
 * other one. Sorted, and so are the files in them; empty if there is none. (Tarjan's algorithm.)
 */
export function ringsOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const path: string[] = [];
  const onPath = new Set<string>();
  const rings: string[][] = [];

  const visit = (file: string): number => {
    order.set(file, order.size);
    let low = order.get(file)!;
    path.push(file);
    onPath.add(file);
    for (const next of graph.get(file) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (onPath.has(next)) low = Math.min(low, order.get(next)!);
    }
    if (low === order.get(file)) {
      const ring = path.splice(path.indexOf(file));
      for (const member of ring) onPath.delete(member);
      if (ring.length > 1 || graph.get(file)?.includes(file)) rings.push(ring.sort());
    }
    return low;
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return rings.sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
}
