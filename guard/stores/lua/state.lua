-- Shared head of every script: load, save and show the fleet's state.
-- KEYS[1] the state hash   KEYS[2] the channel that changes are published on   KEYS[3] the list of the last
-- transitions; all with the same hash tag.
-- Every script answers {verb, snapshot}; times are stored in ms of THIS server's clock and leave as durations,
-- so no other clock ever matters.  The rules are those of guard/machine.py.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Garbage collection only: a key that vanishes is written back from a process's memory (verb "behind").
local GC_MS = 30 * 24 * 3600 * 1000

local TEXT = {'mode', 'reason', 'by', 'failed_at', 'thread', 'token'}
local NUMBERS = {'epoch', 'rev', 'since', 'until', 'lease_until', 'holds', 'share', 'eased'}

local function load()
  local s = {}
  local raw = redis.call('HMGET', KEYS[1], unpack(TEXT))
  for i, field in ipairs(TEXT) do s[field] = raw[i] or '' end
  raw = redis.call('HMGET', KEYS[1], unpack(NUMBERS))
  for i, field in ipairs(NUMBERS) do s[field] = tonumber(raw[i] or 0) end
  if s.reason ~= 'recovering' then s.share, s.eased = 0, 0 end  -- a process of an older version may have left them
  s.was = s.mode
  return s
end

local function leased(s) return s.token ~= '' and now < s.lease_until end

local function ages(s)
  local out = {}
  for at in string.gmatch(s.failed_at, '%d+') do out[#out + 1] = now - tonumber(at) end
  return table.concat(out, ' ')
end

local function snapshot(s)
  return cjson.encode({
    epoch = s.epoch, rev = s.rev, mode = s.mode, reason = s.reason, by = s.by, thread = s.thread,
    token = s.token, failure_ages_ms = ages(s), age_ms = now - s.since,
    left_ms = s['until'] - now, lease_left_ms = s.lease_until - now, holds = s.holds,
    share_percent = s.share, eased = s.eased,
  })
end

local function save(s)
  local flat = {}
  for _, field in ipairs(TEXT) do flat[#flat + 1] = field; flat[#flat + 1] = s[field] end
  for _, field in ipairs(NUMBERS) do flat[#flat + 1] = field; flat[#flat + 1] = string.format('%.0f', s[field]) end
  redis.call('HSET', KEYS[1], unpack(flat))
  redis.call('PEXPIRE', KEYS[1], GC_MS)
end

-- Save, tell every process, answer.
local function change(verb, s)
  s.rev = s.rev + 1
  save(s)
  local shown = snapshot(s)
  redis.call('PUBLISH', KEYS[2], shown)
  return {verb, shown}
end

-- Change the mode, and remember that: for people, newest first.
local function transition(verb, s, reason, by)
  local entry = {at_ms = now, before = s.was, after = s.mode, reason = reason, by = by}
  redis.call('LPUSH', KEYS[3], cjson.encode(entry))
  redis.call('LTRIM', KEYS[3], 0, 49)
  redis.call('PEXPIRE', KEYS[3], GC_MS)
  return change(verb, s)
end

local function nothing(s) return {'nothing', snapshot(s)} end

-- An outcome of another epoch is dropped; an epoch this server never saw means it lost its data.
local function stale(s, epoch) return {epoch > s.epoch and 'behind' or 'nothing', snapshot(s)} end

local function close(s)
  s.epoch = s.epoch + 1
  s.mode, s.reason, s.by, s.failed_at, s.token = '', '', '', '', ''
  s.since, s['until'], s.lease_until, s.holds, s.share, s.eased = 0, 0, 0, 0, 0, 0
end

local function hold(s, mode, reason, by, hold_ms)
  close(s)
  s.mode, s.reason, s.by = mode, reason, by
  s.since, s['until'] = now, now + hold_ms
end

local function trip(verb, s, reason, hold_ms, holds)
  hold(s, s.mode ~= '' and s.mode or 'write_only', reason, 'auto', hold_ms)
  s.holds = holds or 0
  return transition(verb, s, reason, 'auto')
end
