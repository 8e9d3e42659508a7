"""Since when silence means something (design rule 9).

A device that says nothing is silent only if we would have heard it. After every connect, and whenever
the gateway itself was away, a marker goes out to ourselves through each session; once all have come back
through the pipeline, every message that was waiting at the broker has been judged before it. While we
listen, probes go the same way, every few seconds: when they stay out, the readings of others do, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import uuid4

import structlog

AWAY_MS: Final = 60_000
"""A pipeline that stood still this long, or a clock that jumped this far, starts to listen anew."""
PROBE_EVERY_MS: Final = 5_000
BEHIND_MS: Final = 30_000
"""Readings that take this long from the broker through the pipeline are no proof of silence: the grace of
``missed_check.silent`` (contract section 3)."""

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
        self._probes: set[bytes] = set()
        self._probed_ms = 0

    def restart(self, session: str) -> None:
        """This session was just connected: whatever it missed is still to come."""
        self._end()
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
        self._end()

    def _end(self) -> None:
        self.since = None
        self._probes.clear()

    def heard(self, marker: bytes, now_ms: int) -> None:
        """A marker came back through the pipeline."""
        if marker in self._probes:
            self._probes.remove(marker)
            return
        session = self._awaited.pop(marker, None)
        if session is None:
            return
        self._heard.add(session)
        if self._heard.issuperset(self._sessions):
            self.since = self._probed_ms = now_ms
            _log.info("listening")

    def step(self, now_ms: int, clock_step_ms: int) -> None:
        """Called once a turn of the pipeline, and again before it decides.

        Notices that it stood still, that the clock was set, or that readings take too long to reach it.
        """
        stood_still = self._last_step_ms is not None and now_ms - self._last_step_ms > AWAY_MS
        self._last_step_ms = now_ms
        if stood_still:
            self.restart_all("pipeline stood still")
        elif abs(clock_step_ms) > AWAY_MS:
            self.restart_all("clock was set")
        elif self.since is not None:
            self._probe(now_ms)

    def _probe(self, now_ms: int) -> None:
        if now_ms - self._probed_ms > BEHIND_MS:
            self.restart_all("readings are behind")
        elif not self._probes and now_ms - self._probed_ms >= PROBE_EVERY_MS:
            self._probed_ms = now_ms
            for session in self._sessions:
                probe = uuid4().hex.encode()
                self._probes.add(probe)
                self._send(session, probe)
