"""Which major of zep-cloud is installed: the same tests run in an environment of each."""

from __future__ import annotations

import pytest

from guard.directory import LocalDirectory
from guard.zep.memory import dialect

SDK = type(dialect(LocalDirectory())).__name__
CONTEXT_PATH = {"V4": "/api/v4/threads/0192-uuid/context", "V3": "/api/v2/threads/t/context"}[SDK]
only_v4 = pytest.mark.skipif(SDK != "V4", reason="of zep-cloud 4.x: UUIDs and idempotency keys")
only_v3 = pytest.mark.skipif(SDK != "V3", reason="of zep-cloud 3.x: our own ids, no idempotency keys")
