"""The key is rotated away, and back."""

from __future__ import annotations

from chaos.faults import KeyRejected
from drills.scenario import Outage

DRILL = Outage(
    name="key_rotation",
    title="Zep itself rejects the key until it is rotated back",
    why="Keys are rotated on purpose: no deploy should be needed once the right key is accepted again.",
    reason="auth",
    faults=(KeyRejected(),),
    writes_stored=False,
)
