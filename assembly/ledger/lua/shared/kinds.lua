-- The kinds of counters. For each row of the script: `runs` sends its commands, `units` has the letter of what it counts ('' for
-- tokens), `kinds` that of its kind ('' for a string), `spans` the length of its window in milliseconds, or, by the
-- calendar, how much of it is left; `details` what a bucket gets back in that time, or the offset of the calendar.
--
-- A sliding window keeps the number of its window, what was added in it, and in the one before: of that counts the part that is
-- not yet a whole length ago. A bucket keeps what is missing from it, and when that was so.

local function state(i)
  local kept, span = runs[i]('state'), spans[i]
  local a, b, c = tonumber(kept[1]), tonumber(kept[2]) or 0, tonumber(kept[3]) or 0
  if kinds[i] == 'b' then
    b = math.max(now, b)
    if not a then return 0, 0, 0, b end
    return math.max(0, a - math.max(0, now - (tonumber(kept[2]) or now)) * details[i] / span), 0, 0, b
  end
  local index = math.max(math.floor(now / span), a or 0)
  if a ~= index then b, c = 0, a == index - 1 and b or 0 end
  return b, c, math.min(1, 1 - (now - index * span) / span), index
end

local function used(i)
  local own, before, part = state(i)
  return math.ceil(own + before * part)
end

local function add(i, amount)
  local own, before, _, at = state(i)
  own = math.max(0, own + amount)
  if kinds[i] == 'b' then
    runs[i]('keep', 'a', string.format('%.17g', own), 'b', at)
    runs[i]('live', math.ceil(own * spans[i] / details[i]) + 1000)
  else
    runs[i]('keep', 'a', at, 'b', own, 'c', before)
    runs[i]('live', 2 * spans[i])
  end
  return used(i)
end

-- The days from the first of March of a year that 400 divides to the one so many years later.
local function days(years)
  return 365 * years + math.floor(years / 4) - math.floor(years / 100) + math.floor(years / 400)
end

-- The milliseconds until a window of the calendar ends, whose clock is so many seconds ahead of UTC. The first Monday was the fifth
-- day of 1970. Where a year begins in March, months begin at multiples of 30.6 days, rounded.
local function rest(span, ahead)
  local clock = now + ahead * 1000
  if span < 2592000000 then return span - (clock - 345600000) % span end
  local day = (math.floor(clock / 86400000) + 719468) % 146097
  local year = math.floor(day / 365)
  if days(year) > day then year = year - 1 end
  local month = math.floor((5 * (day - days(year)) + 2) / 153) + 1
  local next = math.min(days(year) + math.floor((153 * month + 2) / 5), days(year + 1))
  return (next - day) * 86400000 - clock % 86400000
end

-- The milliseconds that a string has left. It is given an end if it has none, or one after that of the calendar's window,
-- because Redis' clock was set back.
local function ends(i)
  local left, span, last = runs[i]('PTTL'), spans[i], details[i]
  if left == -2 then return last and span or left end
  if span > 0 and (left == -1 or last and (tonumber(left) or 0) > span) then
    runs[i]('live', span)
    return span
  end
  return left
end

local function read(i, kind)
  units[i], kinds[i], spans[i], details[i] = string.match(kind, '^(r?)(%a?)(%d*):?([+-]?%d*)$')
  spans[i], details[i] = (tonumber(spans[i]) or 0) * 1000, tonumber(details[i])
  if kinds[i] == 'c' then kinds[i], spans[i] = '', rest(spans[i], details[i]) end
end
