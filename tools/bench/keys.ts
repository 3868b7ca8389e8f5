// Configurations of many keys, and requests that they match.

export const KINDS = ["exact", "CIDR v4", "CIDR v6", "*", "regexp"] as const;
export type Kind = (typeof KINDS)[number];

/** Where requests carry their key, and where their address. */
export const KEY_HEADER = "x-api-key";
export const ADDRESS_HEADER = "x-forwarded-for";

export interface Keys {
  configuration: string;
  /** Header values that match, each another key if there are enough of them. */
  values: string[];
}

const REDIS = { service_name: "redis.dns" };

/** A configuration with one rule item of `count` keys, and `requests` values drawn evenly from them. */
export function keysOf(kind: Kind, count: number, requests: number): Keys {
  const numbers = Array.from({ length: count }, (_, i) => i);
  const limit_keys = numbers.map((i) => ({ key: keyOf(kind, i), token_per_minute: 100 + i }));
  const rule_items = [{ [fieldOf(kind)]: nameOf(kind), limit_keys }];
  const values = Array.from({ length: requests }, (_, i) => valueOf(kind, drawn(i, count)));
  return { configuration: JSON.stringify({ rule_name: "bench", rule_items, redis: REDIS }), values };
}

/** A number below `count`, scattered. */
function drawn(i: number, count: number): number {
  return Math.floor((((i * 2654435761) >>> 0) / 2 ** 32) * count);
}

const isAddress = (kind: Kind): boolean => kind.startsWith("CIDR");

function fieldOf(kind: Kind): string {
  if (isAddress(kind)) return "limit_by_per_ip";
  return kind === "exact" ? "limit_by_header" : "limit_by_per_header";
}

function nameOf(kind: Kind): string {
  return isAddress(kind) ? `from-header-${ADDRESS_HEADER}` : KEY_HEADER;
}

const apiKey = (i: number): string =>
  `sk-${String(i).padStart(5, "0")}-${((i * 2654435761) >>> 0).toString(36)}`;
const v4 = (i: number): string => `10.${i >> 8}.${i & 255}`;
const v6 = (i: number): string => `2001:db8:${(i * 5).toString(16)}`;

function keyOf(kind: Kind, i: number): string {
  switch (kind) {
    case "exact":
      return apiKey(i);
    case "CIDR v4":
      return `${v4(i)}.0/24`;
    case "CIDR v6":
      return `${v6(i)}::/48`;
    case "*":
      return i === 0 ? "*" : `regexp:^team-${i}-`;
    case "regexp":
      return `regexp:^team-${i}-`;
  }
}

function valueOf(kind: Kind, i: number): string {
  switch (kind) {
    case "exact":
      return apiKey(i);
    case "CIDR v4":
      return `${v4(i)}.77`;
    case "CIDR v6":
      return `${v6(i)}::1:77`;
    case "*":
    case "regexp":
      return `team-${i}-7Qm2XvR9tLpW`;
  }
}
