import { LIMITER, QUOTA, type OwnPlugin } from "./own-plugins.ts";
import { isObject, type Json, type JsonObject } from "./yaml.ts";

/** The most lines for one configuration: nobody reads ten thousand keys. */
const MAX_LINES = 20;

/** Name of a unit in fields, and in words. */
const UNITS = [
  ["token", "tokens"],
  ["request", "requests"],
] as const;
const TIMES = ["second", "minute", "hour", "day", "week", "month"];

/** Of several in one rule item, the last one counts. */
const SUBJECTS: readonly [field: string, one: string, each: string][] = [
  ["limit_by_header", "one value of the header NAME", ""],
  ["limit_by_param", "one value of the URL parameter NAME", ""],
  ["limit_by_cookie", "one value of the cookie NAME", ""],
  ["limit_by_per_header", "", "each value of the header NAME"],
  ["limit_by_per_param", "", "each value of the URL parameter NAME"],
  ["limit_by_per_cookie", "", "each value of the cookie NAME"],
  ["limit_by_api_key", "one API key", ""],
  ["limit_by_per_api_key", "", "each API key"],
  ["limit_by_model", "one model", ""],
  ["limit_by_per_model", "", "each model"],
  ["limit_by_consumer", "one consumer", ""],
  ["limit_by_per_consumer", "", "each consumer"],
  ["limit_by_per_ip", "", "each client address"],
];

const SELECTORS = [
  ["_match_route_", "routes"],
  ["_match_domain_", "domains"],
  ["_match_service_", "services"],
  ["_match_route_prefix_", "routes that begin with"],
] as const;

/** Of each plugin, a field that every configuration has, and what a configuration does to the requests of a scope, in words. */
const PLUGINS: Record<OwnPlugin, [required: string, lines: (config: JsonObject, scope: string) => string[]]> =
  {
    [LIMITER]: ["rule_name", limitsOf],
    [QUOTA]: ["admin_consumer", balancesOf],
  };

/**
 * What an accepted configuration does, one line per limit or balance: for which requests, what is limited, to how much, and
 * where it is counted. Values that callers send, which may be credentials, are not repeated.
 */
export function inWords(plugin: OwnPlugin, config: JsonObject): string[] {
  const [required, linesOf] = PLUGINS[plugin];
  const rules = list(config._rules_).filter(isObject);
  const lines = rules.flatMap((rule) => linesOf(rule, scopeOf(rule)));
  return required in config
    ? [...lines, ...linesOf(config, rules.length > 0 ? "all other requests" : "all requests")]
    : lines;
}

/** For which requests a rule of `_rules_` is, in words. */
export function scopeOf(rule: JsonObject): string {
  const parts = SELECTORS.flatMap(([field, words]) => {
    const names = list(rule[field]).map(plain);
    return names.length > 0 ? [`${words} ${names.join(", ")}`] : [];
  });
  return parts.join(" to ");
}

function limitsOf(config: JsonObject, scope: string): string[] {
  const where = redisOf(isObject(config.redis) ? config.redis : {});
  const subjects: [subject: string, amount: string, strictness: string, reservation?: Json][] = [];
  if (isObject(config.global_threshold))
    subjects.push(["all together", amountOf(config.global_threshold, config), strictnessOf(config)]);
  for (const item of list(config.rule_items).filter(isObject)) {
    const combined = list(item.match).filter(isObject);
    const keys = combined.length > 0 ? [item] : list(item.limit_keys).filter(isObject);
    const calendar = item.calendar ?? config.calendar;
    const time_zone = item.time_zone ?? config.time_zone;
    for (const key of keys) {
      const amount = amountOf(key, { calendar, time_zone } as JsonObject);
      const subject = combined.length > 0 ? combined.map(conditionOf).join(" with ") : subjectOf(item, key);
      subjects.push([subject, amount, strictnessOf(config, item), item.reservation]);
    }
  }
  const all = config.rule_mode === "all_match" && subjects.length > 1 ? "; all that match apply" : "";
  const lines = subjects.map(
    ([subject, amount, strictness, reservation]) =>
      `${plain(config.rule_name)}, ${scope}: ${subject} may use ${amount}, ` +
      `counted in ${where}${reservedBy(reservation ?? config.reservation)}${strictness}${all}`,
  );
  return lines.length > MAX_LINES
    ? [
        ...lines.slice(0, MAX_LINES),
        `… and ${(lines.length - MAX_LINES).toLocaleString("en-US")} more limits`,
      ]
    : lines;
}

function balancesOf(config: JsonObject, scope: string): string[] {
  const where = redisOf(isObject(config.redis) ? config.redis : {});
  // The plugin's own defaults.
  const key = plain(config.redis_key_prefix) || "chat_quota:";
  const path = plain(config.admin_path) || "/quota";
  const endings = list(config.enable_path_suffixes).map(plain);
  const calls =
    endings.length === 0 || endings.includes("*") ? "" : ` on paths that end in ${endings.join(" or ")}`;
  const { create } = isObject(config.on_missing) ? config.on_missing : {};
  const start =
    create === undefined ? "" : `, which begins with ${Number(create).toLocaleString("en-US")} tokens`;
  return [
    `${scope}: each consumer may use its balance${start}${calls}, kept as ${key}<consumer> in ${where}` +
      `${reservedBy(config.reservation)}; ` +
      `${plain(config.admin_consumer)} may change balances at /v1/chat/completions${path}`,
  ];
}

function redisOf(redis: JsonObject): string {
  const cluster = isObject(redis.http) ? plain(redis.http.cluster) : "";
  const name = plain(redis.service_name);
  // The filter's own defaults.
  const port = Number(redis.service_port) || (name.endsWith(".static") ? 80 : 6379);
  const database = Number(redis.database) || 0;
  const where = cluster === "" ? `Redis ${name}:${port}` : `Redis behind the cluster ${cluster}`;
  return database === 0 ? where : `${where}, database ${database}`;
}

/** What a limit does that is not only counted and enforced. */
function strictnessOf(config: JsonObject, item: JsonObject = {}): string {
  if ((item.shadow ?? config.shadow) === true) return "; denies nothing (shadow)";
  const parts = [
    config.on_limit === "header" ? "; calls above it pass with a header" : "",
    (item.on_redis_error ?? config.on_redis_error) === "deny" ? "; denies when Redis does not answer" : "",
  ];
  return parts.join("");
}

/** How calls reserve what they may cost, if they do. */
function reservedBy(reservation: Json | undefined): string {
  const mode = isObject(reservation) ? plain(reservation.mode) : "off";
  return mode === "off" ? "" : `, reserved before each call (${mode})`;
}

/** A condition of `match`, in the words for a rule item that has only this one. */
function conditionOf(condition: JsonObject): string {
  const [kind = "", name] =
    Object.entries(condition).find(([field]) => !["value", "from"].includes(field)) ?? [];
  const isNamed = ["header", "param", "cookie"].includes(kind);
  const key = (isNamed ? condition.value : name) ?? "";
  const splits = kind === "ip" || /^(\*$|regexp:)/.test(plain(key));
  const field = isNamed ? name : kind === "ip" ? (condition.from ?? "from-remote-addr") : "";
  return subjectOf({ [`limit_by_${splits ? "per_" : ""}${kind}`]: field ?? "" }, { key });
}

function subjectOf(item: JsonObject, { key }: JsonObject): string {
  const [field = "", one = "", each = ""] = SUBJECTS.filter(([name]) => name in item).at(-1) ?? [];
  const name = plain(item[field]);
  const text = plain(key);
  if (field === "limit_by_per_ip") {
    const source =
      name === "from-remote-addr" ? "" : ` (from the header ${name.replace("from-header-", "")})`;
    return `${each}${/^(0\.0\.0\.0|::)\/0$/.test(text) ? "" : ` in ${text}`}${source}`;
  }
  if (one !== "") return one.replace("NAME", () => name);
  const pattern = text === "*" ? "" : ` that matches ${text.replace("regexp:", "")}`;
  return each.replace("NAME", () => name) + pattern;
}

/** What a limit allows. @param counting how it counts: the fields of its rule item, or else of the configuration */
function amountOf(limit: JsonObject, { calendar, time_zone }: JsonObject): string {
  const isCalendar = calendar === true;
  const parts = UNITS.flatMap(([unit, words]) =>
    TIMES.flatMap((time) => {
      const count = limit[`${unit}_per_${time}`];
      const article = !isCalendar && time === "hour" ? "an" : "a";
      return count === undefined
        ? []
        : [`${numberOf(count)} ${words} ${article} ${isCalendar ? "calendar " : ""}${time}`];
    }),
  );
  if (isCalendar && parts.length > 0) parts.push(`${parts.pop()} (UTC${plain(time_zone)})`);
  if (limit.in_flight !== undefined) parts.push(`${numberOf(limit.in_flight)} calls at the same time`);
  return parts.join(" and ");
}

const numberOf = (count: Json | undefined): string => Number(count).toLocaleString("en-US");

/** A scalar in one line, cut when it is long. */
function plain(value: Json | undefined): string {
  if (typeof value === "object" || value === undefined) return "";
  const text = String(value).replace(/\s+/g, " ");
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** A list; one value stands for a list of it. */
function list(value: Json | undefined): Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
