"""What a search looks through, drawn from the records change by change.

Every change of the registry is numbered, whoever wrote it; the index remembers up to which number it has come
and takes in the rest before it is asked. So an import, a job and a statement by hand are found alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, LiteralString, NamedTuple

from psycopg.errors import LockNotAvailable

from devices.names import folded, spellings
from devices.phones import phone_digits
from devices.places import door_keys
from gateway.store.connection import Connection

AT_ONCE: Final = 2000
"""Changes taken in by one transaction: some tenths of a second."""

_TYPES: Final = ("resident", "contact", "device", "household")


class _Entry(NamedTuple):
    """One row of ``search_entry``."""

    type: str
    id: str
    site: str
    resident: str | None
    name: str = ""
    spelled: str = ""
    typed: str = ""
    digits: str = ""
    room: str = ""
    code: str = ""


async def catch_up(conn: Connection) -> int:
    """Take in what has changed; how many changes that were. Two at once wait for each other."""
    taken = 0
    while (some := await _take_some(conn)) > 0:
        taken += some
    return taken


async def _take_some(conn: Connection) -> int:
    cursor = await conn.execute("select s.version, r.version from search_state s, registry_version r")
    row = await cursor.fetchone()
    if row is None or row[0] >= row[1]:
        return 0
    try:
        async with conn.transaction():
            cursor = await conn.execute("select version from search_state for update")
            row = await cursor.fetchone()
            assert row is not None
            cursor = await conn.execute(
                "select version, entity, key, record from registry_change where version > %s order by version limit %s",
                (row[0], AT_ONCE),
            )
            changes = await cursor.fetchall()
            if changes:
                await _renew(conn, *(await _touched(conn, changes)))
                await conn.execute("update search_state set version = %s", (changes[-1][0],))
            return len(changes)
    except LockNotAvailable:
        return 0


async def _touched(conn: Connection, changes: list[Any]) -> tuple[set[str], set[str], set[str], set[str]]:
    """Residents, contacts, devices and households whose entries these changes may alter."""
    keys: dict[str, set[str]] = {name: set() for name in _TYPES}
    slots: set[int] = set()
    for _, entity, key, record in changes:
        if entity in keys:
            keys[entity].add(key)
        if entity == "assignment" and record is not None:
            slots.add(record["device_slot"])
    worn = await conn.execute(
        "select d.id from device d where d.slot = any(%s) union select e.id from search_entry e"
        " where e.type = 'device' and e.resident = any(%s)",
        (list(slots), list(keys["resident"])),
    )
    keys["device"].update(row[0] for row in await worn.fetchall())
    if any(entity == "assignment" and record is None for _, entity, _, record in changes):
        gone = await conn.execute(
            "select d.id from device d join registry_change c on c.entity = 'assignment' and c.key = any(%s)"
            " and c.record is not null and (c.record ->> 'device_slot')::integer = d.slot",
            ([key for _, entity, key, record in changes if entity == "assignment" and record is None],),
        )
        keys["device"].update(row[0] for row in await gone.fetchall())
    living = await conn.execute("select id from resident where household = any(%s)", (list(keys["household"]),))
    keys["resident"].update(row[0] for row in await living.fetchall())
    return keys["resident"], keys["contact"], keys["device"], keys["household"]


async def _renew(
    conn: Connection, residents: set[str], contacts: set[str], devices: set[str], households: set[str]
) -> None:
    entries = [
        *await _entries(conn, _RESIDENTS, residents, _resident),
        *await _entries(conn, _CONTACTS, contacts, _contact),
        *await _entries(conn, _DEVICES, devices, _device),
        *await _entries(conn, _HOUSEHOLDS, households, _household),
    ]
    for name, keys in zip(_TYPES, (residents, contacts, devices, households), strict=True):
        await conn.execute("delete from search_entry where type = %s and id = any(%s)", (name, list(keys)))
    async with (
        conn.cursor() as cursor,
        cursor.copy(f"copy search_entry ({', '.join(_Entry._fields)}) from stdin") as copy,
    ):
        for entry in entries:
            await copy.write_row(entry)


async def _entries(conn: Connection, statement: LiteralString, keys: set[str], entry: Any) -> list[_Entry]:
    if not keys:
        return []
    cursor = await conn.execute(statement, (list(keys),))
    return [entry(*row) for row in await cursor.fetchall()]


_RESIDENTS: Final[LiteralString] = (
    "select r.id, r.site, r.name, r.phone, r.external_id,"
    " case when r.address = '{}' then coalesce(h.address, '{}') else r.address end"
    " from resident r left join household h on h.id = r.household where r.id = any(%s)"
)
_CONTACTS: Final[LiteralString] = (
    "select c.id, r.site, r.id, c.name, c.phone from contact c join resident r on r.slot = c.resident_slot"
    " where c.id = any(%s)"
)
_DEVICES: Final[LiteralString] = (
    "select d.id, d.site, w.id, d.phone from device d"
    " left join assignment n on n.device_slot = d.slot and n.to_ms is null"
    " left join resident w on w.slot = n.resident_slot where d.id = any(%s) and not d.revoked"
)
_HOUSEHOLDS: Final[LiteralString] = "select h.id, h.site, h.name, h.address from household h where h.id = any(%s)"


def _resident(
    key: str, site: str, name: str, phone: str | None, external_id: str | None, address: dict[str, Any]
) -> _Entry:
    return _Entry(
        "resident",
        key,
        site,
        key,
        **_named(name),
        digits=_digits(phone),
        room=_parted(door_keys(address)),
        code=folded(external_id or ""),
    )


def _contact(key: str, site: str, resident: str, name: str, phone: str) -> _Entry:
    return _Entry("contact", key, site, resident, **_named(name), digits=_digits(phone))


def _device(key: str, site: str, resident: str | None, phone: str | None) -> _Entry:
    return _Entry("device", key, site, resident, digits=_digits(phone), code=folded(key))


def _household(key: str, site: str, name: str, address: dict[str, Any]) -> _Entry:
    return _Entry("household", key, site, None, **_named(name), room=_parted(door_keys(address)))


def _named(name: str) -> dict[str, str]:
    spelled = spellings(name)
    return {
        "name": folded(name).replace(" ", ""),
        "spelled": "\n".join(spelled),
        "typed": "|" + "|".join(dict.fromkeys(way for each in spelled for way in _ways(each))) + "|" if spelled else "",
    }


def _ways(spelled: str) -> Iterable[str]:
    """How a spelling is typed, from each syllable on: whole and by initials."""
    syllables = spelled.split()
    for i in range(len(syllables)):
        yield "".join(syllables[i:])
        yield "".join(syllable[0] for syllable in syllables[i:])


def _digits(phone: str | None) -> str:
    return "" if phone is None else phone_digits(phone) or ""


def _parted(keys: list[str]) -> str:
    return f" {' '.join(keys)} " if keys else ""
