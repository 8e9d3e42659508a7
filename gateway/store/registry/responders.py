"""Writing responders."""

from __future__ import annotations

from typing import Final, LiteralString

import msgspec

from devices.refusals import Refusal, no_such
from gateway.store.connection import Connection
from gateway.store.errors import Conflict, MissingRecord
from gateway.store.registry.reading import find, stored
from gateway.store.registry.writing import key_of, writing
from gateway.store.registry_records import Responder, ResponderFields

_ACCOUNT: Final[LiteralString] = "(select id from account where username = %(account)s)"


async def add_responder(conn: Connection, actor: str, fields: ResponderFields) -> Responder:
    """Create a responder. Raises ``MissingRecord`` for an unknown site or account."""
    async with writing(conn, actor):
        await _check_account(conn, fields)
        key = await key_of(
            conn,
            "insert into responder (site, name, phone, kind, building, unit, account, channels, note, active)"
            f" values (%(site)s, %(name)s, %(phone)s, %(kind)s, %(building)s, %(unit)s, {_ACCOUNT}, %(channels)s,"
            " %(note)s, %(active)s) returning id",
            msgspec.structs.asdict(fields),
        )
        return await stored(conn, Responder, str(key))


async def replace_responder(conn: Connection, actor: str, key: str, fields: ResponderFields) -> Responder | None:
    """Replace a responder's fields. Raises ``Conflict`` when the site differs."""
    async with writing(conn, actor):
        current = await find(conn, Responder, key)
        if current is None:
            return None
        if current.site != fields.site:
            raise Conflict(
                Refusal("responder.stays", "a responder stays at their site: enter them at the other one", field="site")
            )
        await _check_account(conn, fields)
        await conn.execute(
            "update responder set name = %(name)s, phone = %(phone)s, kind = %(kind)s, building = %(building)s,"
            f" unit = %(unit)s, account = {_ACCOUNT}, channels = %(channels)s, note = %(note)s, active = %(active)s"
            " where id = %(id)s",
            {**msgspec.structs.asdict(fields), "id": key},
        )
        return await stored(conn, Responder, key)


async def _check_account(conn: Connection, fields: ResponderFields) -> None:
    if fields.account is None:
        return
    cursor = await conn.execute(
        "select sites = '{}' or %(site)s = any(sites) from account where username = %(account)s",
        {"site": fields.site, "account": fields.account},
    )
    row = await cursor.fetchone()
    if row is None:
        raise MissingRecord(no_such("account"))
    if not row[0]:
        raise Conflict(
            Refusal("responder.account_elsewhere", "the account does not see the responder's site", field="account")
        )
