"""Hand-overs of the desk: offered, confirmed or withdrawn; and ``alerts.handover.HandoverStore`` over PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, LiteralString
from uuid import UUID

import msgspec
from psycopg.errors import UniqueViolation
from psycopg_pool import AsyncConnectionPool

from alerts.alarm import Alarm
from alerts.handover import Handover
from devices.refusals import Refusal, no_such
from gateway.store.active import ACTIVE_STATES
from gateway.store.alarms import PostgresAlarmTransaction, alarm_from_object
from gateway.store.connection import Connection
from gateway.store.errors import Conflict, MissingRecord
from gateway.store.registry.writing import writing

_HANDOVER: Final[LiteralString] = (
    "select jsonb_build_object('id', h.id, 'site', h.site, 'from', f.username, 'to', t.username, 'note', h.note,"
    " 'offered_at', h.offered_at, 'confirmed_at', h.confirmed_at, 'withdrawn_at', h.withdrawn_at,"
    " 'alarms', h.alarms)::text"
    " from handover h join account f on f.id = h.from_account join account t on t.id = h.to_account"
)
_OPEN: Final[LiteralString] = "h.confirmed_at is null and h.withdrawn_at is null"
_DECODER: Final = msgspec.json.Decoder(Handover)


async def offer_handover(
    conn: Connection, *, site: str, outgoing: str, incoming: str, note: str | None, now: int
) -> Handover:
    """Offer all that one account works on at a site to another; both are user names.

    Raises:
        Conflict: To oneself, to whoever may not act there, or while another offer stands.
        MissingRecord: An unknown account.
    """
    if outgoing == incoming:
        raise Conflict(Refusal("handover.to_oneself", "nobody hands over to themselves", field="to"))
    cursor = await conn.execute(
        "select id, disabled, sites = '{}' or %s = any(sites), role <> 'auditor',"
        " coalesce(nullif(display_name, ''), username) from account where username = %s",
        (site, incoming),
    )
    row = await cursor.fetchone()
    if row is None:
        raise MissingRecord(no_such("account"))
    if row[1] or not row[2] or not row[3]:
        raise Conflict(
            Refusal("handover.may_not_act", "{name} cannot act on alarms of this site", field="to", name=row[4])
        )
    try:
        async with writing(conn, outgoing):
            made = await conn.execute(
                "insert into handover (site, from_account, to_account, note, offered_at)"
                " select %s, id, %s, %s, %s from account where username = %s returning id",
                (site, row[0], note, now, outgoing),
            )
            key = await made.fetchone()
    except UniqueViolation:
        raise Conflict(
            Refusal("handover.offered", "an offer of yours stands at this site: withdraw it first")
        ) from None
    assert key is not None
    found = await handover_by_id(conn, key[0])
    assert found is not None
    return found


async def handover_by_id(conn: Connection, key: str) -> Handover | None:
    """One hand-over."""
    cursor = await conn.execute(f"{_HANDOVER} where h.id = %s", (key,))
    row = await cursor.fetchone()
    return None if row is None else _DECODER.decode(row[0])


async def handovers(
    conn: Connection, *, sites: Sequence[str], site: str | None, open_only: bool, before: int | None, limit: int
) -> list[Handover]:
    """Hand-overs, newest first, those offered before ``before`` (ms); ``sites``: those the reader sees, empty: all."""
    cursor = await conn.execute(
        f"{_HANDOVER} where (%(sites)s::text[] = '{{}}' or h.site = any(%(sites)s))"
        " and (%(site)s::text is null or h.site = %(site)s)"
        " and (%(before)s::bigint is null or h.offered_at < %(before)s)"
        f" and (not %(open)s or ({_OPEN})) order by h.offered_at desc, h.id limit %(limit)s",
        {"sites": list(sites), "site": site, "before": before, "open": open_only, "limit": limit},
    )
    return [_DECODER.decode(row[0]) for row in await cursor.fetchall()]


async def last_handovers(conn: Connection, sites: Sequence[str]) -> list[Handover]:
    """Of each site the newest that was confirmed, and the offers since that wait; ``sites`` empty for all."""
    cursor = await conn.execute(
        f"{_HANDOVER} where (%(sites)s::text[] = '{{}}' or h.site = any(%(sites)s)) and (({_OPEN}) or h.id = ("
        "select l.id from handover l where l.site = h.site and l.confirmed_at is not null"
        " order by l.confirmed_at desc, l.id limit 1)) order by h.site, h.offered_at desc",
        {"sites": list(sites)},
    )
    return [_DECODER.decode(row[0]) for row in await cursor.fetchall()]


async def handovers_of(conn: Connection, account: str) -> list[Handover]:
    """The offers that wait for, or come from, somebody; by their user name."""
    cursor = await conn.execute(
        f"{_HANDOVER} where {_OPEN} and %s in (f.username, t.username) order by h.offered_at", (account,)
    )
    return [_DECODER.decode(row[0]) for row in await cursor.fetchall()]


async def withdraw_handover(conn: Connection, key: str, now: int) -> Handover | None:
    """Take an offer back, or decline it. Raises ``Conflict`` when it was confirmed; a second time changes nothing."""
    await conn.execute(
        f"update handover h set withdrawn_at = %s where id = %s and {_OPEN}",
        (now, key),
    )
    found = await handover_by_id(conn, key)
    if found is not None and found.confirmed_at is not None:
        raise Conflict(Refusal("handover.confirmed", "it was confirmed: what was passed can be passed back"))
    return found


async def untaken(conn: Connection, site: str) -> list[str]:
    """The active alarms of a site that nobody has, as JSON objects, oldest first."""
    cursor = await conn.execute(
        f"select object::text from alarm where site = %s and state in {ACTIVE_STATES}"
        " and object ->> 'assignee' is null order by raised_at, id",
        (site,),
    )
    return [row[0] for row in await cursor.fetchall()]


class PostgresHandoverTransaction(PostgresAlarmTransaction):
    """A transaction on alarms that also holds an offer."""

    async def lock_handover(self, key: str) -> Handover | None:
        """The offer under a row lock, or None."""
        cursor = await self._connection.execute(f"{_HANDOVER} where h.id = %s for update of h", (key,))
        row = await cursor.fetchone()
        return None if row is None else _DECODER.decode(row[0])

    async def lock_held(self, site: str, account: str) -> list[Alarm]:
        """The active alarms of a site that this account works on, locked in id order."""
        cursor = await self._connection.execute(
            f"select object from alarm where site = %s and state in {ACTIVE_STATES}"
            " and object ->> 'assignee' = %s order by id for update",
            (site, account),
        )
        return [alarm_from_object(row[0]) for row in await cursor.fetchall()]

    async def confirm_handover(self, key: str, alarms: list[UUID], now: int) -> Handover:
        """Write down what was passed, and when."""
        await self._connection.execute(
            "update handover set confirmed_at = %s, alarms = %s where id = %s", (now, alarms, key)
        )
        found = await handover_by_id(self._connection, key)
        assert found is not None
        return found


class PostgresHandoverStore:
    """Where offers and alarms live together."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresHandoverTransaction]:
        """Begin; commits on a clean exit, rolls back on an exception."""
        async with self._pool.connection() as connection, connection.transaction():
            work = PostgresHandoverTransaction(connection)
            yield work
            await work.finish()
