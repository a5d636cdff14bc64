"""Which APIs of Zep are spoken here: a self-hosted server's, and Zep Cloud's of the installed zep-cloud.

The same tests run in an environment of each major of zep-cloud.
"""

from __future__ import annotations

import pytest

from guard.directory import LocalDirectory
from guard.zep.memory import dialect

SDK = type(dialect(LocalDirectory())).__name__
APIS = (SDK, "V1")
PATH = {"V4": "/api/v4", "V3": "/api/v2", "V1": "/api/v1"}
HOSTED = {"V1": PATH["V1"]}
"""What must follow the host, where the host alone means the SDK's."""
CONTEXT_PATH = {
    "V4": f"{PATH['V4']}/threads/0192-uuid/context",
    "V3": f"{PATH['V3']}/threads/t/context",
    "V1": f"{PATH['V1']}/sessions/t/memory",
}


def _only(*apis: str) -> pytest.MarkDecorator:
    absent = {api: pytest.mark.skipif(api not in APIS, reason=f"zep-cloud is {SDK} here") for api in apis}
    return pytest.mark.parametrize(
        "api", [pytest.param(api, marks=mark) for api, mark in absent.items()], indirect=True
    )


only_v4 = _only("V4")
"""UUIDs of Zep's making, and idempotency keys."""
only_v3 = _only("V3")
only_v1 = _only("V1")
own_ids = _only("V3", "V1")
"""Threads go by our own ids, and nothing is idempotent."""
only_sdk = _only(SDK)
