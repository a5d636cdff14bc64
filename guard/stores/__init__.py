"""Where the fleet keeps its state: one process (memory) or many (redis)."""
