-- aside(partition, id, token, thread, reason, tries): it is poison; the thread's next one is first now.
if not held() then return answer(0) end
local p, id = tonumber(ARGV[1]), ARGV[2]
local fields = redis.call('XRANGE', KEYS[p], id, id)[1][2]
redis.call('XADD', ASIDE, '*', 'thread', fields[2], 'payload', fields[4], 'partition', p, 'reason', ARGV[5],
  'tries', ARGV[6])
remove(p, id, ARGV[4])
return answer(1)
