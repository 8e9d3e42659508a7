"""Writing plans and holidays. Each change is laid out as windows in its own transaction, so that it holds at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from psycopg.types.json import Jsonb

from alerts.checks import clash
from devices.refusals import Refusal
from gateway.store.connection import Connection
from gateway.store.errors import Conflict
from gateway.store.registry.holding import hold_registry
from gateway.store.registry.planner import replan
from gateway.store.registry.reading import find, listing, require, stored
from gateway.store.registry.writing import key_of, writing
from gateway.store.registry_records import Holiday, HolidayFields, Plan, PlanFields, Resident, Site

PLANS_AT_MOST: Final = 100
"""Of one resident. Far beyond what anybody reads; a bound, so that a faulty client cannot fill the night's work."""


async def add_plan(conn: Connection, actor: str, fields: PlanFields, *, now: int) -> Plan:
    """Create a plan; the first window asked for is the next that opens after ``now`` (ms).

    Raises:
        MissingRecord: There is no such resident.
        Conflict: Another plan of theirs asks for a check at the same time.
    """
    async with writing(conn, actor):
        await hold_registry(conn)
        await require(conn, Resident, fields.resident, "resident")
        await _check_clash(conn, fields, but=None)
        key = await key_of(
            conn,
            "insert into care_plan (resident_slot, name, windows, grace_min, remind_min, remind, holidays, first_day,"
            " last_day, active, promised_ms) select slot, %(name)s, %(windows)s, %(grace_min)s, %(remind_min)s,"
            " %(remind)s, %(holidays)s, %(first_day)s, %(last_day)s, %(active)s, %(now)s from resident"
            " where id = %(resident)s returning id",
            _row(fields, now),
        )
        await replan(conn, now, residents=[fields.resident])
        return await stored(conn, Plan, str(key))


async def replace_plan(conn: Connection, actor: str, key: str, fields: PlanFields, *, now: int) -> Plan | None:
    """Replace a plan's terms; whose it is stays as it was. Raises ``Conflict`` as ``add_plan`` does."""
    async with writing(conn, actor):
        await hold_registry(conn)
        current = await find(conn, Plan, key)
        if current is None:
            return None
        if msgspec.structs.asdict(fields).items() <= msgspec.structs.asdict(current).items():
            return current
        await _check_clash(conn, fields, but=key)
        await conn.execute(
            "update care_plan set name = %(name)s, windows = %(windows)s, grace_min = %(grace_min)s,"
            " remind_min = %(remind_min)s, remind = %(remind)s, holidays = %(holidays)s, first_day = %(first_day)s,"
            " last_day = %(last_day)s, active = %(active)s,"
            " promised_ms = case when %(same)s then promised_ms else %(now)s end where id = %(id)s",
            {**_row(fields, now), "id": key, "same": fields.terms == current.terms},
        )
        await replan(conn, now, residents=[current.resident])
        return await stored(conn, Plan, key)


async def remove_plan(conn: Connection, actor: str, key: str, *, now: int) -> bool:
    """Remove a plan: what it has not asked for yet, it never will; False when there is none."""
    async with writing(conn, actor):
        await hold_registry(conn)
        current = await find(conn, Plan, key)
        if current is None:
            return False
        await conn.execute("delete from care_plan where id = %s", (key,))
        await replan(conn, now, residents=[current.resident])
        return True


async def add_holiday(conn: Connection, actor: str, fields: HolidayFields, *, now: int) -> Holiday:
    """Enter days on which plans that say so ask for nothing. Raises ``MissingRecord`` for an unknown site."""
    async with writing(conn, actor):
        await hold_registry(conn)
        await require(conn, Site, fields.site, "site")
        key = await key_of(
            conn,
            "insert into holiday (site, name, date, last_date)"
            " values (%(site)s, %(name)s, %(date)s, coalesce(%(last_date)s, %(date)s)) returning id",
            msgspec.structs.asdict(fields),
        )
        await replan(conn, now, site=fields.site)
        return await stored(conn, Holiday, str(key))


async def replace_holiday(conn: Connection, actor: str, key: str, fields: HolidayFields, *, now: int) -> Holiday | None:
    """Replace a holiday's name and days; raises ``Conflict`` when the site differs."""
    async with writing(conn, actor):
        await hold_registry(conn)
        current = await find(conn, Holiday, key)
        if current is None:
            return None
        if current.site != fields.site:
            raise Conflict(
                Refusal("holiday.stays", "a holiday stays at its site: enter it at the other one", field="site")
            )
        await conn.execute(
            "update holiday set name = %(name)s, date = %(date)s, last_date = coalesce(%(last_date)s, %(date)s)"
            " where id = %(id)s",
            {**msgspec.structs.asdict(fields), "id": key},
        )
        await replan(conn, now, site=fields.site)
        return await stored(conn, Holiday, key)


async def remove_holiday(conn: Connection, actor: str, key: str, *, now: int) -> bool:
    """Remove a holiday; False when there is none."""
    async with writing(conn, actor):
        await hold_registry(conn)
        current = await find(conn, Holiday, key)
        if current is None:
            return False
        await conn.execute("delete from holiday where id = %s", (key,))
        await replan(conn, now, site=current.site)
        return True


async def _check_clash(conn: Connection, fields: PlanFields, *, but: str | None) -> None:
    others = await listing(conn, Plan, sites=[], filters={"resident": fields.resident}, limit=PLANS_AT_MOST)
    if but is None and len(others) >= PLANS_AT_MOST:
        raise Conflict(Refusal("plan.too_many", "the resident has {most} plans already", most=PLANS_AT_MOST))
    for other in others:
        if other.id != but and clash(fields.terms, other.terms):
            raise Conflict(
                Refusal(
                    "plan.clashes",
                    "the plan “{other}” asks for a check at the same time",
                    field="windows",
                    other=other.name,
                )
            )


def _row(fields: PlanFields, now: int) -> Mapping[str, object]:
    return {
        **msgspec.structs.asdict(fields),
        "windows": Jsonb(msgspec.to_builtins(fields.windows)),
        "remind": list(fields.remind),
        "now": now,
    }
