-- adopt(epoch, rev, mode, reason, by, thread, token, failure_ages_ms, age_ms, left_ms, lease_left_ms, holds,
-- share_percent, eased):
-- a process remembers a later state than this server holds; it wins if its epoch is higher.
local s = load()
if tonumber(ARGV[1]) <= s.epoch then return nothing(s) end
s.epoch, s.rev = tonumber(ARGV[1]), tonumber(ARGV[2]) - 1
s.mode, s.reason, s.by, s.thread, s.token = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local failed_at = {}
for age in string.gmatch(ARGV[8], '%d+') do failed_at[#failed_at + 1] = string.format('%.0f', now - tonumber(age)) end
s.failed_at = table.concat(failed_at, ' ')
s.since, s['until'], s.lease_until = now - ARGV[9], now + ARGV[10], now + ARGV[11]
s.holds, s.share, s.eased = tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14])
return change('adopted', s)
