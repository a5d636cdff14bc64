-- succeeded(epoch, ramp_successes, ramp_percent): a read succeeded; consecutive failures end here, a ramp goes on.
local s = load()
local epoch = tonumber(ARGV[1])
if epoch ~= s.epoch then return stale(s, epoch) end
if s.share > 0 then
  s.eased = s.eased + 1
  if s.eased < tonumber(ARGV[2]) then return change('counted', s) end
  for share in string.gmatch(ARGV[3], '%d+') do
    if tonumber(share) > s.share and tonumber(share) < 100 then
      s.share, s.eased = tonumber(share), 0
      return change('eased', s)
    end
  end
  close(s)
  return transition('restored', s, 'probe_success', 'auto')
end
if s.failed_at == '' then return nothing(s) end
s.failed_at = ''
return change('reset', s)
