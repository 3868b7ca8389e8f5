-- Reads, sets or changes a balance for an administrator, and reads what it is then.
--
--   KEYS   the balance
--   ARGV   `get`, `set` or `add`; the amount; the number of the command
--   reply  the balance (nil when there is none), and the number of the command; an error if the balance could not be changed
--
-- The balance comes as a string, because numbers in Lua lose digits above 2^53.

-- each i from 1
local result = nil
if ARGV[1] == 'set' then result = redis.pcall('SET', KEYS[@{i}], ARGV[2]) end
if ARGV[1] == 'add' then result = redis.pcall('INCRBY', KEYS[@{i}], ARGV[2]) end
if type(result) == 'table' and result.err then return result end
return { redis.call('GET', KEYS[@{i}]), ARGV[3] }
