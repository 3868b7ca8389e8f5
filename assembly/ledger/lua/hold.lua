-- Reserves tokens on all counters of a request, or on none, before it is let through.
--
-- Beside each counter lies a hash of what is held on it. Holds that lapse at the same time share a field, named after that
-- time in milliseconds since the epoch; `sum` is their sum, and `next` a time before which none of them lapses. So the work
-- does not depend on how many holds are open, and only from `next` on are the fields looked through. What has lapsed is then
-- charged or released. A charge for lapsed holds leaves behind when its window ends (`L` and the name of the field), so that
-- settling such a hold later can correct it. What settle-held.lua has learned of calls lies there too, on the last counter of a call that
-- has holds: how their input compared with its estimate, for each model (`m3`), and the output of those that stated none
-- (`o`), each as a mean and a mean deviation; and `cut`, by how much that has lowered what is held. The hash outlives a window, or, beside a balance, 30 days, so that no lapse is missed.
--
--   KEYS   per counter: the counter, and its holds; behind them the marker
--   ARGV   1 what a charge does: 1 if it raises a counter, -1 if it lowers a balance
--          2 the input to reserve, 3 the output, 4 the least output that will do
--          5 `assumed` if the caller stated no output: a counter then gives at most a quarter of its limit for it
--          6 how long a bucket is, in milliseconds: a hold lapses when the ninth from now begins
--          7 `charge` or `release`: what becomes of holds that have lapsed
--          8 how long the marker lasts, in milliseconds
--          9 `readings` if the reply is to tell of the counters even when something is reserved; else `-`
--          10 which model is called, from 0 to 7; -1 if nothing is to be corrected, or learned from the call
--          11 the least that the estimate of the input may be multiplied by, in percent; below 100, an assumed output may be lowered too
--          per counter: its kind; its limit, or the burst of a bucket, or what a missing balance begins with. Below zero: it is
--          reserved on it, but it has no say
--          behind them the number of the command
--   reply  of what is denied, or if `readings` are wanted, per counter: its value (nil when there is none), its remaining
--          milliseconds, or those until there is room, and what is held on it, all before this call; of what is reserved: the output,
--          when the hold lapses, by how much the input was corrected, and `held`; behind them the number of the command. Of a marker that exists: the number alone.
--          If holds have lapsed on the last counter of tokens, how much they held stands before `held`, or, of what is denied, before a nil
--
--   kinds  `60` a window of 60 seconds that begins with the first token in it: the published counter; `0` a balance, which never
--          expires; `s60` a window that slides; `b60:100` a bucket that gets 100 tokens back in 60 seconds; `c86400+28800` a day of a
--          calendar that is eight hours ahead of UTC, where 2592000 is a month of any length; `i` calls at the
--          same time, of which each holds one and leaves none. An `r` before a window has it count requests: this script adds
--          each that it admits, and nothing is held or settled
--
-- Nothing is reserved where what is spent, held and asked for would exceed a limit. The marker is written first, and only that
-- can end the script with an error; so an error in place of the reply says that nothing was reserved.

local number = ARGV[#ARGV]
local rows = (#ARGV - 12) / 2
local sign, input, most, least = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local assumed, width, charges = ARGV[5] == 'assumed', tonumber(ARGV[6]), ARGV[7] == 'charge'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local bucket = (math.floor(now / width) + 9) * width
local runs, values, sums, nexts, shares = {}, {}, {}, {}, {}
local units, kinds, spans, details, limits = {}, {}, {}, {}, {}
-- The last row with holds, the least room of a row, the largest output that may be assumed, and whether some row has no room at all.
local home, full
local space, quarter, cut, cuts = math.huge, math.huge, 0, 0
-- What holds have lapsed on the last row of tokens: so each is told of once.
local lapsed = 0

-- include kinds

-- When there will be room for what is asked, in milliseconds from now, if nobody else spends.
local function wait(i)
  local own, before, part = state(i)
  local asked, span = units[i] == 'r' and 1 or input + math.max(least, 1), spans[i]
  local free = limits[i] - sums[i] - asked
  if free < 0 then return span end
  if kinds[i] == 'b' then return math.ceil(math.max(0, own - free) * span / details[i]) end
  if own > free then return math.ceil((part + 1 - free / own) * span) end
  return before > 0 and math.ceil(math.max(0, part - (free - own) / before) * span) or 0
end

local function left(i)
  if kinds[i] ~= '' then return kinds[i] == 'i' and -1 or wait(i) end
  return type(values[i]) == 'table' and runs[i]('PTTL') or ends(i)
end

local function lapse(i, name, amount)
  if charges and (kinds[i] == 's' or kinds[i] == 'b') then
    values[i] = add(i, amount)
    local _, _, _, at = state(i)
    runs[i]('HSET', 'L' .. name, kinds[i] == 's' and (at + 1) * spans[i] or 1)
  elseif charges and kinds[i] == '' then
    values[i] = runs[i]('INCRBY', sign * amount)
    local left = left(i)
    if type(values[i]) == 'number' then runs[i]('HSET', 'L' .. name, left > 0 and now + left or 0) end
  end
  runs[i]('HDEL', name)
end

local function sift(i)
  local fields, sum, soonest, gone = runs[i]('HGETALL'), 0, bucket, 0
  for j = 1, #fields, 2 do
    local name = fields[j]
    local lapses, amount = tonumber(name), tonumber(fields[j + 1]) or 0
    if lapses and lapses > now then
      sum, soonest = sum + amount, math.min(soonest, lapses)
    elseif lapses then
      gone = gone + amount
      lapse(i, name, amount)
    else
      lapses = string.match(name, '^L(.*)')
      if lapses and lapses + 32 * width < now then runs[i]('HDEL', name) end
    end
  end
  if sum > 0 then runs[i]('HSET', 'sum', sum, 'next', soonest) else runs[i]('HDEL', 'sum', 'next', 'cut') end
  sums[i], nexts[i] = sum, soonest
  return gone
end

local function row(i, kind, limit, kept, run)
  runs[i], limits[i], shares[i] = run, math.abs(limit), kept[3]
  read(i, kind)
  local value = 0
  if kinds[i] == '' then value = run('GET') elseif kinds[i] ~= 'i' then value = used(i) end
  if not value and sign < 0 and limit > 0 then
    value = run('INCRBY', limit)
  end
  values[i] = value
  sums[i], nexts[i] = tonumber(kept[1]) or 0, tonumber(kept[2]) or 0
  local gone = sums[i] > 0 and nexts[i] <= now and sift(i) or 0
  if units[i] ~= 'r' then home = i end
  if units[i] ~= 'r' and kinds[i] ~= 'i' then lapsed = gone end
  if limit < 0 then return end
  if kinds[i] == 'i' or units[i] == 'r' then
    if (tonumber(value) or 0) + sums[i] >= limit then full = true end
    return
  end
  local room = (sign > 0 and limit or 0) - sign * (tonumber(values[i]) or 0) - sums[i]
  if room <= 0 then full = true end
  if sign > 0 then quarter = math.min(quarter, math.floor(limit / 4)) end
  space = math.min(space, room)
end

-- What was learned, as the most that is to be expected: the mean and some mean deviations, which calls seldom exceed.
local function expected(learned, deviations)
  local mean, spread = string.match(learned or '', '^(%d+%.%d+) (%d+%.%d+)$')
  return mean and mean + deviations * spread
end

-- Corrects the input and an assumed output by what was learned. What this adds denies no call. What it takes away from all
-- open calls together is at most a quarter of the room, so that nobody gets far by teaching it first.
local function correct()
  local past, lowest = runs[home]('past', 'o', 'm' .. ARGV[10], 'cut'), ARGV[11] / 100
  local asked, output = math.ceil(input * math.max(lowest, math.min(2, expected(past[2], 2) or 1))), most
  if assumed then output = math.min(quarter, math.ceil(expected(past[1], 3) or most)) end
  if lowest == 1 then output = math.max(output, most) end
  cut, cuts = math.max(0, input + most - asked - output), tonumber(past[3]) or 0
  if cut + cuts > space / 4 then asked, output, cut = math.max(asked, input), math.max(output, most), 0 end
  if asked > input then asked = math.max(input, math.min(asked, space - least)) end
  input, most = asked, output
end

local function hold(i, amount)
  if units[i] == 'r' then
    if kinds[i] ~= '' then return add(i, 1) end
    if type(runs[i]('INCRBY', 1)) == 'number' then ends(i) end
    return
  end
  if kinds[i] == 'i' then amount = 1 elseif amount == 0 then return end
  local sum, share, run = sums[i], shares[i], runs[i]
  local soonest = sum > 0 and math.min(nexts[i], bucket) or bucket
  run('HSET', bucket, (share or 0) + amount, 'sum', sum + amount, 'next', soonest)
  if share ~= false then return end
  local lasting = math.max(48 * width, spans[i] == 0 and kinds[i] == '' and 2592000000 or spans[i])
  if run('left') < lasting then run('last', lasting) end
end

local function finish(mark)
  if assumed then most = math.min(most, quarter) end
  local learns = home and ARGV[10] ~= '-1'
  if learns then correct() end
  most = full and -1 or math.min(most, space - input)
  local fits, reply, last = most >= least, {}, 0
  if not fits or ARGV[9] ~= '-' then
    for i = 1, rows do reply[3 * i - 2], reply[3 * i - 1], reply[3 * i] = values[i], left(i), sums[i] end
    last = 3 * rows
  end
  if fits then
    local record = string.format('%.0f:%.0f', bucket, input + most)
    if learns then record = record .. string.format(':%s:%.0f:%s:m%s', ARGV[2], cut, assumed and 'o' or '', ARGV[10]) end
    mark(record)
    for i = 1, rows do hold(i, input + most) end
    if cut > 0 then runs[home]('HSET', 'cut', cuts + cut) end
    reply[last + 1], reply[last + 2], reply[last + 3] = most, bucket, input - ARGV[2]
    last = last + 3
  end
  if lapsed > 0 then
    reply[last + 1] = lapsed
    last = last + 1
  end
  if fits or lapsed > 0 then
    reply[last + 1] = fits and 'held'
    last = last + 1
  end
  reply[last + 1] = number
  return reply
end

-- each i from 1
row(@{i}, ARGV[@{2i+10}], tonumber(ARGV[@{2i+11}]), redis.pcall('HMGET', KEYS[@{2i}], 'sum', 'next', bucket), function(v, ...)
  if v == 'HSET' then return redis.pcall('HSET', KEYS[@{2i}], ...) end
  if v == 'HDEL' then return redis.pcall('HDEL', KEYS[@{2i}], ...) end
  if v == 'HGETALL' then return redis.pcall('HGETALL', KEYS[@{2i}]) end
  if v == 'INCRBY' then return redis.pcall('INCRBY', KEYS[@{2i-1}], ...) end
  if v == 'GET' then return redis.pcall('GET', KEYS[@{2i-1}]) end
  if v == 'state' then return redis.pcall('HMGET', KEYS[@{2i-1}], 'a', 'b', 'c') end
  if v == 'keep' then return redis.pcall('HSET', KEYS[@{2i-1}], ...) end
  if v == 'live' then return redis.pcall('PEXPIRE', KEYS[@{2i-1}], ...) end
  if v == 'PTTL' then return redis.pcall('PTTL', KEYS[@{2i-1}]) end
  if v == 'past' then return redis.pcall('HMGET', KEYS[@{2i}], ...) end
  if v == 'left' then return redis.pcall('PTTL', KEYS[@{2i}]) end
  if v == 'last' then return redis.pcall('PEXPIRE', KEYS[@{2i}], ...) end
end)
if rows == @{i} then
  if redis.call('EXISTS', KEYS[@{2i+1}]) == 1 then return { number } end
  return finish(function(what) redis.call('SET', KEYS[@{2i+1}], what, 'PX', ARGV[8]) end)
end
