"""How active a resident was, hour by hour, by what they wore at the time."""

from __future__ import annotations

from typing import Any, Final, LiteralString

import msgspec

from gateway.store.connection import Connection

LOOK_BACK: Final[LiteralString] = "interval '1 day'"
"""How far before the window the running total of steps is looked for, to count from."""


class Bucket(msgspec.Struct, kw_only=True):
    """What was measured in ``[t, t + bucket)``, ms. What nothing was heard of is None, never 0.

    ``steps`` taken; ``activity`` in movement counts of the wrist; how many ``positions``, ``exercise_sessions``
    (which began then) and ``checkins`` there were.
    """

    t: int
    steps: int | None = None
    activity: float | None = None
    heartbeats: int = 0
    positions: int = 0
    exercise_sessions: int = 0
    exercise_s: float = 0
    checkins: int = 0


_WORN: Final[LiteralString] = (
    "worn as (select n.id, n.device_slot, to_timestamp(greatest(n.from_ms, 0) / 1000.0) as began,"
    " to_timestamp(greatest(n.from_ms, %(from)s) / 1000.0) as since,"
    " to_timestamp(least(coalesce(n.to_ms, %(to)s), %(to)s) / 1000.0) as until"
    " from assignment n join resident r on r.slot = n.resident_slot"
    " where r.id = %(resident)s and n.from_ms < %(to)s and coalesce(n.to_ms, %(to)s) > %(from)s)"
)
_NUMBER: Final[LiteralString] = "floor((extract(epoch from x.t) * 1000 - %(from)s) / %(bucket)s)::integer"

_BEATS: Final[LiteralString] = (
    f"with {_WORN}, beats as (select x.t, x.activity, x.steps, w.since,"
    # A total below the one before it began anew: the device restarted.
    " case when x.steps >= lag(x.steps) over told then x.steps - lag(x.steps) over told"
    " when x.steps < lag(x.steps) over told then x.steps end as taken"
    " from worn w join heartbeat x on x.device = w.device_slot"
    f" and x.t >= greatest(w.began, w.since - {LOOK_BACK}) and x.t < w.until"
    " window told as (partition by w.id, x.steps is null order by x.t, x.seq))"
    f" select {_NUMBER}, sum(taken)::bigint, sum(activity::double precision), count(*) from beats x"
    " where x.t >= x.since group by 1"
)


def _counted(table: LiteralString, what: LiteralString) -> LiteralString:
    return (
        f"with {_WORN} select {_NUMBER}, {what} from worn w join {table} x"
        " on x.device = w.device_slot and x.t >= w.since and x.t < w.until group by 1"
    )


async def activity(conn: Connection, resident: str, from_ms: int, to_ms: int, bucket_ms: int) -> list[Bucket]:
    """Every bucket of ``[from_ms, to_ms)``, oldest first; the first begins at ``from_ms``."""
    buckets = [Bucket(t=t) for t in range(from_ms, to_ms, bucket_ms)]
    asked: dict[str, Any] = {"resident": resident, "from": from_ms, "to": to_ms, "bucket": bucket_ms}
    for number, steps, moved, beats in await _rows(conn, _BEATS, asked):
        buckets[number].steps = steps
        buckets[number].activity = moved
        buckets[number].heartbeats = beats
    for number, count in await _rows(conn, _counted("position", "count(*)"), asked):
        buckets[number].positions = count
    for number, count, seconds in await _rows(
        conn, _counted("exercise", "count(distinct x.session), sum(x.duration_s::double precision)"), asked
    ):
        buckets[number].exercise_sessions = count
        buckets[number].exercise_s = seconds
    for number, count in await _rows(conn, _counted("checkin", "count(*)"), asked):
        buckets[number].checkins = count
    return buckets


async def _rows(conn: Connection, statement: LiteralString, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    return await (await conn.execute(statement, asked)).fetchall()
