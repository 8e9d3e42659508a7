"""Who may sign in to the broker, as the registry has it."""

from __future__ import annotations

from typing import NamedTuple

from gateway.store.connection import Connection


class BrokerAccounts(NamedTuple):
    """All sites, and the password hash of every device that has one and is not revoked."""

    sites: tuple[str, ...]
    device_hashes: dict[str, str]


async def broker_accounts(connection: Connection) -> BrokerAccounts:
    """Read the accounts as they are now."""
    sites = await (await connection.execute("select id from site order by id")).fetchall()
    devices = await (
        await connection.execute(
            "select id, mqtt_password_hash from device where mqtt_password_hash is not null and not revoked order by id"
        )
    ).fetchall()
    return BrokerAccounts(tuple(site for (site,) in sites), dict(devices))
