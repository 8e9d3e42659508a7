"""The desks: pages of the console that say of themselves whether an alarm would be heard at them.

A page reports each 10 s (``dashboards/web/listening.py``); the auditor looks when one of a site's was last heard.
"""

from __future__ import annotations

from typing import Final, Literal, LiteralString

import msgspec
from psycopg.rows import class_row

from gateway.store.accounts import Account, Role
from gateway.store.connection import Connection

PageState = Literal["audible", "polling", "muted", "no_sound", "no_stream", "frozen"]
"""``polling``: the stream is lost and the page asks every few seconds instead; ``muted``: for more than a minute."""

LISTENS: Final[tuple[PageState, ...]] = ("audible", "polling")
"""At such a page an alarm is heard within seconds."""

LISTENERS: Final[tuple[Role, ...]] = ("admin", "manager", "supervisor", "duty")
"""Whose pages are desks. A responder is on the way, an auditor looks on. Assumption, ADR 38."""

GONE_MS: Final = 30_000
"""A page that has said nothing for so long is taken for closed."""

PAGES_OF_A_SESSION: Final = 10
"""More are forgotten, the oldest first: one browser does not fill the table."""

_SEES: Final[LiteralString] = "(a.sites = '{}' or s.id = any(a.sites))"


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """A browser with an open console: the best of its pages. ``since`` in ms; ``own``: that of whoever asks."""

    username: str
    display_name: str
    state: PageState
    since: int
    own: bool


async def report_page(conn: Connection, session: bytes, page: str, state: PageState, now: int) -> None:
    """Note what a page says of itself at ``now`` (ms), and for whom it listens."""
    async with conn.transaction():
        await conn.execute(
            "insert into console_page as p (session, page, state, since_ms, seen_ms)"
            " values (%(session)s, %(page)s, %(state)s, %(now)s, %(now)s) on conflict (session, page) do update"
            " set since_ms = case when p.state = excluded.state then p.since_ms else excluded.since_ms end,"
            " state = excluded.state, seen_ms = excluded.seen_ms",
            {"session": session, "page": page, "state": state, "now": now},
        )
        await conn.execute(
            "delete from console_page where session = %(session)s and page in (select page from console_page"
            " where session = %(session)s and page <> %(page)s order by seen_ms desc offset %(kept)s)",
            {"session": session, "page": page, "kept": PAGES_OF_A_SESSION - 1},
        )
        if state in LISTENS:
            await conn.execute(
                "insert into site_listened (site, heard_ms) select s.id, %(now)s from session o"
                f" join account a on a.id = o.account join site s on {_SEES}"
                " where o.token_hash = %(session)s and a.role = any(%(roles)s) and not a.disabled order by s.id"
                " on conflict (site) do update set heard_ms = excluded.heard_ms",
                {"session": session, "now": now, "roles": list(LISTENERS)},
            )


async def desks(conn: Connection, account: Account, session: bytes, now: int) -> list[Desk]:
    """The browsers with an open console that share a site with ``account``, those that listen first."""
    async with conn.cursor(row_factory=class_row(Desk)) as cursor:
        await cursor.execute(
            "select username, display_name, state, since, own from ("
            " select distinct on (p.session) a.username, a.display_name, p.state, p.since_ms as since,"
            " p.session = %(session)s as own, array_position(%(order)s::text[], p.state) as place"
            " from console_page p join session o on o.token_hash = p.session join account a on a.id = o.account"
            " where p.seen_ms > %(gone)s and a.role = any(%(roles)s) and not a.disabled"
            " and (a.sites = '{}' or %(sites)s::text[] = '{}' or a.sites && %(sites)s::text[])"
            " order by p.session, place, p.since_ms) d order by place, since, username",
            {
                "session": session,
                "order": [*LISTENS, "muted", "frozen", "no_stream", "no_sound"],
                "gone": now - GONE_MS,
                "roles": list(LISTENERS),
                "sites": account.sites,
            },
        )
        return await cursor.fetchall()


class Listened(msgspec.Struct, frozen=True, kw_only=True):
    """How many browsers listen for a site now, and when one of them last said so (ms); None: never."""

    site: str
    desks: int
    heard_ms: int | None


async def listened(conn: Connection, now: int) -> list[Listened]:
    """Every site with who listens at ``now`` (ms), by id."""
    async with conn.cursor(row_factory=class_row(Listened)) as cursor:
        await cursor.execute(
            "select s.id as site, h.heard_ms, (select count(distinct p.session) from console_page p"
            " join session o on o.token_hash = p.session join account a on a.id = o.account"
            f" where p.seen_ms > %(gone)s and p.state = any(%(listens)s) and a.role = any(%(roles)s) and {_SEES})"
            " as desks from site s left join site_listened h on h.site = s.id order by s.id",
            {"gone": now - GONE_MS, "listens": list(LISTENS), "roles": list(LISTENERS)},
        )
        return await cursor.fetchall()


async def end_pages(conn: Connection, before: int) -> int:
    """Forget pages that were last heard of before ``before`` (ms); returns how many."""
    return (await conn.execute("delete from console_page where seen_ms < %s", (before,))).rowcount
