"""The subject of the drills: a small Django chat app that keeps its memory in Zep, behind the guard."""
