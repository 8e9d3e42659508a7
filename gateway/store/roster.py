"""Who is on duty: read from the shifts when somebody must be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, LiteralString

import msgspec
from psycopg.rows import class_row

from gateway.store.connection import Connection
from gateway.store.registry_records import Post

_WHOSE: Final[LiteralString] = (
    "a.id = coalesce(s.stand_in, s.account) and not a.disabled and (a.sites = '{}' or s.site = any(a.sites))"
)
SERVES: Final[LiteralString] = f"{_WHOSE} and s.from_ms <= %(now)s and s.to_ms > %(now)s"
"""The account ``a`` serves in the shift ``s`` at ``now``: the stand-in, if there is one. Whoever may no longer sign
in, or no longer sees the site, is not on duty."""

SITES_WITH_A_ROSTER: Final[LiteralString] = (
    "select id as site from site where exists (select from shift f where f.site = site.id and f.from_ms <= %(now)s)"
)
"""Where shifts are kept: there, that nobody is on duty is a mistake."""


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
            f" from shift s join account a on {SERVES} where s.site = %(site)s order by s.from_ms, a.username",
            {"site": site, "now": now},
        )
        return await cursor.fetchall()


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's shift in ``[from_ms, to_ms)``: it runs now, or (``is_next``) is the first to begin after now."""

    site: str
    username: str
    display_name: str
    phone: str | None
    role: Post
    from_ms: int
    to_ms: int
    is_next: bool


async def serving(conn: Connection, sites: Sequence[str], now: int) -> list[Serving]:
    """Who is on duty at ``now`` (ms) and who begins next, site by site; ``sites`` empty for all."""
    async with conn.cursor(row_factory=class_row(Serving)) as cursor:
        await cursor.execute(
            "select s.site, a.username, a.display_name, a.phone, s.role, s.from_ms, s.to_ms,"
            " s.from_ms > %(now)s as is_next"
            f" from shift s join account a on {_WHOSE} where s.to_ms > %(now)s"
            " and (%(sites)s::text[] = '{}' or s.site = any(%(sites)s))"
            " and s.from_ms <= coalesce((select min(n.from_ms) from shift n"
            " where n.site = s.site and n.from_ms > %(now)s), %(now)s)"
            " order by s.site, s.from_ms, a.username",
            {"now": now, "sites": list(sites)},
        )
        return await cursor.fetchall()
