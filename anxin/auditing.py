"""``anxin audit …`` on a running or a stopped system."""

from __future__ import annotations

from anxin.settings import Settings
from anxin.store_access import database_of
from gateway.store.audit_chain import Head, Verified, verify
from gateway.store.connection import connect


async def verify_audit(settings: Settings, expected: Head | None) -> Verified:
    """Recompute the chain of the audit log. Raises ``StartError`` when there is no system."""
    async with database_of(settings) as conninfo, await connect(conninfo, application="anxin audit") as connection:
        return await verify(connection, expected)
