/**
 * The fixed window, kept in Redis: a counter of tokens per limit, window and caller, which expires one window after
 * its first tokens were counted. The published plugin keeps the same keys, values and expiry, so both may run side
 * by side on one Redis.
 *
 * Thresholds stay out of Redis: Lua's numbers are doubles and lose digits above 2^53, so the filter compares.
 *
 * Beside each script stands its SHA-1, by which Redis caches it; tests/lua checks it against a real Redis.
 */

/**
 * Reads counters, before a request is let through.
 *
 *   KEYS   one counter per window
 *   ARGV   per key: the window in seconds
 *   reply  per key: the counter (nil when nothing is counted yet), then its remaining milliseconds (-2 then)
 *
 * A counter without expiry, which a failing or foreign writer may leave behind, would limit for ever: it is given one.
 */
export const CHECK_SCRIPT = `local reply = {}
for i, key in ipairs(KEYS) do
  local tokens = redis.pcall('GET', key)
  local remaining = redis.call('PTTL', key)
  if remaining == -1 and type(tokens) == 'string' then
    redis.call('EXPIRE', key, ARGV[i])
    remaining = ARGV[i] * 1000
  end
  reply[2 * i - 1] = tokens
  reply[2 * i] = remaining
end
return reply`;
export const CHECK_SHA1 = "81abc68847a8a44cdd58937b0440567b6497b184";

/** How long a charge is remembered, in seconds: longer than it may be repeated. */
export const MARKER_SECONDS: i64 = 60;

/**
 * Adds the tokens of one call, after it has ended. A call that carries a marker is charged once, however often the
 * script is run: it may be repeated when its reply was lost.
 *
 *   KEYS     one counter per window, and behind them the marker of this charge, if it has one
 *   ARGV     per counter: the window in seconds; behind them the tokens to add, and for how many seconds the marker
 *            is kept
 *   reply    per counter: its value after the addition, or its error, which stops no other; empty if it was charged before
 */
export const CHARGE_SCRIPT = `local counters = #ARGV - 2
local reply = {}
if #KEYS > counters and not redis.call('SET', KEYS[#KEYS], '', 'NX', 'EX', ARGV[#ARGV]) then
  return reply
end
for i = 1, counters do
  local tokens = redis.pcall('INCRBY', KEYS[i], ARGV[counters + 1])
  if type(tokens) == 'number' and redis.call('PTTL', KEYS[i]) == -1 then
    redis.call('EXPIRE', KEYS[i], ARGV[i])
  end
  reply[i] = tokens
end
return reply`;
export const CHARGE_SHA1 = "444989abe6962d32e7e3afc13eb367c5fa500067";
