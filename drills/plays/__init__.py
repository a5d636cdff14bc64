"""How each kind of drill is played; what is seen goes to the journal and is judged there."""

from __future__ import annotations

from drills.plays import dialogue, outage, storm
from drills.scenario import Dialogue, Outage, Storm
from drills.stage import Stage


def play(stage: Stage) -> None:
    """Play the drill of this stage; who was paged is written down also where it was cut short."""
    try:
        _play(stage)
    finally:
        stage.pager.journal(stage.history, stage.drill.name)


def _play(stage: Stage) -> None:
    match stage.drill:
        case Outage() as drill:
            outage.play(stage, drill)
        case Storm() as drill:
            storm.play(stage, drill)
        case Dialogue() as drill:
            dialogue.play(stage, drill)
