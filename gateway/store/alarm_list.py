"""Alarms as the API lists them: whole objects as stored, page by page, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, LiteralString, NamedTuple
from uuid import UUID

from gateway.store.active import ACTIVE_STATES
from gateway.store.connection import Connection
from gateway.store.registry_records import Device

ListedState = Literal["active", "closed", "suppressed", "all"]

_STATES: Final[dict[ListedState, LiteralString]] = {
    "active": f"state in {ACTIVE_STATES}",
    "closed": "state in ('resolved', 'closed', 'cancelled')",
    "suppressed": "state = 'suppressed'",
    "all": "state <> 'suppressed'",
}


class Cursor(NamedTuple):
    """Where a page ended: the next one begins below (raised_at, id)."""

    raised_at: int
    id: UUID

    def __str__(self) -> str:
        """As it travels in ``next`` and ``before``."""
        return f"{self.raised_at}_{self.id}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """The cursor of ``next``, or everything raised before a plain number of ms. Raises ``ValueError``."""
        raised_at, _, alarm = text.partition("_")
        return cls(int(raised_at), UUID(alarm) if alarm else UUID(int=0))


class AlarmObjects(NamedTuple):
    """A page of alarm objects as JSON, the cursor of the next, and the number of the last change in it."""

    objects: list[str]
    next: Cursor | None
    change: int


class AlarmObject(NamedTuple):
    """One alarm object as JSON, with its site."""

    site: str
    object: str


async def alarm_objects(
    conn: Connection,
    *,
    sites: Sequence[str],
    state: ListedState = "all",
    kind: str | None = None,
    site: str | None = None,
    resident: str | None = None,
    drill: bool | None = None,
    before: Cursor | None = None,
    limit: int = 100,
) -> AlarmObjects:
    """One page, newest first by ``raised_at``; list and ``change`` are of one moment. ``sites`` empty: all."""
    where: list[LiteralString] = [_STATES[state]]
    if sites:
        where.append("site = any(%(sites)s)")
    if kind is not None:
        where.append("kind = %(kind)s")
    if site is not None:
        where.append("site = %(site)s")
    if resident is not None:
        where.append("resident = %(resident)s")
    if drill is not None:
        where.append("(object ->> 'drill')::boolean = %(drill)s")
    if before is not None:
        where.append("(raised_at, id) < (%(raised_at)s, %(id)s)")
    cursor = await conn.execute(
        "with page as (select raised_at, id, object from alarm where "
        + " and ".join(where)
        + " order by raised_at desc, id desc limit %(limit)s + 1)"
        " select (select n from alarm_counter),"
        " array(select object::text from page order by raised_at desc, id desc),"
        " array(select raised_at from page order by raised_at desc, id desc),"
        " array(select id from page order by raised_at desc, id desc)",
        {
            "sites": list(sites),
            "kind": kind,
            "site": site,
            "resident": resident,
            "drill": drill,
            "raised_at": before.raised_at if before else None,
            "id": before.id if before else None,
            "limit": limit,
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    change, objects, raised, ids = row
    more = len(objects) > limit
    return AlarmObjects(objects[:limit], Cursor(raised[limit - 1], ids[limit - 1]) if more else None, change)


async def alarm_object(conn: Connection, alarm: UUID) -> AlarmObject | None:
    """One alarm as it is now."""
    row = await (await conn.execute("select site, object::text from alarm where id = %s", (alarm,))).fetchone()
    return None if row is None else AlarmObject(row[0], row[1])


async def has_active_alarm(conn: Connection, resident: str) -> bool:
    """Whether an alarm of a resident, or of their household, is active."""
    cursor = await conn.execute(
        "select exists (select from alarm a join resident r on r.id = %s and (a.resident = r.id"
        " or (a.resident is null and a.object ->> 'household' = r.household))"
        f" where a.state in {ACTIVE_STATES})",
        (resident,),
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def has_active_alarm_around(conn: Connection, device: Device) -> bool:
    """Whether an alarm of a device, or of whoever has it, is active."""
    cursor = await conn.execute(
        "select exists (select from alarm where (object ->> 'device' = %(device)s"
        " or object ->> 'household' = %(household)s or resident = %(resident)s)"
        f" and state in {ACTIVE_STATES})",
        {"device": device.id, "household": device.household, "resident": device.resident},
    )
    row = await cursor.fetchone()
    return (row is not None and bool(row[0])) or (
        device.resident is not None and await has_active_alarm(conn, device.resident)
    )


async def site_of_alarm(conn: Connection, alarm: UUID) -> str | None:
    """The alarm's site, which never changes; None when there is no such alarm."""
    row = await (await conn.execute("select site from alarm where id = %s", (alarm,))).fetchone()
    return None if row is None else str(row[0])
