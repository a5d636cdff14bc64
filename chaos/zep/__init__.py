"""A double of Zep Cloud: the v4 thread API as the official SDK uses it, with a ledger of all it served."""
