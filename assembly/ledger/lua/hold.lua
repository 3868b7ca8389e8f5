-- Reserves tokens on all counters of a request, or on none, before it is let through.
--
-- Beside each counter lies a hash of what is held on it. Holds that lapse at the same time share a field, named after that
-- time in milliseconds since the epoch; `sum` is their sum, and `next` a time before which none of them lapses. So the work
-- does not depend on how many holds are open, and only from `next` on are the fields looked through. What has lapsed is then
-- charged or released. A charge for lapsed holds leaves behind when its window ends (`L` and the name of the field), so that
-- settling such a hold later can correct it. The hash outlives a window, or, beside a balance, 30 days, so that no lapse is missed.
--
--   KEYS   per counter: the counter, and its holds; behind them the marker
--   ARGV   1 what a charge does: 1 if it raises a counter, -1 if it lowers a balance
--          2 the input to reserve, 3 the output, 4 the least output that will do
--          5 `assumed` if the caller stated no output: a counter then gives at most a quarter of its limit for it
--          6 how long a bucket is, in milliseconds: a hold lapses when the ninth from now begins
--          7 `charge` or `release`: what becomes of holds that have lapsed
--          8 how long the marker lasts, in milliseconds
--          per counter: how many seconds it lives, 0 if it never expires; its limit, or what a missing balance begins with
--          behind them the number of the command
--   reply  of what is reserved: the output, and when the hold lapses; of what is denied, per counter: its value (nil when
--          there is none), its remaining milliseconds, what is held on it; behind them the number of the command. Of a marker
--          that exists: the number alone
--
-- Nothing is reserved where what is spent, held and asked for would exceed a limit. The marker is written first, and only that
-- can end the script with an error; so an error in place of the reply says that nothing was reserved.

local number = ARGV[#ARGV]
local rows = (#ARGV - 9) / 2
local sign, input, most, least = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local assumed, width, charges = ARGV[5] == 'assumed', tonumber(ARGV[6]), ARGV[7] == 'charge'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local bucket = (math.floor(now / width) + 9) * width
local runs, values, sums, nexts, shares = {}, {}, {}, {}, {}

local function left(i)
  local left, life = runs[i]('PTTL'), ARGV[2 * i + 7]
  if left ~= -1 or life == '0' or type(values[i]) == 'table' then return left end
  runs[i]('EXPIRE', life)
  return life * 1000
end

local function lapse(i, name, amount)
  if charges then
    values[i] = runs[i]('INCRBY', sign * amount)
    local left = left(i)
    if type(values[i]) == 'number' then runs[i]('HSET', 'L' .. name, left > 0 and now + left or 0) end
  end
  runs[i]('HDEL', name)
end

local function sift(i)
  local fields, sum, soonest = runs[i]('HGETALL'), 0, bucket
  for j = 1, #fields, 2 do
    local name = fields[j]
    local lapses, amount = tonumber(name), tonumber(fields[j + 1]) or 0
    if lapses and lapses > now then
      sum, soonest = sum + amount, math.min(soonest, lapses)
    elseif lapses then
      lapse(i, name, amount)
    else
      lapses = string.match(name, '^L(.*)')
      if lapses and lapses + 32 * width < now then runs[i]('HDEL', name) end
    end
  end
  if sum > 0 then runs[i]('HSET', 'sum', sum, 'next', soonest) else runs[i]('HDEL', 'sum', 'next') end
  sums[i], nexts[i] = sum, soonest
end

local function row(i, limit, value, kept, run)
  if not value and sign < 0 and limit > 0 then
    run('SET', limit)
    value = limit
  end
  runs[i], values[i], shares[i] = run, value, kept[3]
  sums[i], nexts[i] = tonumber(kept[1]) or 0, tonumber(kept[2]) or 0
  if sums[i] > 0 and nexts[i] <= now then sift(i) end
  local room = (sign > 0 and limit or 0) - sign * (tonumber(values[i]) or 0) - sums[i]
  if room <= 0 then most = -1 end
  if assumed and sign > 0 then most = math.min(most, math.floor(limit / 4)) end
  most = math.min(most, room - input)
end

local function hold(i, amount)
  local sum, share, run = sums[i], shares[i], runs[i]
  local soonest = sum > 0 and math.min(nexts[i], bucket) or bucket
  run('HSET', bucket, (share or 0) + amount, 'sum', sum + amount, 'next', soonest)
  if share ~= false then return end
  local life = ARGV[2 * i + 7]
  local lasting = math.max(48 * width, life == '0' and 2592000000 or life * 1000)
  if run('left') < lasting then run('last', lasting) end
end

local function finish(mark)
  if most >= least then
    mark(string.format('%.0f:%.0f', bucket, input + most))
    for i = 1, rows do hold(i, input + most) end
    return { most, bucket, number }
  end
  local reply = {}
  for i = 1, rows do reply[3 * i - 2], reply[3 * i - 1], reply[3 * i] = values[i], left(i), sums[i] end
  reply[3 * rows + 1] = number
  return reply
end

-- each i from 1
row(@{i}, tonumber(ARGV[@{2i+8}]), redis.pcall('GET', KEYS[@{2i-1}]), redis.pcall('HMGET', KEYS[@{2i}], 'sum', 'next', bucket), function(verb, ...)
  if verb == 'HSET' then return redis.pcall('HSET', KEYS[@{2i}], ...) end
  if verb == 'HDEL' then return redis.pcall('HDEL', KEYS[@{2i}], ...) end
  if verb == 'HGETALL' then return redis.pcall('HGETALL', KEYS[@{2i}]) end
  if verb == 'INCRBY' then return redis.pcall('INCRBY', KEYS[@{2i-1}], ...) end
  if verb == 'PTTL' then return redis.pcall('PTTL', KEYS[@{2i-1}]) end
  if verb == 'EXPIRE' then return redis.pcall('EXPIRE', KEYS[@{2i-1}], ...) end
  if verb == 'SET' then return redis.pcall('SET', KEYS[@{2i-1}], ...) end
  if verb == 'left' then return redis.pcall('PTTL', KEYS[@{2i}]) end
  if verb == 'last' then return redis.pcall('PEXPIRE', KEYS[@{2i}], ...) end
end)
if rows == @{i} then
  if redis.call('EXISTS', KEYS[@{2i+1}]) == 1 then return { number } end
  return finish(function(what) redis.call('SET', KEYS[@{2i+1}], what, 'PX', ARGV[8]) end)
end
