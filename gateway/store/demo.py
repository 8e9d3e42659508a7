"""What the demo's drawer looks at: readings as they are stored, the messages to one phone, a missed check."""

from __future__ import annotations

from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

import msgspec

from gateway.store.active import ACTIVE_STATES
from gateway.store.connection import Connection

_BULK: Final[tuple[LiteralString, ...]] = ("position", "heartbeat", "vitals", "motion", "service", "exercise")
_URGENT: Final[tuple[LiteralString, ...]] = ("sos", "fall", "checkin")


class StoredReading(NamedTuple):
    """A stored reading: its place in the stream, event time in ms, whether it came by the bulk session."""

    pos: int
    t: int
    bulk: bool


class QueuedText(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the outbox to one phone; ``t`` in ms."""

    t: int
    recipient: str
    template: str
    params: dict[str, Any]
    language: str
    state: str


async def readings_after(connection: Connection, site: str, *, since: int, pos: int) -> list[StoredReading]:
    """The readings of a site with ``t`` ≥ ``since`` (ms) that stand behind ``pos`` in the stream, in its order."""
    each: list[LiteralString] = [
        f"select r.pos, (extract(epoch from r.t) * 1000)::bigint, {bulk} from {table} r"
        " join device d on d.slot = r.device and d.site = %(site)s"
        " where r.pos > %(pos)s and r.t >= to_timestamp(%(since)s / 1000.0)"
        for tables, bulk in ((_BULK, "true"), (_URGENT, "false"))
        for table in tables
    ]
    cursor = await connection.execute(
        f"{' union all '.join(each)} order by 1", {"site": site, "since": since, "pos": pos}
    )
    return [StoredReading(*row) for row in await cursor.fetchall()]


async def rejections_since(connection: Connection, site: str, since: int) -> int:
    """How many payloads of a site were put aside since ``since``, ms."""
    cursor = await connection.execute(
        "select count(*) from rejected where received >= to_timestamp(%s / 1000.0) and split_part(topic, '/', 3) = %s",
        (since, site),
    )
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def texts_to(connection: Connection, resident: str, recipient: str) -> list[QueuedText]:
    """The messages about a resident to one phone that somebody has begun to send, in their order."""
    cursor = await connection.execute(
        "select jsonb_build_object('t', coalesce(finished_at, created_at), 'recipient', recipient,"
        " 'template', template, 'params', params, 'language', language, 'state', state)::text"
        " from message where resident = %s and recipient = %s and state not in ('queued', 'withdrawn')"
        " order by id",
        (resident, recipient),
    )
    return [msgspec.json.decode(row[0], type=QueuedText) for row in await cursor.fetchall()]


async def last_text_to(connection: Connection, resident: str, recipient: str) -> int | None:
    """The newest of them that is about an alarm."""
    cursor = await connection.execute(
        "select max(id) from message where resident = %s and recipient = %s and alarm is not null"
        " and state not in ('queued', 'withdrawn')",
        (resident, recipient),
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def active_alarm(connection: Connection, resident: str, rule: str) -> UUID | None:
    """The resident's active alarm of a rule."""
    cursor = await connection.execute(
        f"select id from alarm where resident = %s and rule = %s and state in {ACTIVE_STATES}",
        (resident, rule),
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def has_had_alarms(connection: Connection, resident: str) -> bool:
    """Whether there ever was an alarm of the resident."""
    cursor = await connection.execute("select exists (select from alarm where resident = %s)", (resident,))
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def ask_supervisor(connection: Connection, request: str) -> None:
    """Ask the demo's supervisor for something; it listens on the channel ``demo``."""
    await connection.execute("select pg_notify('demo', %s)", (request,))
