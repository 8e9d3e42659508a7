"""Who is on duty: read from the shifts when somebody must be told."""

from __future__ import annotations

from typing import Final, LiteralString

import msgspec
from psycopg.rows import class_row

from gateway.store.connection import Connection
from gateway.store.registry_records import Post

_SERVES: Final[LiteralString] = "a.id = coalesce(s.stand_in, s.account) and not a.disabled"
"""The stand-in instead of the account; whoever may no longer sign in, or no longer sees the site, is not on duty."""


class OnDuty(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whose shift runs now. ``phone`` None: the console alone reaches them."""

    account: str
    username: str
    display_name: str
    phone: str | None
    language: str
    role: Post


async def on_duty(conn: Connection, site: str, now: int) -> list[OnDuty]:
    """Everybody on duty at ``site`` at ``now`` (ms), those first whose shift began first; none without a roster."""
    async with conn.cursor(row_factory=class_row(OnDuty)) as cursor:
        await cursor.execute(
            "select a.id as account, a.username, a.display_name, a.phone, a.language, s.role"
            f" from shift s join account a on {_SERVES} and (a.sites = '{{}}' or s.site = any(a.sites))"
            " where s.site = %(site)s and s.from_ms <= %(now)s and s.to_ms > %(now)s"
            " order by s.from_ms, a.username",
            {"site": site, "now": now},
        )
        return await cursor.fetchall()
