"""Escalation policies that somebody wrote, as the alarm's life reads them."""

from __future__ import annotations

from typing import Final, LiteralString

import msgspec

from alerts.policies import Policy
from gateway.store.connection import Connection

_POLICY: Final[LiteralString] = (
    "jsonb_build_object('id', p.id, 'site', p.site, 'name', p.name, 'applies_to', p.applies_to,"
    " 'severity', p.severity, 'from_minute', p.from_minute, 'to_minute', p.to_minute,"
    " 'quiet_from_minute', p.quiet_from_minute, 'quiet_to_minute', p.quiet_to_minute,"
    " 'progress_s', p.progress_s, 'steps', p.steps, 'active', p.active)::text"
)
_DECODER: Final = msgspec.json.Decoder(Policy)


async def policies_of(conn: Connection, site: str) -> list[Policy]:
    """The active policies of a site and those for every site, by id."""
    cursor = await conn.execute(
        f"select {_POLICY} from escalation_policy p where p.active and (p.site is null or p.site = %s) order by p.id",
        (site,),
    )
    return [_DECODER.decode(row[0]) for row in await cursor.fetchall()]
