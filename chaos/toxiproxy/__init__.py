"""An embedded Toxiproxy: the HTTP API of version 2.12 over an asyncio relay."""
