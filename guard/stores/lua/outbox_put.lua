-- put(limit, partition, thread, payload...): all of them or none.
local aside = redis.call('XLEN', ASIDE)
if before + aside + #ARGV - 3 > tonumber(ARGV[1]) then return answer(0) end
for i = 4, #ARGV do append(tonumber(ARGV[2]), ARGV[3], ARGV[i]) end
return answer(1)
