-- failed(epoch, thread, at_once reason or '', trip_after, window_ms, hold_ms): a read failed.
local s = load()
local epoch = tonumber(ARGV[1])
if epoch ~= s.epoch or (s.mode ~= '' and s.share == 0) then return stale(s, epoch) end
s.thread = ARGV[2]
if s.share > 0 then
  local reason = ARGV[3] ~= '' and ARGV[3] or 'recovery_failed'
  return trip('held_again', s, reason, tonumber(ARGV[6]), s.holds + 1)
end
if ARGV[3] ~= '' then return trip('tripped', s, ARGV[3], tonumber(ARGV[6])) end
local recent = {}
for at in string.gmatch(s.failed_at, '%d+') do
  if now - tonumber(at) <= tonumber(ARGV[5]) then recent[#recent + 1] = at end
end
recent[#recent + 1] = string.format('%.0f', now)
if #recent < tonumber(ARGV[4]) then
  s.failed_at = table.concat(recent, ' ')
  return change('counted', s)
end
return trip('tripped', s, 'consecutive_failures', tonumber(ARGV[6]))
