-- Counters that are no plain strings: what they have used, and what adding does to them. For each row of the script: `runs` sends
-- its commands, `kinds` has the letter of its kind ('' for a plain one), `spans` the length of its window in milliseconds,
-- `refills` what a bucket gets back in that time.
--
-- A sliding window keeps the number of its window, what was added in it, and in the one before: of that counts the part that is
-- not yet a whole length ago. A bucket keeps what is missing from it, and when that was so.

local function state(i)
  local kept, span = runs[i]('state'), spans[i]
  local a, b, c = tonumber(kept[1]), tonumber(kept[2]) or 0, tonumber(kept[3]) or 0
  if kinds[i] == 'b' then
    b = math.max(now, b)
    if not a then return 0, 0, 0, b end
    return math.max(0, a - math.max(0, now - (tonumber(kept[2]) or now)) * refills[i] / span), 0, 0, b
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
    runs[i]('live', math.ceil(own * spans[i] / refills[i]) + 1000)
  else
    runs[i]('keep', 'a', at, 'b', own, 'c', before)
    runs[i]('live', 2 * spans[i])
  end
  return used(i)
end

local function read(i, kind)
  kinds[i], spans[i], refills[i] = string.match(kind, '^(%a*)(%d*):?(%d*)$')
  spans[i], refills[i] = (tonumber(spans[i]) or 0) * 1000, tonumber(refills[i])
end
