"""guard decides: a circuit breaker in front of Zep.

from guard import Settings, build
guard = build(Settings.from_env(os.environ))
context = guard.fetch_context(thread_id)      # found, empty or unavailable - never an exception
guard.add_messages(thread_id, [{"role": "user", "content": text}])
"""

from guard.aio import AsyncMemoryGuard
from guard.context import Answer, Context
from guard.errors import GuardError, Kind, MemoryFailure, SettingsError
from guard.modes import Mode
from guard.policy import Policy
from guard.service import MemoryGuard
from guard.settings import Settings
from guard.wiring import build, build_async
from guard.written import Written

__all__ = [
    "Answer",
    "AsyncMemoryGuard",
    "Context",
    "GuardError",
    "Kind",
    "MemoryFailure",
    "MemoryGuard",
    "Mode",
    "Policy",
    "Settings",
    "SettingsError",
    "Written",
    "build",
    "build_async",
]
