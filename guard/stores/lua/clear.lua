-- clear(): an operator ends any hold.
local s = load()
if s.mode == '' then return nothing(s) end
close(s)
return change('cleared', s)
