-- Makes the caller the owner of a partition: compare and set of the position, with a fresh token.
--
-- KEYS  1 offset   2 meta   3 changes
-- ARGV  1 the position that was read, "" for none   2 the same offset with the caller's token   3 fingerprint
--       4 entries that the feed may keep   5, 6, .. fields of meta and their values, set where there are none yet
-- It returns "claimed", "lost" (somebody else moved the position) or "foreign" (another fingerprint's state).
--
-- 1. Compare. A resend of our own finds our token and has lost, too: the caller reads again and draws a new one.
-- 2. Read every key that will be written, as in commit.lua, so that what can fail does so here.
-- 3. Write, the feed first and the position last, as there. The entry in the feed says nothing but that the
--    position changed: so each entry begins where the one before it ends, and a reader can tell a broken chain.

-- 1.
local position = redis.call('GET', KEYS[1]) or ''
if position ~= ARGV[1] then
  return 'lost'
end
local fingerprint = redis.call('HGET', KEYS[2], 'fingerprint')
if fingerprint and fingerprint ~= ARGV[3] then
  return 'foreign'
end

-- 2.
redis.call('EXISTS', unpack(KEYS))
redis.call('HLEN', KEYS[2])
redis.call('XLEN', KEYS[3])

-- 3.
redis.call('XADD', KEYS[3], 'MAXLEN', ARGV[4], '*', 'from', ARGV[1], 'to', ARGV[2])
redis.call('HSETNX', KEYS[2], 'fingerprint', ARGV[3])
for i = 5, #ARGV, 2 do
  redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[i + 1])
end
redis.call('SET', KEYS[1], ARGV[2])
return 'claimed'
