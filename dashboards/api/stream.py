"""``GET /api/v1/stream``: every change of an alarm as a server-sent event, as soon as it is committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from dashboards.api.access import DepsOf, Principal, SignedIn
from dashboards.api.feed import Feed, Subscription, encode
from dashboards.api.metrics import STREAM_RESETS
from dashboards.deps import Deps
from gateway.store.accounts import Account, session_by_hash
from gateway.store.changes import Change, changes_after, last_change, oldest_change
from gateway.store.errors import UNAVAILABLE
from gateway.store.held_back import held_back

router = APIRouter(tags=["alarms"])

HEARTBEAT_S: Final = 10.0
BEAT_S: Final = 4.0
"""Between two events of a stream that asked for beats: whoever hears nothing twice in a row has lost it."""
_BEAT: Final = b"event: beat\ndata: {}\n\n"
RETRY: Final = b"retry: 1000\n\n"
_PAGE: Final = 500
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream(StreamingResponse):
    """A streaming answer whose generator ends with the connection, not with the next garbage collection."""

    def __init__(self, events: AsyncGenerator[bytes], **options: Any) -> None:
        super().__init__(events, **options)
        self._events = events

    async def stream_response(self, send: Send) -> None:
        """Send until the generator or the connection ends."""
        async with aclosing(self._events):
            await super().stream_response(send)


@router.get("/api/v1/stream", response_class=StreamingResponse)
async def stream(
    request: Request,
    deps: DepsOf,
    principal: SignedIn,
    after: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str | None, Header()] = None,
    *,
    beat: Annotated[bool, Query()] = False,
) -> Response:
    """Alarms as they change.

    ``event: alarm`` carries the alarm object, its ``id:`` the number of the change. ``Last-Event-ID``, or
    ``after`` on the first connection, continues behind a number; ``event: reset`` says that this is not
    possible: load ``GET /api/v1/alarms`` again. A change of count that waited for its second behind a later
    change of another alarm comes without ``id:``. Each 10 s without one a comment is sent, or with ``beat`` each 4 s,
    and once all that was missed is told, ``event: beat``, which a browser can hear: a connection that breaks, or that
    something on the way holds back, does not always say so.
    """
    await principal.looked("alarms")
    feed: Feed = request.app.state.feed
    events = _events(deps, feed, principal, after, last_event_id, beat=beat)
    return EventStream(events, media_type="text/event-stream", headers=_HEADERS)


async def _events(
    deps: Deps, feed: Feed, principal: Principal, after: int | None, last_event_id: str | None, *, beat: bool
) -> AsyncGenerator[bytes]:
    yield RETRY
    await feed.wait_until_known()
    resumed = last_event_id is not None and last_event_id.isdecimal()
    wanted = int(last_event_id) if last_event_id is not None and resumed else after
    with feed.subscribe(principal.account, wanted) as subscription:
        start = feed.position
        if wanted is None:
            if last_event_id:
                yield _reset("unknown", start)
        elif not await _is_kept(deps, wanted):
            STREAM_RESETS.labels("not_kept").inc()
            yield _reset("not_kept", start)
        else:
            async with aclosing(_missed(deps, principal.account, wanted, start, resumed=resumed)) as missed:
                async for events in missed:
                    yield events
        if beat:
            yield _BEAT
        async with aclosing(_live(deps, principal, subscription, beat=beat)) as live:
            async for events in live:
                yield events
        if subscription.overflown:
            yield _reset("overflow", None)


async def _live(deps: Deps, principal: Principal, subscription: Subscription, *, beat: bool) -> AsyncGenerator[bytes]:
    loop = asyncio.get_running_loop()
    every_s, says = (BEAT_S, _BEAT) if beat else (HEARTBEAT_S, b":\n\n")
    beat_at = loop.time() + every_s
    unasked_s = 0.0
    while True:
        try:
            async with asyncio.timeout_at(beat_at):
                events = await subscription.next()
        except TimeoutError:
            unasked_s += every_s
            if unasked_s >= HEARTBEAT_S:
                unasked_s = 0.0
                if not await _still_signed_in(deps, principal):
                    return
            beat_at = loop.time() + every_s
            yield says
            continue
        if events is None:
            return
        yield events


async def _is_kept(deps: Deps, n: int) -> bool:
    async with deps.pool.connection() as conn:
        return await oldest_change(conn) - 1 <= n <= await last_change(conn)


async def _missed(deps: Deps, account: Account, after: int, upto: int, *, resumed: bool) -> AsyncGenerator[bytes]:
    """The changes in (after, upto] of the account's sites, without counts that a later change contains."""
    if resumed:
        async with deps.pool.connection() as conn:
            waited = await held_back(conn, after)
        if events := b"".join(encode(change).body for change in waited if account.sees(change.site)):
            yield events
    while after < upto:
        async with deps.pool.connection() as conn:
            page = [change for change in await changes_after(conn, after, _PAGE) if change.n <= upto]
        if not page:
            return
        after = page[-1].n
        seen = (encode(change) for change in _latest_counts(page) if account.sees(change.site))
        if events := b"".join(event.id_line + event.body for event in seen):
            yield events


def _latest_counts(page: list[Change]) -> Iterable[Change]:
    last = {change.alarm: change.n for change in page}
    return (change for change in page if not change.count_only or last[change.alarm] == change.n)


async def _still_signed_in(deps: Deps, principal: Principal) -> bool:
    try:
        async with deps.pool.connection() as conn:
            found = await session_by_hash(conn, principal.session.token_hash, deps.clock.now_ms())
    except UNAVAILABLE:
        return True
    return found is not None and found.account.sites == principal.account.sites


def _reset(reason: str, position: int | None) -> bytes:
    number = b"id: %d\n" % position if position is not None else b""
    return number + b'event: reset\ndata: {"reason":"%s"}\n\n' % reason.encode()
