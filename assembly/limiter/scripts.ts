/**
 * The fixed window, kept in Redis: a counter of tokens per limit, window and caller, which expires one window after
 * its first tokens were counted. The published plugin keeps the same keys, values and expiry, so both may run side
 * by side on one Redis.
 *
 * Thresholds stay out of Redis: Lua's numbers are doubles and lose digits above 2^53, so the filter compares.
 *
 * The last argument of each is the number of the command, and the last element of its reply: by it the filter knows
 * whose reply it is (`redis/script.ts`).
 *
 * Beside each script stands its SHA-1, by which Redis caches it; tests/lua checks it against a real Redis.
 */

/**
 * Reads counters, before a request is let through.
 *
 *   KEYS   one counter per window
 *   ARGV   per key: the window in seconds; behind them the number of the command
 *   reply  per key: the counter (nil when nothing is counted yet), then its remaining milliseconds (-2 then); behind
 *          them the number of the command
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
reply[2 * #KEYS + 1] = ARGV[#ARGV]
return reply`;
export const CHECK_SHA1 = "1ebaee0dc327a3242e80764d56ff532e9bd3b84e";

/** How long a charge is remembered, in seconds: longer than it may be repeated. */
export const MARKER_SECONDS: i64 = 60;

/**
 * Adds the tokens of one call, after it has ended. A call that carries a marker is charged once, however often the
 * script is run: it may be repeated when its reply was lost.
 *
 *   KEYS     one counter per window, and behind them the marker of this charge, if it has one
 *   ARGV     per counter: the window in seconds; behind them the tokens to add, for how many seconds the marker is
 *            kept, and the number of the command
 *   reply    per counter: its value after the addition, or its error, which stops no other; none if it was charged
 *            before; behind them the number of the command
 */
export const CHARGE_SCRIPT = `local counters = #ARGV - 3
local reply = {}
if #KEYS > counters and not redis.call('SET', KEYS[#KEYS], '', 'NX', 'EX', ARGV[counters + 2]) then
  return { ARGV[#ARGV] }
end
for i = 1, counters do
  local tokens = redis.pcall('INCRBY', KEYS[i], ARGV[counters + 1])
  if type(tokens) == 'number' and redis.call('PTTL', KEYS[i]) == -1 then
    redis.call('EXPIRE', KEYS[i], ARGV[i])
  end
  reply[i] = tokens
end
reply[counters + 1] = ARGV[#ARGV]
return reply`;
export const CHARGE_SHA1 = "f9648256ece5f72fb57500925432597f94fab316";
