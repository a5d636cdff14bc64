"""guard decides: a circuit breaker in front of Zep.

from guard import Settings, build
guard = build(Settings.from_env(os.environ))
context = guard.fetch_context(thread_id)      # found, empty or unavailable - never an exception
guard.add_messages(thread_id, [{"role": "user", "content": text}])
"""

from guard.errors import GuardError, Kind, MemoryFailure, SettingsError, StoreError
from guard.modes import Mode
from guard.policy import Policy
from guard.service import Answer, Context, MemoryGuard
from guard.wiring import Settings, build
from guard.writing import Written

__all__ = [
    "Answer",
    "Context",
    "GuardError",
    "Kind",
    "MemoryFailure",
    "MemoryGuard",
    "Mode",
    "Policy",
    "Settings",
    "SettingsError",
    "StoreError",
    "Written",
    "build",
]
