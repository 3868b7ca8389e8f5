-- Reads balances, before a request is let through.
--
--   KEYS   one balance each
--   ARGV   per key: what a missing balance begins with, 0 for nothing; behind them the number of the command
--   reply  per key: the balance (nil when there is none), then -1, since a balance does not expire; behind them the number
--          of the command

local last = #ARGV
local reply = {}

-- each i from 1
reply[@{2i-1}] = redis.pcall('GET', KEYS[@{i}])
reply[@{2i}] = -1
if not reply[@{2i-1}] and ARGV[@{i}] ~= '0' then
  redis.pcall('SET', KEYS[@{i}], ARGV[@{i}])
  reply[@{2i-1}] = redis.pcall('GET', KEYS[@{i}])
end
if last == @{i+1} then reply[@{2i+1}] = ARGV[@{i+1}] return reply end
