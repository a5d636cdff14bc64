"""The HTTP fault gateway: forwards to Zep, breaks what it is told to, and logs every request it saw."""

VERSION = "0.1.0"
