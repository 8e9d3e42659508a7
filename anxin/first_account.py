"""The first account: ``admin``, who signs in by a link because nobody has given it a password yet."""

from __future__ import annotations

from typing import Final

from devices.clock import SystemClock
from gateway.store.accounts import account_by_username, add_account, credentials, issue_signin_link
from gateway.store.connection import connect
from gateway.store.errors import Conflict

ADMIN: Final = "admin"


async def admin_link(conninfo: str) -> str | None:
    """A new one-time sign-in token for ``admin``; None once it has a password or is disabled."""
    connection = await connect(conninfo, application="anxin supervisor")
    async with connection:
        try:
            account = await add_account(connection, username=ADMIN, role="admin")
        except Conflict:
            found = await account_by_username(connection, ADMIN)
            known = await credentials(connection, ADMIN)
            if found is None or known is None or known.password_hash is not None:
                return None
            account = found
        return await issue_signin_link(connection, account.id, SystemClock().now_ms())
