"""Writing who is on duty when.

Nobody is on duty twice at the same time at one site: whoever stands in counts, whoever is stood in for does not.
The past may be corrected, since shifts are changed by word of mouth; the log keeps what was there before.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from alerts.roster import Span, days_later, week_of
from devices.clock import HOUR_MS, zone
from devices.refusals import Refusal, Value
from gateway.store.connection import Connection
from gateway.store.errors import Conflict, MissingRecord
from gateway.store.registry.reading import find, require, stored
from gateway.store.registry.writing import key_of, writing
from gateway.store.registry_records import Shift, ShiftFields, Site

LONGEST_SHIFT_MS: Final = 72 * HOUR_MS
"""Longer is a slip of the hand: a wrong month would hide for weeks that nobody is there. Assumption."""


class Skipped(msgspec.Struct, frozen=True, kw_only=True, rename={"from_ms": "from"}):
    """A shift that was not copied."""

    account: str
    from_ms: int
    why: str
    code: str
    params: dict[str, Value]


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy made; ``skipped``: for whom not, from when (ms), and why, in English, as a code and its values."""

    items: list[Shift]
    skipped: list[Skipped]


async def add_shift(conn: Connection, actor: str, fields: ShiftFields) -> Shift:
    """Enter a shift.

    Raises:
        Conflict: Whoever serves is on duty there already at that time, or cannot be.
        MissingRecord: An unknown site or account.
    """
    async with writing(conn, actor):
        return await _add(conn, fields)


async def replace_shift(conn: Connection, actor: str, key: str, fields: ShiftFields) -> Shift | None:
    """Replace a shift's fields. Raises as ``add_shift`` does, and ``Conflict`` when the site differs."""
    async with writing(conn, actor):
        current = await find(conn, Shift, key)
        if current is None:
            return None
        if current.site != fields.site:
            raise Conflict(Refusal("shift.stays", "a shift stays at its site: enter it at the other one", field="site"))
        accounts = await _checked(conn, fields, but=key)
        await conn.execute(
            "update shift set account = %(account)s, role = %(role)s, from_ms = %(from)s, to_ms = %(to)s,"
            " stand_in = %(stand_in)s, note = %(note)s where id = %(id)s",
            _row(fields, accounts) | {"id": key},
        )
        return await stored(conn, Shift, key)


async def copy_shifts(conn: Connection, actor: str, site: str, first: date, into: date) -> Copied:
    """Enter the shifts that begin in the week from ``first`` on once more in that from ``into`` on, by local clocks.

    Stand-ins and notes belong to their day and are not copied. Whoever is on duty then already, or no longer can
    be, is skipped; so the same copy again adds nothing.
    """
    async with writing(conn, actor):
        clocks = zone((await require(conn, Site, site, "site")).timezone)
        week = week_of(first, clocks)
        cursor = await conn.execute(
            "select id from shift where site = %s and from_ms >= %s and from_ms < %s order by from_ms, id",
            (site, week.from_ms, week.to_ms),
        )
        copied = Copied(items=[], skipped=[])
        for (key,) in await cursor.fetchall():
            was = await stored(conn, Shift, key)
            then = days_later(Span(was.from_ms, was.to_ms), (into - first).days, clocks)
            fields = ShiftFields(site=site, account=was.account, role=was.role, from_ms=then.from_ms, to_ms=then.to_ms)
            try:
                copied.items.append(await _add(conn, fields))
            except Conflict as error:
                why = error.refusal
                copied.skipped.append(
                    Skipped(account=was.account, from_ms=then.from_ms, why=why.detail, code=why.code, params=why.params)
                )
        return copied


async def _add(conn: Connection, fields: ShiftFields) -> Shift:
    accounts = await _checked(conn, fields, but=None)
    key = await key_of(
        conn,
        "insert into shift (site, account, role, from_ms, to_ms, stand_in, note) values (%(site)s, %(account)s,"
        " %(role)s, %(from)s, %(to)s, %(stand_in)s, %(note)s) returning id",
        _row(fields, accounts),
    )
    return await stored(conn, Shift, str(key))


def _row(fields: ShiftFields, accounts: dict[str, str]) -> dict[str, object]:
    return {
        "site": fields.site,
        "account": accounts[fields.account],
        "role": fields.role,
        "from": fields.from_ms,
        "to": fields.to_ms,
        "stand_in": None if fields.stand_in is None else accounts[fields.stand_in],
        "note": fields.note,
    }


async def _checked(conn: Connection, fields: ShiftFields, *, but: str | None) -> dict[str, str]:
    """The accounts' ids by user name, once nothing speaks against the shift; one writer a site at a time."""
    if not 0 < fields.to_ms - fields.from_ms <= LONGEST_SHIFT_MS:
        raise Conflict(
            Refusal(
                "shift.too_long",
                "a shift ends after it begins, and lasts {hours} hours at most",
                field="to",
                hours=LONGEST_SHIFT_MS // HOUR_MS,
            )
        )
    if fields.stand_in == fields.account:
        raise Conflict(Refusal("shift.stands_in_for_self", "nobody stands in for themselves", field="stand_in"))
    clocks = (await require(conn, Site, fields.site, "site")).timezone
    await conn.execute("select from site where id = %s for no key update", (fields.site,))
    cursor = await conn.execute(
        "select username, id, coalesce(nullif(display_name, ''), username), disabled,"
        " sites = '{}' or %(site)s = any(sites), role <> 'auditor' from account where username = any(%(names)s)",
        {"site": fields.site, "names": [fields.account, fields.stand_in]},
    )
    found = {row[0]: row[1:] for row in await cursor.fetchall()}
    for name in filter(None, (fields.account, fields.stand_in)):
        if name not in found:
            raise MissingRecord(
                Refusal("account.unknown", "there is no account {name}", field=_field_of(fields, name), name=name)
            )
    _, name, disabled, sees, may_act = found[fields.serves]
    field = _field_of(fields, fields.serves)
    if disabled:
        raise Conflict(Refusal("shift.account_ended", "the account {name} has ended", field=field, name=name))
    if not sees:
        raise Conflict(
            Refusal("shift.site_unseen", "the account {name} does not see this site", field=field, name=name)
        )
    if not may_act:
        raise Conflict(
            Refusal("shift.auditor", "{name} is an auditor, who may not act on alarms", field=field, name=name)
        )
    await _check_free(conn, fields, name, clocks, but)
    return {name: row[0] for name, row in found.items()}


def _field_of(fields: ShiftFields, name: str) -> str:
    return "stand_in" if name == fields.stand_in else "account"


async def _check_free(conn: Connection, fields: ShiftFields, name: str, timezone: str, but: str | None) -> None:
    cursor = await conn.execute(
        "select f.from_ms, f.to_ms from shift f join account a on a.id = coalesce(f.stand_in, f.account)"
        " where f.site = %(site)s and a.username = %(serves)s and f.id is distinct from %(but)s"
        " and f.from_ms < %(to)s and f.to_ms > %(from)s order by f.from_ms limit 1",
        {"site": fields.site, "serves": fields.serves, "from": fields.from_ms, "to": fields.to_ms, "but": but},
    )
    row = await cursor.fetchone()
    if row is not None:
        raise Conflict(
            Refusal(
                "shift.on_duty_already",
                "{name} is on duty here already from {from_ms} to {to_ms}",
                field=_field_of(fields, fields.serves),
                name=name,
                from_ms=row[0],
                to_ms=row[1],
                timezone=timezone,
            )
        )
