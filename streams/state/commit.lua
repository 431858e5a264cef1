-- Commits one batch of a partition: rows, panes, totals, waiting lists, feed and position; all of it or nothing.
--
-- KEYS  1 offset   2 meta   3 totals   4 panes: the index; a pane's own key is this, ":" and its member   5 changes
-- ARGV  1 expected position   2 new position   3 fingerprint   4 entries that the feed may keep
--       5 record_ms or ""   6 "wall" when panes expire by themselves, else ""
--       7 changes: what the feed tells, byte for byte (msgpack: {{member, leaves_ms, {cell, value, ..}}, ..},
--         {total, value, ..}, {dropped member, ..})
--       8 private: what it does not (msgpack: {{rows key, {id, row, ..}, {deleted id, ..}}, ..},
--         {{waiting key, {since_ms, id, ..}, {removed id, ..}}, ..})
--       9 offset of the newest record or "": with its timestamp, by which a topic made anew is told from the old
-- Numbers arrive and stay as decimal strings, for Lua's own are doubles: nothing here counts with them.
-- Runs on Redis 6.2 and later. It returns "committed", "fenced" or "foreign".
--
-- 1. Compare. Our new position is there already: a resend of our own, done. Not the expected one: fenced.
--    Another fingerprint: foreign. Nothing was changed.
-- 2. Unpack everything and read every key that will be written, since Lua does not roll back: what can fail (a key
--    of a wrong type, a slot on its way to another node) fails here. EXISTS names the offset beside each key, for
--    a command with two keys, one of them not here, is refused on both ends of a moving slot.
-- 3. Write. The feed comes first: XADD is refused when memory is full, and once one write has passed, all do.
--    The position comes last.

local CHUNK = 4000 -- values to one command; `unpack` fails beyond 7,000. Even, for pairs must stay together.

local function in_chunks(command, key, values)
  for first = 1, #values, CHUNK do
    redis.call(command, key, unpack(values, first, math.min(first + CHUNK - 1, #values)))
  end
end

local function pane_key(member)
  return KEYS[4] .. ':' .. member
end

local function read_all(keys, command)
  for _, key in ipairs(keys) do
    redis.call('EXISTS', KEYS[1], key)
    redis.call(command, key)
  end
end

-- Cells whose value is zero are not kept.
local function write_cells(key, cells)
  local kept, gone = {}, {}
  for i = 1, #cells, 2 do
    if cells[i + 1] == '0' then
      gone[#gone + 1] = cells[i]
    else
      kept[#kept + 1] = cells[i]
      kept[#kept + 1] = cells[i + 1]
    end
  end
  in_chunks('HSET', key, kept)
  in_chunks('HDEL', key, gone)
end

local function write_pane(member, leaves_ms, cells)
  local key = pane_key(member)
  write_cells(key, cells)
  if redis.call('EXISTS', key) == 0 then
    redis.call('ZREM', KEYS[4], member)
    return
  end
  redis.call('ZADD', KEYS[4], leaves_ms, member)
  if ARGV[6] == 'wall' then
    redis.call('PEXPIREAT', key, leaves_ms)
  end
end

-- 1.
local position = redis.call('GET', KEYS[1])
if position == ARGV[2] then
  return 'committed'
end
if position ~= ARGV[1] then
  return 'fenced'
end
if redis.call('HGET', KEYS[2], 'fingerprint') ~= ARGV[3] then
  return 'foreign'
end

-- 2.
local panes, totals, dropped = unpack(cmsgpack.unpack(ARGV[7]))
local rows, waiting = unpack(cmsgpack.unpack(ARGV[8]))
local hashes, sets = {KEYS[2], KEYS[3]}, {KEYS[4]}
for _, pane in ipairs(panes) do hashes[#hashes + 1] = pane_key(pane[1]) end
for _, member in ipairs(dropped) do hashes[#hashes + 1] = pane_key(member) end
for _, hash in ipairs(rows) do hashes[#hashes + 1] = hash[1] end
for _, set in ipairs(waiting) do sets[#sets + 1] = set[1] end
read_all(hashes, 'HLEN')
read_all(sets, 'ZCARD')
read_all({KEYS[5]}, 'XLEN')

-- 3.
redis.call('XADD', KEYS[5], 'MAXLEN', ARGV[4], '*',
  'from', ARGV[1], 'to', ARGV[2], 'record_ms', ARGV[5], 'changes', ARGV[7])
for _, hash in ipairs(rows) do
  in_chunks('HSET', hash[1], hash[2])
  in_chunks('HDEL', hash[1], hash[3])
end
for _, set in ipairs(waiting) do
  in_chunks('ZADD', set[1], set[2])
  in_chunks('ZREM', set[1], set[3])
end
for _, pane in ipairs(panes) do
  write_pane(pane[1], pane[2], pane[3])
end
write_cells(KEYS[3], totals)
for _, member in ipairs(dropped) do
  redis.call('UNLINK', pane_key(member))
end
in_chunks('ZREM', KEYS[4], dropped)
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[2], 'record_ms', ARGV[5], 'record_offset', ARGV[9])
end
redis.call('SET', KEYS[1], ARGV[2])
return 'committed'
