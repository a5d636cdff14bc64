-- back(partition, id, token, thread, tries, cool_ms): it stays first; `tries` is what its count becomes.
if not held() then return answer(0) end
local p = tonumber(ARGV[1])
redis.call('XCLAIM', KEYS[p], 'drain', 'drainer', 0, ARGV[2], 'RETRYCOUNT', ARGV[5], 'JUSTID')
hold(p, tonumber(ARGV[6]), '')
return answer(1)
