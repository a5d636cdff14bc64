-- reset(): an operator forgets the failures counted so far.
local s = load()
if s.failed_at == '' then return nothing(s) end
s.failed_at = ''
return change('reset', s)
