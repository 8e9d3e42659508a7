"""Maintenance and repairs as transactions on alarms need them: part of ``alerts.ports.AlarmTransaction``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, LiteralString

from psycopg_pool import AsyncConnectionPool

from alerts.suppression import Hold, Holds
from gateway.store.connection import Connection

HOLD_FIELDS: Final[LiteralString] = "id, site, device, from_ms, until_ms, reason, by"
_OVER: Final[LiteralString] = "settled_ms is null and (ended_ms is not null or until_ms <= %(now)s)"


class HoldWork:
    """One transaction's work on what explains alarms."""

    _connection: Connection

    async def holds(self, *, sites: Sequence[str], devices: Sequence[str], residents: Sequence[str] = ()) -> Holds:
        """The maintenance of these sites and the repairs at them and of these devices that have not ended.

        Their rows are shared until the transaction ends: whoever settles one of them waits, and then sees what was
        kept quiet by it.
        """
        cursor = await self._connection.execute(
            f"select {HOLD_FIELDS} from suppression where ended_ms is null and settled_ms is null"
            " and (site = any(%s) or device = any(%s)) order by id for share",
            (list(sites), list(devices)),
        )
        found = tuple(hold_from_row(row) for row in await cursor.fetchall())
        repairs = any(hold.device is not None for hold in found)
        return Holds(holds=found, worn=await self._worn(residents) if residents and repairs else {})

    async def _worn(self, residents: Sequence[str]) -> dict[str, tuple[str, ...]]:
        cursor = await self._connection.execute(
            "select r.id, array_agg(d.id order by d.id) from resident r"
            " join assignment n on n.resident_slot = r.slot and n.to_ms is null"
            " join device d on d.slot = n.device_slot and d.registered and not d.revoked"
            " where r.id = any(%s) and d.type in ('band', 'watch', 'pendant') group by r.id",
            (list(residents),),
        )
        return {row[0]: tuple(row[1]) for row in await cursor.fetchall()}

    async def lock_hold(self, hold: str, now: int) -> bool:
        """Whether a hold is over at ``now`` (ms) and nobody has settled it or is at it; then it is ours."""
        cursor = await self._connection.execute(
            f"select from suppression where id = %(hold)s and {_OVER} for update skip locked",
            {"hold": hold, "now": now},
        )
        return await cursor.fetchone() is not None

    async def settle_hold(self, hold: str, now: int) -> None:
        """Write down that nothing more of a hold is quiet, once the changes of this transaction are."""
        await self._connection.execute(
            "update suppression set settled_ms = %s, ended_ms = coalesce(ended_ms, until_ms) where id = %s", (now, hold)
        )


class PostgresHoldStore:
    """``alerts.hearing.HoldStore`` over PostgreSQL."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    async def over(self, now: int) -> list[str]:
        """The ids of the holds that have ended by ``now`` (ms), and whose alarms may still be quiet."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(f"select id from suppression where {_OVER} order by id", {"now": now})
            return [row[0] for row in await cursor.fetchall()]


def hold_from_row(row: Sequence[object]) -> Hold:
    """The hold of a row of ``HOLD_FIELDS``."""
    return Hold(**dict(zip(Hold.__struct_fields__, row, strict=True)))  # type: ignore[arg-type]
