-- Shared head of the outbox's scripts; the rules are told in guard/outbox.py.
-- KEYS[1..8] the streams   KEYS[9] thread -> entries waiting   KEYS[10] partition -> its lease, "until token"
-- KEYS[11] the revision   KEYS[12] the stream of what was set aside   KEYS[13] the channel; one hash tag.
-- Every script answers {revision, depth, age of the oldest in ms, ...}; no clock but this server's matters.

local PARTITIONS = 8
local THREADS, LEASES, REVISION, ASIDE, CHANNEL = KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function depth()
  local sum = 0
  for p = 1, PARTITIONS do sum = sum + redis.call('XLEN', KEYS[p]) end
  return sum
end

local before = depth()

local function head(p)
  local first = redis.call('XRANGE', KEYS[p], '-', '+', 'COUNT', 1)[1]
  if not first then return nil end
  local ms, seq = string.match(first[1], '(%d+)-(%d+)')
  return {id = first[1], ms = tonumber(ms), seq = tonumber(seq)}
end

local function older(a, b) return b == nil or a.ms < b.ms or (a.ms == b.ms and a.seq < b.seq) end

local function oldest_ms()
  local oldest
  for p = 1, PARTITIONS do
    local first = head(p)
    if first and older(first, oldest) then oldest = first end
  end
  return oldest and math.max(0, now - oldest.ms) or 0
end

-- Revisions grow also over the loss of all data: they follow the clock.
local function answer(...)
  local revision = math.max(time[1] * 1000000 + time[2], tonumber(redis.call('GET', REVISION) or 0) + 1)
  local shown = string.format('%.0f', revision)
  redis.call('SET', REVISION, shown)
  local after = depth()
  if (before == 0) ~= (after == 0) then redis.call('PUBLISH', CHANNEL, shown .. ' ' .. after) end
  return {shown, after, oldest_ms(), ...}
end

local function append(p, thread, payload)
  if redis.call('EXISTS', KEYS[p]) == 0 then redis.call('XGROUP', 'CREATE', KEYS[p], 'drain', '0', 'MKSTREAM') end
  redis.call('XADD', KEYS[p], '*', 'thread', thread, 'payload', payload)
  redis.call('HINCRBY', THREADS, thread, 1)
end

-- Who holds a partition's lease: until when, and by which token.
local function lease(p)
  local held_until, token = string.match(redis.call('HGET', LEASES, p) or '', '^(%d+) (.*)$')
  return tonumber(held_until or 0), token or ''
end

local function hold(p, ms, token) redis.call('HSET', LEASES, p, string.format('%.0f %s', now + ms, token)) end

local function remove(p, id, thread)
  redis.call('XACK', KEYS[p], 'drain', id)
  redis.call('XDEL', KEYS[p], id)
  if redis.call('HINCRBY', THREADS, thread, -1) <= 0 then redis.call('HDEL', THREADS, thread) end
  redis.call('HDEL', LEASES, p)
end

-- Whether the caller still holds the entry: ARGV are partition, id, token, thread.
local function held()
  local _, token = lease(ARGV[1])
  return token == ARGV[3] and token ~= ''
end
