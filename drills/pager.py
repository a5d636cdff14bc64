"""Who was paged during a drill: the log of a pager that wakes nobody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx

from drills.history import History
from drills.scenario import Pages
from drills.target import Target, TargetError

HTTP_TIMEOUT_S = 2.0
KEPT = ("name", "severity", "action", "to", "key", "summary")
TRIGGER, RESOLVE = "trigger", "resolve"

Page = dict[str, Any]


class Pager:
    """Reads the log of a target's pager, from a mark on; before that it has seen nothing."""

    def __init__(self, target: Target) -> None:
        self._url = target.pager_log_url
        self._token = target.pager_token
        self._mark: int | None = None

    def __bool__(self) -> bool:
        return bool(self._url)

    def from_now(self) -> None:
        """Forget what came before.  Raises `TargetError`, as all of them do."""
        self._mark = int(self._log()["taken"])

    def quiet(self) -> bool:
        """Tell whether no page is open."""
        return not self._log()["open"]

    def pages(self) -> list[Page]:
        """Return what came since the mark: name, severity, action, to (a receiver), key, summary, age_s."""
        return [] if self._mark is None else list(self._log()["events"])

    def journal(self, history: History, drill: str) -> None:
        """Write it down, each at the moment it came."""
        now = history.now()
        for page in self.pages():
            told = {name: page[name] for name in KEPT}
            history.write("alert", when=now - page["age_s"], drill=drill, **told)

    def _log(self) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            answer = httpx.get(
                self._url,
                params={"after": self._mark or 0},
                headers=headers,
                timeout=HTTP_TIMEOUT_S,
                trust_env=False,
            )
            found: dict[str, Any] = answer.raise_for_status().json()
            lack = {"taken", "open", "events"} - found.keys()
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            text = f"no pager's log at {self._url} ({type(error).__name__}): zep-chaos pager serves one"
            raise TargetError(text) from error
        if lack:
            raise TargetError(f"{self._url} answers no pager's log: {', '.join(sorted(lack))} missing")
        return found


def came(pages: Iterable[Page], wanted: Pages, action: str) -> bool:
    """Tell whether the wanted page was triggered, or resolved."""
    return any(page["name"] == wanted.alert and page["action"] == action for page in pages)
