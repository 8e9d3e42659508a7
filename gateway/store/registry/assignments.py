"""Writing who had which device, from when to when.

A reading belongs to whoever wore the device at its event time, so an assignment may be entered afterwards and
corrected; two of one device never overlap. None begins or ends in the future: what somebody will wear tomorrow
is entered tomorrow.
"""

from __future__ import annotations

from typing import Final

from alerts.policy import NO_NEWS_TO
from devices.refusals import Refusal
from gateway.store.connection import Connection
from gateway.store.errors import Conflict, MissingRecord
from gateway.store.registry.reading import find, require, stored
from gateway.store.registry.writing import key_of, writing
from gateway.store.registry_records import Assignment, AssignmentFields, Device, Household, Resident

DEVICE_REVOKED: Final = Refusal("device.revoked", "the device was revoked; register it again", field="device")
OTHER_SITE: Final = Refusal("assignment.other_site", "the device and its wearer belong to different sites")
ONE_WEARER: Final = Refusal("assignment.one_wearer", "a device is assigned to a resident or to a household")


async def add_assignment(conn: Connection, actor: str, fields: AssignmentFields) -> Assignment:
    """Enter who had a device.

    Raises:
        Conflict: Another assignment of the device overlaps, the wearer has left or belongs to another site.
        MissingRecord: Unknown device, resident or household.
    """
    async with writing(conn, actor):
        device = await require(conn, Device, fields.device, "device")
        if device.revoked and fields.to_ms is None:
            raise Conflict(DEVICE_REVOKED)
        await _check_wearer(conn, device, fields)
        await _check_free(conn, fields, None)
        key = await key_of(
            conn,
            "insert into assignment (device_slot, resident_slot, household, from_ms, to_ms) select d.slot,"
            " (select slot from resident where id = %(resident)s), %(household)s, %(from)s, %(to)s"
            " from device d where d.id = %(device)s returning id",
            _row(fields),
        )
        return await stored(conn, Assignment, str(key))


async def replace_assignment(conn: Connection, actor: str, key: str, fields: AssignmentFields) -> Assignment | None:
    """Change the time of an assignment; whose it is and of which device stays as it was."""
    async with writing(conn, actor):
        current = await find(conn, Assignment, key)
        if current is None:
            return None
        if (current.device, current.resident, current.household) != (
            fields.device,
            fields.resident,
            fields.household,
        ):
            raise Conflict(
                Refusal(
                    "assignment.stays",
                    "an assignment stays with its device and its wearer: remove it and enter another",
                )
            )
        device = await require(conn, Device, fields.device, "device")
        if fields.to_ms is None and current.to_ms is not None:
            if device.revoked:
                raise Conflict(DEVICE_REVOKED)
            await _check_wearer(conn, device, fields)
        await _check_free(conn, fields, key)
        await conn.execute(
            "update assignment set from_ms = %(from)s, to_ms = %(to)s where id = %(id)s", {**_row(fields), "id": key}
        )
        return await stored(conn, Assignment, key)


def _row(fields: AssignmentFields) -> dict[str, object]:
    return {
        "device": fields.device,
        "resident": fields.resident,
        "household": fields.household,
        "from": fields.from_ms,
        "to": fields.to_ms,
    }


async def _check_wearer(conn: Connection, device: Device, fields: AssignmentFields) -> None:
    wearer: Resident | Household
    if fields.resident is not None:
        wearer = await require(conn, Resident, fields.resident, "resident")
        if fields.to_ms is None:
            refuse_who_left(wearer)
    elif fields.household is not None:
        wearer = await require(conn, Household, fields.household, "household")
    else:
        raise MissingRecord(ONE_WEARER)
    if wearer.site != device.site:
        raise Conflict(OTHER_SITE)


def refuse_who_left(resident: Resident) -> None:
    """Raise ``Conflict`` for somebody who has moved or died: nobody would hear of their alarms."""
    if resident.status in NO_NEWS_TO:
        raise Conflict(Refusal("resident.left", "the resident has left: change the status first"))


async def _check_free(conn: Connection, fields: AssignmentFields, but: str | None) -> None:
    """Raise ``Conflict`` when another assignment of the device overlaps; one writer a device at a time."""
    await conn.execute("select from device where id = %s for no key update", (fields.device,))
    cursor = await conn.execute(
        "select coalesce(w.name, h.name), n.from_ms, n.to_ms, coalesce(w.timezone, s.timezone) from assignment n"
        " join device d on d.slot = n.device_slot join site s on s.id = d.site"
        " left join resident w on w.slot = n.resident_slot left join household h on h.id = n.household"
        " where d.id = %(device)s and n.id is distinct from %(but)s"
        " and n.from_ms < coalesce(%(to)s, 9223372036854775807) and %(from)s < coalesce(n.to_ms, 9223372036854775807)"
        " order by n.from_ms limit 1",
        {**_row(fields), "but": but},
    )
    row = await cursor.fetchone()
    if row is not None:
        raise Conflict(_worn(*row))


def _worn(name: str, from_ms: int, to_ms: int | None, timezone: str) -> Refusal:
    if to_ms is None:
        return Refusal(
            "assignment.worn_since",
            "{name} has the device from {from_ms} until now: two cannot have it at once",
            name=name,
            from_ms=from_ms,
            timezone=timezone,
        )
    return Refusal(
        "assignment.worn_then",
        "{name} has the device from {from_ms} to {to_ms}: two cannot have it at once",
        name=name,
        from_ms=from_ms,
        to_ms=to_ms,
        timezone=timezone,
    )
