"""Sites in maintenance and devices in repair: begun, changed and ended by staff, with their history. Times are ms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, LiteralString

import msgspec

from gateway.store.connection import Connection

_FIELDS: Final[LiteralString] = "id, site, device, from_ms, until_ms, reason, by, ended_ms, ended_by"


class Held(msgspec.Struct, frozen=True, kw_only=True, rename={"from_ms": "from", "until_ms": "until"}):
    """A maintenance of a site, or (``device`` given) a repair of a device.

    ``ended_at``: when it ended, None while it has not; ``ended_by`` None: by itself. ``quiet``: how many alarms it
    keeps from being heard at present.
    """

    id: str
    site: str
    device: str | None
    from_ms: int
    until_ms: int | None
    reason: str
    by: str
    ended_at: int | None = None
    ended_by: str | None = None
    quiet: int = 0


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What staff say: why, since when, and until when (None: until it is given back)."""

    site: str
    device: str | None = None
    reason: str
    from_ms: int
    until_ms: int | None = None


async def hold(conn: Connection, actor: str, wanted: Wanted, now: int) -> Held:
    """Begin it. Where it lasts already, it goes on under the new words, until the new end.

    One that is announced for later takes the place of what lasts, and what that kept quiet is heard: nobody said that
    it should be quiet in between.
    """
    async with conn.transaction():
        await conn.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"hold {wanted.site} {wanted.device}",)
        )
        since = await _end(conn, wanted.site, wanted.device, actor, now)
        cursor = await conn.execute(
            "insert into suppression (site, device, from_ms, until_ms, reason, by, created_ms)"
            f" values (%s, %s, %s, %s, %s, %s, %s) returning {_FIELDS}",
            (
                wanted.site,
                wanted.device,
                wanted.from_ms if since is None or wanted.from_ms > now else min(since, wanted.from_ms),
                wanted.until_ms,
                wanted.reason,
                actor,
                now,
            ),
        )
        row = await cursor.fetchone()
    assert row is not None
    return _held(row)


async def end(conn: Connection, actor: str, site: str, device: str | None, now: int) -> bool:
    """End it now; False when there was none. What it kept quiet is heard within two seconds."""
    async with conn.transaction():
        return await _end(conn, site, device, actor, now) is not None


async def _end(conn: Connection, site: str, device: str | None, actor: str, now: int) -> int | None:
    """End what lasts, or is planned; since when it has lasted, None when nothing does."""
    cursor = await conn.execute(
        "update suppression set ended_ms = least(%(now)s, coalesce(until_ms, %(now)s)),"
        " ended_by = case when until_ms <= %(now)s then null else %(actor)s end where ended_ms is null and"
        + (" site = %(site)s and device is null" if device is None else " device = %(device)s")
        + " returning from_ms, until_ms",
        {"now": now, "actor": actor, "site": site, "device": device},
    )
    row = await cursor.fetchone()
    if row is None or row[0] > now or (row[1] is not None and row[1] <= now):
        return None
    return int(row[0])


async def in_force(conn: Connection, *, sites: Sequence[str], now: int) -> list[Held]:
    """What lasts or is planned at ``now`` in these sites (empty: in all), the maintenance that ends first on top."""
    cursor = await conn.execute(
        f"select {_FIELDS}, (select count(*) from alarm a where a.state = 'suppressed'"
        " and a.object ->> 'recovered_at' is null and a.object -> 'suppression' ->> 'id' = s.id)"
        " from suppression s where ended_ms is null and (until_ms is null or until_ms > %(now)s)"
        " and (%(sites)s::text[] = '{}' or site = any(%(sites)s)) order by until_ms nulls last, from_ms, id",
        {"sites": list(sites), "now": now},
    )
    return [_held(row) for row in await cursor.fetchall()]


async def history_of(conn: Connection, site: str, device: str | None, *, limit: int = 50) -> list[Held]:
    """All of a site (``device`` None) or of a device, newest first."""
    cursor = await conn.execute(
        f"select {_FIELDS} from suppression where"
        + (" site = %(site)s and device is null" if device is None else " device = %(device)s")
        + " order by created_ms desc, id limit %(limit)s",
        {"site": site, "device": device, "limit": limit},
    )
    return [_held(row) for row in await cursor.fetchall()]


def _held(row: Sequence[object]) -> Held:
    return Held(**dict(zip(Held.__struct_fields__, row, strict=False)))  # type: ignore[arg-type]
