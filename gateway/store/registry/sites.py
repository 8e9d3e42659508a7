"""Writing sites."""

from __future__ import annotations

from typing import LiteralString

import msgspec

from gateway.store.connection import Connection
from gateway.store.registry.reading import stored
from gateway.store.registry.writing import key_of, writing
from gateway.store.registry_records import Site


async def save_site(conn: Connection, actor: str, site: Site, *, create: bool) -> Site | None:
    """Create or replace a site; None when there is nothing to replace."""
    statement: LiteralString = (
        "insert into site (id, name, timezone, demo, phone)"
        " values (%(id)s, %(name)s, %(timezone)s, %(demo)s, %(phone)s) returning id"
        if create
        else "update site set name = %(name)s, timezone = %(timezone)s, demo = %(demo)s, phone = %(phone)s"
        " where id = %(id)s returning id"
    )
    async with writing(conn, actor):
        key = await key_of(conn, statement, msgspec.structs.asdict(site))
        return None if key is None else await stored(conn, Site, key)
