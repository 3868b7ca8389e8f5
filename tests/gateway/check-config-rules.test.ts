// Contract of check-config, for what is right: it is told in words what is limited, without a credential.
import { describe, expect, it } from "vitest";
import { check, plugin, rules } from "./check-config-text.ts";

describe("OK in words", () => {
  it("tells what is limited, by what, how much, and where it is counted", () => {
    const text = plugin(`defaultConfig:
  rule_name: all
  rule_mode: all_match
  global_threshold: {token_per_hour: 1000000}
  rule_items:
  - {limit_by_per_consumer: "", limit_keys: [{key: "*", token_per_minute: 2000, token_per_day: 50000}]}
  - {limit_by_per_ip: from-header-x-real-ip, limit_keys: [{key: 10.0.0.0/8, token_per_second: 5}]}
  redis: {service_name: redis.dns, database: 2}
matchRules:
- ingress: [a, b]
  config:
    rule_name: gold
    rule_items:
    - {limit_by_header: x-api-key, limit_keys: [{key: sk-secret, token_per_month: 7}]}
    - {limit_by_per_param: apikey, limit_keys: [{key: "regexp:^a", token_per_day: 8}]}
    redis: {service_name: redis.static}`);
    expect(check(text)).toEqual([]);
    expect(rules(text)).toEqual([
      "gold, routes a, b: one value of the header x-api-key may use 7 tokens a month, counted in Redis redis.static:80",
      "gold, routes a, b: each value of the URL parameter apikey that matches ^a may use 8 tokens a day, counted in Redis redis.static:80",
      "all, all other requests: all together may use 1,000,000 tokens an hour, counted in Redis redis.dns:6379, database 2; all that match apply",
      "all, all other requests: each consumer may use 2,000 tokens a minute and 50,000 tokens a day, counted in Redis redis.dns:6379, database 2; all that match apply",
      "all, all other requests: each client address in 10.0.0.0/8 (from the header x-real-ip) may use 5 tokens a second, counted in Redis redis.dns:6379, database 2; all that match apply",
    ]);
  });

  it("tells what a match limits, without its values", () => {
    const text = `rule_name: r
rule_items:
- {match: [{consumer: "*"}, {header: x-team, value: secret}, {model: "regexp:^gpt"}], token_per_day: 5}
- {match: [{api_key: sk-secret}, {ip: 10.0.0.0/8, from: from-header-x-real-ip}], token_per_day: 6}
redis: {service_name: r.static}`;
    expect(check(text)).toEqual([]);
    expect(rules(text)).toEqual([
      "r, all requests: each consumer with one value of the header x-team with each model that matches ^gpt may use 5 tokens a day, counted in Redis r.static:80",
      "r, all requests: one API key with each client address in 10.0.0.0/8 (from the header x-real-ip) may use 6 tokens a day, counted in Redis r.static:80",
    ]);
  });

  it("tells how calls reserve what they may cost, by rule", () => {
    const text = `rule_name: r
rule_items:
- {limit_by_per_param: a, limit_keys: [{key: "*", token_per_day: 1}]}
- {limit_by_per_param: b, limit_keys: [{key: "*", token_per_day: 1}], reservation: {mode: clamp}}
- {limit_by_per_param: c, limit_keys: [{key: "*", token_per_day: 1}], reservation: {mode: "off"}}
reservation: {mode: estimate}
redis: {service_name: r.static}`;
    expect(rules(text).map((line) => line.replace(/.*static:80/, ""))).toEqual([
      ", reserved before each call (estimate)",
      ", reserved before each call (clamp)",
      "",
    ]);
  });

  it("tells which limits deny nothing, or more than what is above them", () => {
    const text = `rule_name: r
rule_items:
- {limit_by_per_param: a, limit_keys: [{key: "*", token_per_day: 1}], shadow: true}
- {limit_by_per_param: b, limit_keys: [{key: "*", token_per_day: 1}], on_redis_error: deny}
- {limit_by_per_param: c, limit_keys: [{key: "*", token_per_day: 1}]}
on_limit: header
redis: {service_name: r.static}`;
    expect(rules(text).map((line) => line.replace(/.*static:80/, ""))).toEqual([
      "; denies nothing (shadow)",
      "; calls above it pass with a header; denies when Redis does not answer",
      "; calls above it pass with a header",
    ]);
  });

  it("tells requests from tokens, and whose calendar ends a period", () => {
    const text = `rule_name: r
rule_mode: all_match
calendar: true
time_zone: "+08:00"
global_threshold: {token_per_hour: 5, request_per_month: 7000, in_flight: 2}
rule_items:
- {limit_by_per_consumer: "", time_zone: "-05:00", limit_keys: [{key: "*", request_per_day: 1}]}
- {limit_by_per_header: x, calendar: false, limit_keys: [{key: "*", request_per_second: 2}]}
- {limit_by_per_cookie: c, limit_keys: [{key: "*", in_flight: 3}]}
redis: {service_name: redis.static}`;
    const amounts = rules(text).map((line) => /may use (.*), counted/.exec(line)![1]);
    expect(amounts).toEqual([
      "5 tokens a calendar hour and 7,000 requests a calendar month (UTC+08:00) and 2 calls at the same time",
      "1 requests a calendar day (UTC-05:00)",
      "2 requests a second",
      "3 calls at the same time",
    ]);
  });

  it("never repeats a value that may be a credential, and ends after twenty lines", () => {
    const keys = Array.from({ length: 1234 }, (_, i) => `{key: sk-secret-${i}, token_per_day: 1}`).join(", ");
    const text = `rule_name: r\nrule_items: [{limit_by_header: x, limit_keys: [${keys}]}]\nredis: {service_name: r.static, password: hunter2}`;
    expect(rules(text)).toHaveLength(21);
    expect(rules(text).at(-1)).toBe("… and 1,214 more limits");
    expect(rules(text).join("\n")).not.toMatch(/secret|hunter2/);
  });
});
