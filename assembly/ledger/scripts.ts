import { decimalText } from "../bytes/decimal";

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
 * Each key is spelled out: `KEYS[1]`, `KEYS[2]`. The proxies of Alibaba Cloud's clusters read a script before they run
 * it, and refuse one in which a key is written in any other way: as a variable, an expression, or `KEYS[i]` in a loop
 * (https://help.aliyun.com/document_detail/92942.htm, https://developer.aliyun.com/ask/466195). So there is a text for so
 * many counters at the most, which ends early when it is given fewer; and the first key is always a counter, since proxies
 * send a script to where its first key is. `tests/lua/proxy.test.ts` reads them as such a proxy does.
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
 * @param counters how many it can read
 */
export function checkScript(counters: i32): string {
  let text = `local last = #ARGV
local reply = {}
`;
  for (let i = 1; i <= counters; ++i) {
    const at = decimalText(i);
    const next = decimalText(i + 1);
    const tokens = `reply[${decimalText(2 * i - 1)}]`;
    const remaining = `reply[${decimalText(2 * i)}]`;
    text += `${tokens} = redis.pcall('GET', KEYS[${at}])
${remaining} = redis.pcall('PTTL', KEYS[${at}])
if ${remaining} == -1 and type(${tokens}) == 'string' then
  redis.pcall('EXPIRE', KEYS[${at}], ARGV[${at}])
  ${remaining} = ARGV[${at}] * 1000
end
if last == ${next} then reply[${decimalText(2 * i + 1)}] = ARGV[${next}] return reply end
`;
  }
  return text;
}

/**
 * Adds the tokens of one call, once, however often it is run: it is repeated when its reply was lost. The first run leaves
 * a marker, which later runs find.
 *
 * The marker lasts until the deadline of the charge, and from then on the charge is refused, both by Redis' own clock and
 * both decided here: as long as that clock is not set back, no run can come when the marker is gone, however long the
 * command was on its way. A deadline that has passed shows by the marker being gone as soon as it is given.
 *
 *   KEYS     the first counter, the marker, the other counters
 *   ARGV     per counter: its window in seconds; in the place of the marker: the deadline in milliseconds since the epoch;
 *            behind them the tokens to add, and the number of the command
 *   reply    the milliseconds that are left until the deadline; per counter: its value after the addition, or its error,
 *            which stops no other; behind them the number of the command. Instead, of one that was made before: the number
 *            alone; of one that comes too late: -2 and the number
 *
 * Only the first command can end the script with an error; so an error in place of the reply says that nothing was done. A
 * Redis that forbids PEXPIREAT keeps markers for a day.
 * @param counters how many it can add to
 */
export function chargeScript(counters: i32): string {
  let text = `local last = #ARGV
local number = ARGV[last]
if not redis.call('SET', KEYS[2], '', 'NX', 'EX', '86400') then return { number } end
redis.pcall('PEXPIREAT', KEYS[2], ARGV[2])
local left = redis.pcall('PTTL', KEYS[2])
if left == -2 then return { left, number } end
local tokens = ARGV[last - 1]
local reply = { left }
`;
  for (let i = 1; i <= counters; ++i) {
    const key = decimalText(i == 1 ? 1 : i + 1);
    const value = `reply[${decimalText(i + 1)}]`;
    text += `${value} = redis.pcall('INCRBY', KEYS[${key}], tokens)
if type(${value}) == 'number' and redis.pcall('PTTL', KEYS[${key}]) == -1 then redis.pcall('EXPIRE', KEYS[${key}], ARGV[${key}]) end
if last == ${decimalText(i + 3)} then reply[${decimalText(i + 2)}] = number return reply end
`;
  }
  return text;
}
