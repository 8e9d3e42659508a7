"""The accounts whose names an account may know: those with whom it shares a site."""

from __future__ import annotations

from dashboards.api.access import Principal
from gateway.store.accounts import Account, accounts
from gateway.store.connection import Connection


async def colleagues(conn: Connection, principal: Principal) -> list[Account]:
    """Those who may sign in and see a site that the principal sees, by user name."""
    sites = set(principal.sites)
    return [each for each in await accounts(conn) if not sites or not each.sites or sites & set(each.sites)]
