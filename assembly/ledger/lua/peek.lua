-- Reads counters, before a request is let through.
--
--   KEYS   one counter per window
--   ARGV   per key: how many seconds the counter lives, 0 for one that never expires; behind them the number of the command
--   reply  per key: the counter (nil when nothing is counted yet), then its remaining milliseconds (-2 then); behind
--          them the number of the command
--
-- A counter without its expiry, which a failing or foreign writer may leave behind, would limit for ever: it is given one.
--
-- Thresholds stay out of Redis: Lua's numbers are doubles and lose digits above 2^53, so the filter compares.

local last = #ARGV
local reply = {}

-- each i from 1
reply[@{2i-1}] = redis.pcall('GET', KEYS[@{i}])
reply[@{2i}] = redis.pcall('PTTL', KEYS[@{i}])
if reply[@{2i}] == -1 and ARGV[@{i}] ~= '0' and type(reply[@{2i-1}]) == 'string' then
  redis.pcall('EXPIRE', KEYS[@{i}], ARGV[@{i}])
  reply[@{2i}] = ARGV[@{i}] * 1000
end
if last == @{i+1} then reply[@{2i+1}] = ARGV[@{i+1}] return reply end
