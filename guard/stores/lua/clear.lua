-- clear(by): an operator ends any hold.
local s = load()
if s.mode == '' then return nothing(s) end
close(s)
return transition('cleared', s, 'cleared', ARGV[1])
