"""A double of Zep Cloud: the thread APIs of v3 and v4 as the official SDKs use them, and a ledger."""
