"""Faults by hand: `zep-chaos list`, `apply`, `heal`, `watch`, with the undo that drills have."""
