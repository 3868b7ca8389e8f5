-- Settles a hold: takes it back from all counters, and adds what the call has consumed, once, however often this is run.
--
-- The marker of a charge (`settle.lua`) is the record of its hold until then. If the hold has lapsed and was charged, only
-- the difference is added, and nothing is given back to a window that has ended since.
--
--   KEYS   per counter: the counter, and its holds; behind them the marker
--   ARGV   1 what a charge does: 1 if it raises a counter, -1 if it lowers a balance
--          2 the tokens to charge, 3 the deadline in milliseconds since the epoch, as in settle.lua
--          4 the bucket of the hold, 5 what was held on each counter: if the marker is gone; 0 for no hold
--          per counter: how many seconds it lives, 0 if it never expires; behind them the number of the command
--   reply  as that of settle.lua

local number = ARGV[#ARGV]
local rows = #ARGV - 6
local sign, tokens = tonumber(ARGV[1]), tonumber(ARGV[2])
local bucket, held = ARGV[4], ARGV[5]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local settle = {}

local function finish(left)
  local reply = { left }
  for i = 1, rows do reply[i + 1] = settle[i](tonumber(held)) end
  reply[rows + 2] = number
  return reply
end

-- each i from 1
settle[@{i}] = function(amount)
  local add = tokens
  if amount > 0 then
    local open = tonumber(redis.pcall('HGET', KEYS[@{2i}], bucket))
    local ended = not open and tonumber(redis.pcall('HGET', KEYS[@{2i}], 'L' .. bucket))
    if open and open > amount then
      redis.pcall('HINCRBY', KEYS[@{2i}], bucket, string.format('%.0f', -amount))
    elseif open then
      redis.pcall('HDEL', KEYS[@{2i}], bucket)
    elseif ended then
      local left = redis.pcall('PTTL', KEYS[@{2i-1}])
      add = tokens - amount
      if ended > 0 and add < 0 and not (left > 0 and math.abs(now + left - ended) < 500) then add = 0 end
    end
  end
  local sum = redis.pcall('INCRBY', KEYS[@{2i-1}], string.format('%.0f', sign * add))
  if ARGV[@{i+5}] ~= '0' and type(sum) == 'number' and redis.pcall('PTTL', KEYS[@{2i-1}]) == -1 then
    redis.pcall('EXPIRE', KEYS[@{2i-1}], ARGV[@{i+5}])
  end
  return sum
end
if rows == @{i} then
  local known = redis.call('GET', KEYS[@{2i+1}])
  if known == '' then return { number } end
  if known then bucket, held = string.match(known, '^(%d+):(%d+)$') end
  if not held then bucket, held = '0', '0' end
  redis.call('SET', KEYS[@{2i+1}], '', 'EX', '86400')
  redis.pcall('PEXPIREAT', KEYS[@{2i+1}], ARGV[3])
  local left = redis.pcall('PTTL', KEYS[@{2i+1}])
  if left == -2 then return { left, number } end
  return finish(left)
end
