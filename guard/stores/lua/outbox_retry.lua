-- retry(id or 'all'): from aside to the end of its partition; answers how many.
local first, last = ARGV[1], ARGV[1]
if ARGV[1] == 'all' then first, last = '-', '+' end
local moved = redis.call('XRANGE', ASIDE, first, last)
for _, entry in ipairs(moved) do
  append(tonumber(entry[2][6]), entry[2][2], entry[2][4])
  redis.call('XDEL', ASIDE, entry[1])
end
return answer(#moved)
