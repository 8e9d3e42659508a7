"""Writing devices, and who has them now."""

from __future__ import annotations

import msgspec

from devices.refusals import Refusal
from gateway.store.connection import Connection
from gateway.store.errors import Conflict
from gateway.store.registry.assignments import OTHER_SITE, refuse_who_left
from gateway.store.registry.reading import find, require, stored
from gateway.store.registry.writing import DEVICE_TAKEN, key_of, writing
from gateway.store.registry_records import Device, DeviceFields, Household, Resident, Site


async def add_device(
    conn: Connection, actor: str, key: str, fields: DeviceFields, *, password_hash: str | None, now: int
) -> Device:
    """Register a device and hand it to its wearer; ``now`` in ms.

    A device that nobody entered but that cried for help, and one that was revoked, are taken over.
    The first wearer counts as having worn it from the beginning, so that readings which it stored
    before somebody entered it find their resident.

    Raises:
        Conflict: The id is in use.
        MissingRecord: Unknown site, resident or household.
    """
    async with writing(conn, actor):
        await require(conn, Site, fields.site, "site")
        row = {**msgspec.structs.asdict(fields), "id": key, "hash": password_hash}
        found = await key_of(
            conn,
            "insert into device as d (id, site, type, phone, mqtt_password_hash)"
            " values (%(id)s, %(site)s, %(type)s, %(phone)s, %(hash)s)"
            " on conflict (id) do update set site = excluded.site, type = excluded.type, phone = excluded.phone,"
            " mqtt_password_hash = excluded.mqtt_password_hash, registered = true, revoked = false"
            " where d.revoked or not d.registered returning id",
            row,
        )
        if found is None:
            raise Conflict(DEVICE_TAKEN)
        await _assign(conn, key, fields, now)
        return await stored(conn, Device, key)


async def replace_device(conn: Connection, actor: str, key: str, fields: DeviceFields, *, now: int) -> Device | None:
    """Replace a device's fields; another wearer from ``now`` (ms) on. None when there is no such device."""
    async with writing(conn, actor):
        current = await find(conn, Device, key)
        if current is None or current.revoked:
            return None
        if current.site != fields.site:
            raise Conflict(
                Refusal(
                    "device.stays", "a device stays at its site: remove it and register it at the new one", field="site"
                )
            )
        await conn.execute(
            "update device set type = %s, phone = %s, registered = true where id = %s",
            (fields.type, fields.phone, key),
        )
        if (current.resident, current.household) != (fields.resident, fields.household):
            await _assign(conn, key, fields, now)
        return await stored(conn, Device, key)


async def set_device_password(conn: Connection, actor: str, key: str, password_hash: str) -> bool:
    """Give a device a new password; the broker learns it by the registry's NOTIFY."""
    async with writing(conn, actor):
        cursor = await conn.execute(
            "update device set mqtt_password_hash = %s where id = %s and not revoked", (password_hash, key)
        )
        return cursor.rowcount == 1


async def revoke_device(conn: Connection, actor: str, key: str, *, now: int) -> bool:
    """Take a device out of service: no password, no wearer. Its readings and its id stay."""
    async with writing(conn, actor):
        cursor = await conn.execute(
            "update device set revoked = true, mqtt_password_hash = null where id = %s and not revoked", (key,)
        )
        if cursor.rowcount == 0:
            return False
        await _end_assignment(conn, key, now)
        return True


async def _end_assignment(conn: Connection, device: str, now: int) -> None:
    await conn.execute(
        "update assignment set to_ms = greatest(%s, from_ms + 1) where to_ms is null"
        " and device_slot = (select slot from device where id = %s)",
        (now, device),
    )


async def _assign(conn: Connection, device: str, fields: DeviceFields, now: int) -> None:
    wearer: Resident | Household | None = None
    if fields.resident is not None:
        wearer = await require(conn, Resident, fields.resident, "resident")
        refuse_who_left(wearer)
    elif fields.household is not None:
        wearer = await require(conn, Household, fields.household, "household")
    await _end_assignment(conn, device, now)
    if wearer is None:
        return
    if wearer.site != fields.site:
        raise Conflict(OTHER_SITE)
    await conn.execute(
        "insert into assignment (device_slot, resident_slot, household, from_ms) select d.slot,"
        " (select slot from resident where id = %(resident)s), %(household)s,"
        " (select case when count(*) = 0 then 0 else greatest(%(now)s, max(n.to_ms)) end"
        " from assignment n where n.device_slot = d.slot)"
        " from device d where d.id = %(device)s",
        {
            "device": device,
            "resident": fields.resident,
            "household": fields.household if fields.resident is None else None,
            "now": now,
        },
    )
