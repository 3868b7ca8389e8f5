-- Settles a hold: takes it back from all counters, and adds what the call has consumed, once, however often this is run.
--
-- The marker of a charge (`settle.lua`) is the record of its hold until then. If the hold has lapsed and was charged, only
-- the difference is added, and nothing is given back to a window that has ended since.
--
--   KEYS   per counter: the counter, and its holds; behind them the marker
--   ARGV   1 what a charge does: 1 if it raises a counter, -1 if it lowers a balance
--          2 the tokens to charge, 3 the deadline in milliseconds since the epoch, as in settle.lua
--          4 when the hold lapses, 5 what was held on each counter: if the marker is gone; 0 for no hold
--          6 what the input has cost; -1 if that is not known, or nothing is to be learned from it
--          per counter: its kind, as in hold.lua; behind them the number of the command
--   reply  as that of settle.lua
--
-- What comes too late touches nothing: the record stays, so that the charge finds its hold when it is sent again.

local number = ARGV[#ARGV]
local rows = #ARGV - 7
local sign, tokens, bucket, held = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[4], tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local runs, units, kinds, spans, details = {}, {}, {}, {}, {}

-- include kinds

-- Whether a window that ended then is the one that a counter is in. A balance has one for ever, a bucket none.
local function lasts(i, ended)
  if kinds[i] == 'b' then return false end
  if kinds[i] == '' and spans[i] == 0 then return true end
  if kinds[i] == '' then
    local left = runs[i]('PTTL')
    return left > 0 and math.abs(now + left - ended) < 500
  end
  local _, _, _, index = state(i)
  return (index + 1) * spans[i] == ended
end

local function take(i, held)
  local run = runs[i]
  local kept = run('HMGET', bucket, 'sum', 'L' .. bucket)
  local open, sum, ended = tonumber(kept[1]), tonumber(kept[2]) or 0, tonumber(kept[3])
  if open and sum <= held then
    run('HDEL', bucket, 'sum', 'next', 'cut')
  elseif open then
    run('HSET', 'sum', sum - held, bucket, open - held)
    if open <= held then run('HDEL', bucket) end
  elseif ended then
    local change = tokens - held
    return (change > 0 or lasts(i, ended)) and change or 0
  end
  return tokens
end

local function settle(i, kind)
  local run = runs[i]
  read(i, kind)
  if units[i] == 'r' then return 0 end
  if kinds[i] == 'i' then
    if bucket ~= '0' then take(i, 1) end
    return 0
  end
  local change = held > 0 and take(i, held) or tokens
  if kinds[i] ~= '' then return change == 0 and used(i) or add(i, change) end
  if change == 0 then
    local value = run('GET')
    return tonumber(value) or value or 0
  end
  local value = run('INCRBY', sign * change)
  if type(value) == 'number' and (value == sign * change or details[i]) then ends(i) end
  return value
end

-- The mean and the mean deviation of numbers, after one more. The last sixteen count most.
local function known(learned, number, spread)
  local mean, before = string.match(learned or '', '^(%d+%.%d+) (%d+%.%d+)$')
  if mean then
    spread = before + (math.abs(number - mean) - before) / 16
    mean = mean + (number - mean) / 16
  end
  return string.format('%.3f %.3f', mean or number, spread)
end

-- Learns from a call whose hold is open, before that is ended. hold.lua says what for.
local function learn(record)
  local asked, cut, assumed, model = string.match(record, ':(%d+):(%d+):(o?):(m%d)$')
  if not model then return end
  local row, input = rows, tonumber(ARGV[6])
  while row > 1 and string.sub(ARGV[row + 6], 1, 1) == 'r' do row = row - 1 end
  local past = runs[row]('HMGET', bucket, 'cut', model, 'o')
  local ratio, output = past[3] or '', past[4] or ''
  asked, cut = tonumber(asked), tonumber(cut)
  if not past[1] or input < 0 and cut == 0 then return end
  if input >= 0 and asked >= 64 then ratio = known(ratio, math.max(0.5, math.min(2, input / asked)), 0.1) end
  if input >= 0 and assumed ~= '' then output = known(output, tokens - input, (tokens - input) / 2) end
  runs[row]('HSET', 'cut', math.max(0, (tonumber(past[2]) or 0) - cut), model, ratio, 'o', output)
end

local function finish(record)
  if record then learn(record) end
  local reply = { ARGV[3] - now }
  for i = 1, rows do reply[i + 1] = settle(i, ARGV[i + 6]) end
  reply[rows + 2] = number
  return reply
end

-- each i from 1
runs[@{i}] = function(v, ...)
  if v == 'HMGET' then return redis.pcall('HMGET', KEYS[@{2i}], ...) end
  if v == 'HSET' then return redis.pcall('HSET', KEYS[@{2i}], ...) end
  if v == 'INCRBY' then return redis.pcall('INCRBY', KEYS[@{2i-1}], ...) end
  if v == 'HDEL' then return redis.pcall('HDEL', KEYS[@{2i}], ...) end
  if v == 'PTTL' then return redis.pcall('PTTL', KEYS[@{2i-1}]) end
  if v == 'state' then return redis.pcall('HMGET', KEYS[@{2i-1}], 'a', 'b', 'c') end
  if v == 'keep' then return redis.pcall('HSET', KEYS[@{2i-1}], ...) end
  if v == 'live' then return redis.pcall('PEXPIRE', KEYS[@{2i-1}], ...) end
  if v == 'GET' then return redis.pcall('GET', KEYS[@{2i-1}]) end
end
if rows == @{i} then
  local record = redis.call('GET', KEYS[@{2i+1}])
  if record == '' then return { number } end
  if now >= tonumber(ARGV[3]) then return { -2, number } end
  if record then
    bucket, held = string.match(record, '^(%d+):(%d+)')
    held = tonumber(held) or 0
  elseif tonumber(bucket) > now then
    -- A record outlives its hold. A Redis that has neither has lost both, such as a replica that has taken over.
    bucket, held = '0', 0
  end
  redis.call('SET', KEYS[@{2i+1}], '', 'EX', '86400')
  redis.pcall('PEXPIREAT', KEYS[@{2i+1}], ARGV[3])
  return finish(record)
end
