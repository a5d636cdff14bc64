-- succeeded(epoch): a read succeeded; consecutive failures end here.
local s = load()
local epoch = tonumber(ARGV[1])
if epoch ~= s.epoch then return stale(s, epoch) end
if s.failed_at == '' then return nothing(s) end
s.failed_at = ''
return change('reset', s)
