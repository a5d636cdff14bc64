-- force(mode, reason, by, ttl_ms): an operator holds the fleet.
local s = load()
hold(s, ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]))
return transition('forced', s, ARGV[2], ARGV[3])
