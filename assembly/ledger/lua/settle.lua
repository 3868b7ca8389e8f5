-- Adds what one call consumed to its counters, once, however often it is run: it is repeated when its reply was lost. The
-- first run leaves a marker, which later runs find.
--
-- The marker lasts until the deadline of the charge, and from then on the charge is refused, both by Redis' own clock and
-- both decided here: as long as that clock is not set back, no run can come when the marker is gone, however long the
-- command was on its way. A deadline that has passed shows by the marker being gone as soon as it is given.
--
--   KEYS   the first counter, the marker, the other counters
--   ARGV   per counter: how many seconds it lives, 0 if it never expires; in the place of the marker: the deadline in
--          milliseconds since the epoch; behind them the amount to add, and the number of the command
--   reply  the milliseconds that are left until the deadline; per counter: its value after the addition, or its error,
--          which stops no other; behind them the number of the command. Instead, of one that was made before: the number
--          alone; of one that comes too late: -2 and the number
--
-- Only the first command can end the script with an error; so an error in place of the reply says that nothing was done. A
-- Redis that forbids PEXPIREAT keeps markers for a day.

local last = #ARGV
local number = ARGV[last]
if not redis.call('SET', KEYS[2], '', 'NX', 'EX', '86400') then return { number } end
redis.pcall('PEXPIREAT', KEYS[2], ARGV[2])
local left = redis.pcall('PTTL', KEYS[2])
if left == -2 then return { left, number } end
local amount = ARGV[last - 1]
local reply = { left }
reply[2] = redis.pcall('INCRBY', KEYS[1], amount)
if ARGV[1] ~= '0' and type(reply[2]) == 'number' and redis.pcall('PTTL', KEYS[1]) == -1 then redis.pcall('EXPIRE', KEYS[1], ARGV[1]) end
if last == 4 then reply[3] = number return reply end

-- each i from 2
reply[@{i+1}] = redis.pcall('INCRBY', KEYS[@{i+1}], amount)
if ARGV[@{i+1}] ~= '0' and type(reply[@{i+1}]) == 'number' and redis.pcall('PTTL', KEYS[@{i+1}]) == -1 then redis.pcall('EXPIRE', KEYS[@{i+1}], ARGV[@{i+1}]) end
if last == @{i+3} then reply[@{i+2}] = number return reply end
