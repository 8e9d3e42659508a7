"""What a back-test reads: where a stretch of the stored stream lies, when the registry changed, what alarms came of it.

Readings have no index by the time of their receipt; they are found by ``pos``, which rises with it.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from psycopg import sql

from alerts.alarm import Alarm
from devices.kinds import READING_KINDS
from devices.registry import RegistryChange
from gateway.store.active import ACTIVE_STATES
from gateway.store.alarms import alarm_from_object
from gateway.store.batches import BatchRow, batches_after
from gateway.store.connection import Connection
from gateway.store.registry_log import changes_since

_WINDOW: Final = 4_096
"""Positions that one look takes in: so many readings a batch at most, so that it meets one unless they are gone."""
_CHANGES_AT_ONCE: Final = 10_000


async def sites(connection: Connection) -> dict[str, str]:
    """The time zone of every site, by its id."""
    return dict(await (await connection.execute("select id, timezone from site order by id")).fetchall())


async def first_kept_batch(connection: Connection) -> BatchRow | None:
    """The oldest batch that is still in the book."""
    rows = await batches_after(connection, 0, 1)
    return rows[0] if rows else None


async def pos_received_at(connection: Connection, moment_ms: int, end_pos: int) -> int:
    """The first position whose reading came at or after a moment (ms), ``end_pos`` when none did.

    Positions whose readings are gone count as before it: what has grown old goes first. Readings that waited in
    the gateway have a later position than their receipt suggests, so this is exact to a few seconds.
    """
    low, high = 1, end_pos
    while low < high:
        middle = (low + high) // 2
        received = await _received_from(connection, middle)
        if received is None or received < moment_ms:
            low = middle + 1
        else:
            high = middle
    return low


async def _received_from(connection: Connection, pos: int) -> int | None:
    """When the first stored reading at or shortly after a position came, ms."""
    query = sql.SQL(
        "select (extract(epoch from received) * 1000)::int8 from ({looks}) as looks order by pos limit 1"
    ).format(
        looks=sql.SQL(" union all ").join(
            sql.SQL(
                "(select pos, received from {table} where pos between %(first)s and %(last)s order by pos limit 1)"
            ).format(table=sql.Identifier(kind.topic_name))
            for kind in READING_KINDS
        )
    )
    row = await (await connection.execute(query, {"first": pos, "last": pos + _WINDOW - 1})).fetchone()
    return None if row is None else int(row[0])


class Dated(NamedTuple):
    """A change of the registry and when it was made, ms."""

    at: int
    change: RegistryChange


class RegistryHistory:
    """The changes of the registry from the first one on, page by page."""

    def __init__(self, connection: Connection) -> None:
        self.pending: deque[Dated] = deque()
        self._connection = connection
        self._version = 0
        self._at = 0
        self._exhausted = False

    async def reach(self, moment_ms: int, version: int) -> None:
        """Let ``pending`` hold every change until a moment and up to a version, and perhaps more."""
        while not self._exhausted and (self._at <= moment_ms or self._version <= version):
            changes = await changes_since(self._connection, self._version, limit=_CHANGES_AT_ONCE)
            self._exhausted = len(changes) < _CHANGES_AT_ONCE
            if not changes:
                return
            cursor = await self._connection.execute(
                "select version, (extract(epoch from at) * 1000)::int8 from registry_change"
                " where version between %s and %s",
                (changes[0].version, changes[-1].version),
            )
            times: dict[int, int] = dict(await cursor.fetchall())
            self.pending.extend(Dated(times[change.version], change) for change in changes)
            self._version, self._at = changes[-1].version, times[changes[-1].version]


async def alarms_between(connection: Connection, start_ms: int, end_ms: int) -> list[Alarm]:
    """The alarms that were raised, or had anything happen to them, in ``[start_ms, end_ms)``, or still stand."""
    cursor = await connection.execute(
        "select object from alarm where raised_at < %(end)s and (raised_at >= %(start)s"
        f" or state in {ACTIVE_STATES} or (object -> 'timeline' -> -1 ->> 't')::int8 >= %(start)s)"
        " order by raised_at, id",
        {"start": start_ms, "end": end_ms},
    )
    return [alarm_from_object(row[0]) for row in await cursor.fetchall()]
