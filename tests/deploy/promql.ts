// Reads PromQL, so that tests know whether an expression is right and which metrics it asks for.
import { parser } from "@prometheus-io/lezer-promql";

/** The metrics that an expression names, in order. @throws if it is not PromQL */
export function metricsOf(expression: string): string[] {
  const metrics: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ type, from, to, node }) => {
      if (type.isError) throw new Error(`no PromQL at ${from}: ${expression}`);
      if (type.name === "Identifier" && node.parent?.name === "VectorSelector")
        metrics.push(expression.slice(from, to));
    },
  });
  return metrics;
}
