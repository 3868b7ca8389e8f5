-- Reserves tokens on all counters of a request, or on none, before it is let through.
--
-- Beside each counter lies a hash of what is held: how much, by when it lapses, in buckets of time. So the work does not depend
-- on how many holds are open. What has lapsed by now is charged or released first. A charge for lapsed holds leaves behind
-- when its window ends (`L` and the bucket), so that settling such a hold later can correct it.
--
--   KEYS   per counter: the counter, and its holds; behind them the marker
--   ARGV   1 what a charge does: 1 if it raises a counter, -1 if it lowers a balance
--          2 the input to reserve, 3 the output, 4 the least output that will do
--          5 `assumed` if the caller stated no output: a counter then gives at most a quarter of its limit for it
--          6 how long a bucket is, in milliseconds
--          7 `charge` or `release`: what becomes of holds that have lapsed
--          8 how long the marker lasts, in milliseconds
--          per counter: how many seconds it lives, 0 if it never expires; its limit, or what a missing balance begins with
--          behind them the number of the command
--   reply  per counter: its value (nil when there is none), its remaining milliseconds, what was held before; behind them
--          the output that was reserved, -1 if nothing was; the bucket; the number of the command
--
-- A hold lapses eight to nine buckets from now. Nothing is reserved where what is spent, held and asked for would exceed a limit.

local number = ARGV[#ARGV]
local rows = (#ARGV - 9) / 2
local sign, input, output, least = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local width, charges = tonumber(ARGV[6]), ARGV[7] == 'charge'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local current = math.floor(now / width)
local bucket = string.format('%.0f', current + 9)
local reply, room, limits, hold = {}, {}, {}, {}

local function granted()
  local most = output
  for i = 1, rows do
    if room[i] <= 0 then return -1 end
    if ARGV[5] == 'assumed' and limits[i] > 0 then most = math.min(most, math.floor(limits[i] / 4)) end
    most = math.min(most, room[i] - input)
  end
  if most < least then return -1 end
  return most
end

local function finish(marker)
  local most = granted()
  if most >= 0 then
    local amount = string.format('%.0f', input + most)
    for i = 1, rows do hold[i](amount) end
    marker(bucket .. ':' .. amount)
  end
  reply[3 * rows + 1] = string.format('%.0f', most)
  reply[3 * rows + 2] = bucket
  reply[3 * rows + 3] = number
  return reply
end

-- each i from 1
do
  local life, limit = ARGV[@{2i+7}], tonumber(ARGV[@{2i+8}])
  local value = redis.pcall('GET', KEYS[@{2i-1}])
  if not value and sign < 0 and limit > 0 then
    redis.pcall('SET', KEYS[@{2i-1}], ARGV[@{2i+8}])
    value = ARGV[@{2i+8}]
  end
  local spent, held = tonumber(value) or 0, 0
  local left = redis.pcall('PTTL', KEYS[@{2i-1}])
  local fields = redis.pcall('HGETALL', KEYS[@{2i}])
  for j = 1, #fields, 2 do
    local when = tonumber(fields[j])
    if when and when > current then
      held = held + fields[j + 1]
    elseif when then
      if charges then
        local change = string.format('%.0f', sign * fields[j + 1])
        value = redis.pcall('INCRBY', KEYS[@{2i-1}], change)
        spent = tonumber(value) or spent
        if left < 0 and life ~= '0' then
          redis.pcall('EXPIRE', KEYS[@{2i-1}], life)
          left = life * 1000
        end
        redis.pcall('HSET', KEYS[@{2i}], 'L' .. fields[j], string.format('%.0f', left > 0 and now + left or 0))
      end
      redis.pcall('HDEL', KEYS[@{2i}], fields[j])
    elseif tonumber(string.sub(fields[j], 2)) < current - 32 then
      redis.pcall('HDEL', KEYS[@{2i}], fields[j])
    end
  end
  if left == -1 and life ~= '0' and type(value) == 'string' then
    redis.pcall('EXPIRE', KEYS[@{2i-1}], life)
    left = life * 1000
  end
  reply[@{3i-2}], reply[@{3i-1}], reply[@{3i}] = value, left, string.format('%.0f', held)
  limits[@{i}] = sign > 0 and limit or 0
  room[@{i}] = (sign > 0 and limit or 0) - sign * spent - held
  hold[@{i}] = function(amount)
    if redis.call('HINCRBY', KEYS[@{2i}], bucket, amount) == tonumber(amount) then
      redis.call('PEXPIRE', KEYS[@{2i}], 48 * width)
    end
  end
end
if rows == @{i} then
  if redis.call('EXISTS', KEYS[@{2i+1}]) == 1 then return { number } end
  return finish(function(what) redis.call('SET', KEYS[@{2i+1}], what, 'PX', ARGV[8]) end)
end
