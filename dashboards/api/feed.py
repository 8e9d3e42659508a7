"""One listener a process: every committed change of an alarm is read once, encoded once, and given to all streams.

The NOTIFY is the alarm clock, the table the truth: numbers are gapless in the order of commits, so "all above
the last one that I have" never misses a late committer (design rule 10).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import structlog

from dashboards.api.count_throttle import CountThrottle
from dashboards.api.metrics import STREAM_CLIENTS, STREAM_EVENTS, STREAM_POSITION, STREAM_RESETS
from gateway.store.accounts import Account
from gateway.store.changes import RELOOK_S, Change, changes_after, last_change, listen
from gateway.store.connection import Connection, connect
from gateway.store.errors import UNAVAILABLE

QUEUE_BOUND: Final = 1000
"""Changes that may wait for one slow client; beyond it the stream ends with ``event: reset``."""
_PAGE: Final = 250
"""Between two pages the streams may send: a burst of thousands overflows only a client that does not read."""
_APPLICATION: Final = "anxin console stream"

_log = structlog.get_logger(__name__)


class Event(NamedTuple):
    """An encoded change; ``body`` is the event without its ``id:`` line."""

    n: int
    site: str | None
    id_line: bytes
    body: bytes


def encode(change: Change) -> Event:
    """The change as a server-sent event. Its JSON has no line breaks, so one ``data:`` line holds it."""
    return Event(change.n, change.site, b"id: %d\n" % change.n, b"event: alarm\ndata: " + change.object_json + b"\n\n")


class Subscription:
    """What one stream still has to send: the changes above ``after`` of the account's sites."""

    def __init__(self, account: Account, after: int) -> None:
        self.overflown = False
        self._account = account
        self._after = after
        self._last = after
        self._waiting: deque[bytes] = deque()
        self._closed = False
        self._wake = asyncio.Event()

    def offer(self, event: Event) -> None:
        """Queue an event. One that was held back behind a later one goes without its number."""
        if event.n <= self._after or not self._account.sees(event.site) or self._closed:
            return
        if len(self._waiting) >= QUEUE_BOUND:
            self.overflown = True
            self.close()
            return
        self._waiting.append(event.id_line + event.body if event.n > self._last else event.body)
        self._last = max(self._last, event.n)
        self._wake.set()

    def close(self) -> None:
        """End the stream; what waits is dropped."""
        self._closed = True
        self._waiting.clear()
        self._wake.set()

    async def next(self) -> bytes | None:
        """All that waits, as soon as something does; None when the stream is to end."""
        await self._wake.wait()
        if self._closed:
            return None
        self._wake.clear()
        events = b"".join(self._waiting)
        self._waiting.clear()
        return events


class Feed:
    """Follows the numbered changes and hands each to every subscription."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._position = 0
        self._known = asyncio.Event()
        self._closing = False
        self._subscriptions: set[Subscription] = set()
        self._throttle = CountThrottle()
        self._timer: asyncio.TimerHandle | None = None
        self._reader: Connection | None = None
        self._looked_at_s: float | None = None

    @property
    def position(self) -> int:
        """The number of the last change that went out, or is held back."""
        return self._position

    def is_alive(self) -> bool:
        """Whether the table was looked at within the last three periods."""
        looked = self._looked_at_s
        return looked is not None and asyncio.get_running_loop().time() - looked < 3 * RELOOK_S

    async def follow(self) -> None:
        """Push changes until cancelled; ends every stream on the way out."""
        ticks = listen(self._conninfo, ["alarm_change"], application=_APPLICATION)
        try:
            async for _ in ticks:
                try:
                    await self._catch_up()
                except UNAVAILABLE as error:
                    _log.warning("api_feed_interrupted", error=type(error).__name__)
                    await self._drop_reader()
        finally:
            self.close()
            self._looked_at_s = None
            await self._drop_reader()

    async def wait_until_known(self) -> None:
        """Wait until the present position has been read."""
        await self._known.wait()

    @contextmanager
    def subscribe(self, account: Account, after: int | None) -> Iterator[Subscription]:
        """Everything that goes out from this moment on and is above ``after`` (None: above the position)."""
        start = self._position if after is None else max(after, self._position)
        subscription = Subscription(account, start)
        if self._closing:
            subscription.close()
        self._subscriptions.add(subscription)
        STREAM_CLIENTS.inc()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            STREAM_CLIENTS.dec()

    def close(self) -> None:
        """End every stream, those that begin later too: the process stops."""
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()
        for subscription in self._subscriptions:
            subscription.close()

    async def _catch_up(self) -> None:
        if self._reader is None or self._reader.closed:
            self._reader = await connect(self._conninfo, application=_APPLICATION)
        if not self._known.is_set():
            self._position = await last_change(self._reader)
            self._known.set()
        while True:
            changes = await changes_after(self._reader, self._position, _PAGE)
            self._push(changes)
            if len(changes) < _PAGE:
                break
        self._looked_at_s = asyncio.get_running_loop().time()

    def _push(self, changes: list[Change]) -> None:
        now_s = asyncio.get_running_loop().time()
        for change in changes:
            if self._throttle.admit(change, now_s):
                self._send(change)
            self._position = change.n
        STREAM_POSITION.set(self._position)
        self._set_timer()

    def _send(self, change: Change) -> None:
        STREAM_EVENTS.inc()
        event = encode(change)
        for subscription in self._subscriptions:
            subscription.offer(event)
            if subscription.overflown:
                STREAM_RESETS.labels("overflow").inc()

    def _set_timer(self) -> None:
        due_s = self._throttle.next_due_s()
        if due_s is not None and self._timer is None and not self._closing:
            self._timer = asyncio.get_running_loop().call_at(due_s, self._release)

    def _release(self) -> None:
        self._timer = None
        for change in self._throttle.due(asyncio.get_running_loop().time()):
            self._send(change)
        self._set_timer()

    async def _drop_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()
