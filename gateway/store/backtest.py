"""What a back-test reads: where a stretch of the stored stream lies, when the registry changed, what alarms came of it.

Readings have no index by the time of their receipt; they are found by ``pos``, which rises with it.
"""

from __future__ import annotations

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
NEAR: Final = 50_000
"""A look costs more than so many readings that are loaded in vain: what came last has no summary in the index yet."""
_CHANGES_AT_ONCE: Final = 10_000


async def sites(connection: Connection) -> dict[str, str]:
    """The time zone of every site, by its id."""
    return dict(await (await connection.execute("select id, timezone from site order by id")).fetchall())


async def first_kept_batch(connection: Connection) -> BatchRow | None:
    """The oldest batch that is still in the book."""
    rows = await batches_after(connection, 0, 1)
    return rows[0] if rows else None


async def pos_before(connection: Connection, moment_ms: int, end_pos: int) -> int:
    """A position below ``end_pos`` from which on everything lies that came at or after a moment (ms).

    At most NEAR positions below the first of it. Positions whose readings are gone count as before the moment: what
    has grown old goes first. A reading that waited in the gateway has a later position than its receipt suggests.
    """
    low, high = 1, end_pos
    while high - low > NEAR:
        middle = (low + high) // 2
        received = await _received_from(connection, middle)
        if received is None or received < moment_ms:
            low = middle
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
        self._connection = connection
        self._version = 0
        self._at = 0
        self._exhausted = False

    async def reach(self, moment_ms: int, version: int) -> list[Dated]:
        """The next changes: every one until a moment (ms) and up to a version that was not given yet, perhaps more."""
        found: list[Dated] = []
        while not self._exhausted and (self._at <= moment_ms or self._version < version):
            changes = await changes_since(self._connection, self._version, limit=_CHANGES_AT_ONCE)
            self._exhausted = len(changes) < _CHANGES_AT_ONCE
            if changes:
                times = await self._times(changes[0].version, changes[-1].version)
                found += [Dated(times[change.version], change) for change in changes]
                self._version, self._at = changes[-1].version, found[-1].at
        return found

    async def _times(self, first: int, last: int) -> dict[int, int]:
        """When the changes of these versions were made, ms."""
        cursor = await self._connection.execute(
            "select version, (extract(epoch from at) * 1000)::int8 from registry_change"
            " where version between %s and %s",
            (first, last),
        )
        return dict(await cursor.fetchall())


async def alarms_between(connection: Connection, start_ms: int, end_ms: int) -> list[Alarm]:
    """The alarms that were raised, or had anything happen to them, in ``[start_ms, end_ms)``, or still stand."""
    cursor = await connection.execute(
        "select object from alarm where raised_at < %(end)s and (raised_at >= %(start)s"
        f" or state in {ACTIVE_STATES} or (object -> 'timeline' -> -1 ->> 't')::int8 >= %(start)s)"
        " order by raised_at, id",
        {"start": start_ms, "end": end_ms},
    )
    return [alarm_from_object(row[0]) for row in await cursor.fetchall()]
