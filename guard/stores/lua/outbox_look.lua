-- look()
return answer()
