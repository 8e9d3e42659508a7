"""Writing contacts."""

from __future__ import annotations

from typing import Final

import msgspec

from gateway.store.connection import Connection
from gateway.store.registry.reading import require, stored
from gateway.store.registry.writing import key_of, writing
from gateway.store.registry_records import Contact, ContactFields, Resident

_CONTACT_SET: Final = (
    'name = %(name)s, phone = %(phone)s, relation = %(relation)s, "order" = %(order)s, channels = %(channels)s,'
    " can_receive_sms = %(can_receive_sms)s, holds_key = %(holds_key)s, language = %(language)s"
)


async def add_contact(conn: Connection, actor: str, fields: ContactFields) -> Contact:
    """Create a contact of a resident."""
    async with writing(conn, actor):
        await require(conn, Resident, fields.resident, "resident")
        key = await key_of(
            conn,
            'insert into contact (resident_slot, name, phone, relation, "order", channels, can_receive_sms,'
            " holds_key, language) select slot, %(name)s, %(phone)s, %(relation)s, %(order)s, %(channels)s,"
            " %(can_receive_sms)s, %(holds_key)s, %(language)s from resident where id = %(resident)s returning id",
            msgspec.structs.asdict(fields),
        )
        return await stored(conn, Contact, str(key))


async def replace_contact(conn: Connection, actor: str, key: str, fields: ContactFields) -> Contact | None:
    """Replace a contact's fields; whose contact it is stays as it was."""
    async with writing(conn, actor):
        found = await key_of(
            conn,
            f"update contact set {_CONTACT_SET} where id = %(id)s returning id",
            {**msgspec.structs.asdict(fields), "id": key},
        )
        return None if found is None else await stored(conn, Contact, found)
