-- done(partition, id, token, thread): Zep has it.
if not held() then return answer(0) end
remove(tonumber(ARGV[1]), ARGV[2], ARGV[4])
return answer(1)
