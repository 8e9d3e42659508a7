"""Since when silence means something (design rule 9).

A device that says nothing is silent only if we would have heard it. After every connect, and whenever
the gateway itself was away, a marker goes out to ourselves through each session; once all have come back
through the pipeline, every message that was waiting at the broker has been judged before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import uuid4

import structlog

AWAY_MS: Final = 60_000
"""A pipeline that stood still this long, or a clock that jumped this far, starts to listen anew."""

_log = structlog.get_logger(__name__)


class Listening:
    """Tracks the markers of all sessions. ``since`` is None while silence must not be judged."""

    def __init__(self, send_marker: Callable[[str, bytes], None], sessions: tuple[str, ...]) -> None:
        self.since: int | None = None
        self._send = send_marker
        self._sessions = sessions
        self._awaited: dict[bytes, str] = {}
        self._heard: set[str] = set()
        self._last_step_ms: int | None = None

    def restart(self, session: str) -> None:
        """This session was just connected: whatever it missed is still to come."""
        self.since = None
        self._heard.discard(session)
        self._awaited = {marker: name for marker, name in self._awaited.items() if name != session}
        marker = uuid4().hex.encode()
        self._awaited[marker] = session
        self._send(session, marker)

    def restart_all(self, reason: str) -> None:
        """We were away: listen anew on every session."""
        _log.warning("listening_restarted", reason=reason)
        for session in self._sessions:
            self.restart(session)

    def lost(self) -> None:
        """A session went down: nothing may be concluded from silence until it is back."""
        self.since = None

    def heard(self, marker: bytes, now_ms: int) -> None:
        """A marker came back through the pipeline."""
        session = self._awaited.pop(marker, None)
        if session is None:
            return
        self._heard.add(session)
        if self._heard.issuperset(self._sessions):
            self.since = now_ms
            _log.info("listening")

    def step(self, now_ms: int, clock_step_ms: int) -> None:
        """Called once a turn of the pipeline: notices that it stood still, or that the clock was set."""
        stood_still = self._last_step_ms is not None and now_ms - self._last_step_ms > AWAY_MS
        self._last_step_ms = now_ms
        if stood_still:
            self.restart_all("pipeline stood still")
        elif abs(clock_step_ms) > AWAY_MS:
            self.restart_all("clock was set")
