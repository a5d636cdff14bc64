"""The guard's shared state answers late."""

from __future__ import annotations

from chaos.faults import Toxic
from drills.scenario import REDIS, Storm

DRILL = Storm(
    name="redis_slow",
    title="Redis takes 500 ms, Zep is well",
    why="A slow Redis must not make chat slow: what callers wait for gives up on it after milliseconds.",
    faults=(Toxic(proxy=REDIS, type="latency", attributes={"latency": 500}),),
    hits=1,
    about_s=5.0,
)
