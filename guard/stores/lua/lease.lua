-- lease(token, lease_ms): the right to probe, for one prober at a time and only after the hold.
local s = load()
if s.mode == '' or s.share > 0 or now < s['until'] or leased(s) then return nothing(s) end
s.token, s.lease_until = ARGV[1], now + tonumber(ARGV[2])
return change('leased', s)
