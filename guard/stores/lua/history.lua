-- history(): the last transitions as JSON, newest first.
return redis.call('LRANGE', KEYS[3], 0, 49)
