"""One change of the registry at a time, for those whose changes hang on each other."""

from __future__ import annotations

from gateway.store.connection import Connection


async def hold_registry(conn: Connection) -> int:
    """Let nobody else change the registry until this transaction ends; the version of the registry.

    To be called before anything is locked or written: whoever changes a record holds it, and then waits for this.
    """
    row = await (await conn.execute("select version from registry_version for update")).fetchone()
    assert row is not None
    return int(row[0])
