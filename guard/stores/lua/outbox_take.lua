-- take(token, lease_ms): the oldest first entry of the partitions that nobody holds, with a lease on its partition.
local best, chosen
for p = 1, PARTITIONS do
  local first = head(p)
  if first and lease(p) <= now and older(first, best) then best, chosen = first, p end
end
if not chosen then return answer('') end
hold(chosen, tonumber(ARGV[2]), ARGV[1])
-- One that was taken before and neither done nor given back: its drainer died.  Else the next one.
local entry = redis.call('XAUTOCLAIM', KEYS[chosen], 'drain', 'drainer', 0, '0', 'COUNT', 1)[2][1]
if not entry then
  local read = redis.call('XREADGROUP', 'GROUP', 'drain', 'drainer', 'COUNT', 1, 'STREAMS', KEYS[chosen], '>')
  entry = read[1][2][1]
end
local id, fields = entry[1], entry[2]
local pending = redis.call('XPENDING', KEYS[chosen], 'drain', id, id, 1)[1]
return answer(id, chosen, fields[2], fields[4], pending[4])
