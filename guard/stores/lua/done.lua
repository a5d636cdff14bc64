-- done(token, epoch, result ok|failed|cancelled, hold_ms, first share or 0): the probe ended; fenced by token and
-- epoch.
local s = load()
local epoch = tonumber(ARGV[2])
if ARGV[1] ~= s.token or epoch ~= s.epoch then return stale(s, epoch) end
if ARGV[3] == 'cancelled' then
  s.token, s.lease_until = '', 0
  return change('released', s)
end
if ARGV[3] == 'ok' and ARGV[5] ~= '0' then
  local holds = s.holds
  hold(s, 'write_only', 'recovering', 'auto', 0)
  s.holds, s.share = holds, tonumber(ARGV[5])
  return change('eased', s)
end
if ARGV[3] == 'ok' then
  close(s)
  return transition('restored', s, 'probe_success', 'auto')
end
local holds = s.holds + 1
return trip('held_again', s, 'probe_failed', tonumber(ARGV[4]), holds)
