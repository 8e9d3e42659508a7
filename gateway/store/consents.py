"""What residents agreed to, and what breaks a refusal open; the pages behind links are narrowed by these conditions.

Of those in force, the one that began last counts, and a refusal before a consent of the same moment. Whoever
said nothing has not agreed to be located, nor to have their illnesses told; how to reach and enter is shared
with whoever goes there unless it was refused (ADR 24).
"""

from __future__ import annotations

from typing import Final, Literal, LiteralString
from uuid import UUID

import msgspec

from alerts.alarm import Alarm
from alerts.opening import NotOpened, opened
from gateway.store.active import ACTIVE_STATES
from gateway.store.alarms import PostgresAlarmTransaction
from gateway.store.connection import Connection
from gateway.store.registry.reading import find, require, stored
from gateway.store.registry.writing import key_of, writing
from gateway.store.registry_records import Consent, ConsentFields, Resident

PositionShown = Literal["agreed", "opened", "shut"]
"""Because they agreed; because somebody broke their refusal open; not at all."""

_IN_FORCE: Final[LiteralString] = (
    "c.withdrawn_at is null and c.from_ms <= %(now)s and (c.until_ms is null or c.until_ms > %(now)s)"
)
_THE_LAST: Final[LiteralString] = "c.from_ms desc, c.granted"


def _granted(purpose: LiteralString, otherwise: LiteralString) -> LiteralString:
    return (
        f"coalesce((select c.granted from consent c where c.resident_slot = r.slot and c.purpose = '{purpose}'"
        f" and {_IN_FORCE} order by {_THE_LAST} limit 1), {otherwise})"
    )


LOCATION_GRANTED: Final = _granted("location", "false")
"""Whether the resident ``r`` agreed at ``now`` (ms) that family and responders see where they are."""
HEALTH_GRANTED: Final = _granted("health", "false")
"""Whether the resident ``r`` agreed at ``now`` (ms) that whoever goes there reads of their illnesses."""
SHARING_GRANTED: Final = _granted("sharing", "true")
"""Whether whoever goes to the resident ``r`` may read at ``now`` (ms) how to reach them and how to get in."""

SHARING_SAID: Final = _granted("sharing", "false")
"""Whether the resident ``r`` said at ``now`` (ms) that they may be reached: silence is no yes to whoever searches."""

LOCATION_OPENED: Final[LiteralString] = (
    "exists (select 1 from consent_override o join alarm b on b.id = o.alarm"
    f" where o.purpose = 'location' and b.state in {ACTIVE_STATES}"
    " and (b.resident = a.resident or (a.resident is null and b.resident is null"
    " and b.object ->> 'household' = a.object ->> 'household'))"
    " and o.at >= coalesce((select max((e ->> 't')::bigint) from jsonb_array_elements(b.object -> 'timeline') e"
    " where e ->> 'event' = 'reopen'), 0))"
)
"""Whether somebody broke a refusal open for an alarm of the same people as ``a`` that has not ended since."""


async def add_consent(conn: Connection, actor: str, fields: ConsentFields) -> Consent:
    """Write down what was agreed to or refused. Raises ``MissingRecord`` for an unknown resident."""
    async with writing(conn, actor):
        await require(conn, Resident, fields.resident, "resident")
        key = await key_of(
            conn,
            "insert into consent (resident_slot, purpose, granted, given_by, guardian, reason, from_ms, until_ms)"
            " select slot, %(purpose)s, %(granted)s, %(given_by)s, %(guardian)s, %(reason)s, %(from_ms)s,"
            " %(until_ms)s from resident where id = %(resident)s returning id",
            msgspec.structs.asdict(fields),
        )
        return await stored(conn, Consent, str(key))


async def withdraw_consent(conn: Connection, actor: str, key: str, now: int) -> Consent | None:
    """Let a consent or refusal end at ``now`` (ms); one that was withdrawn stays so since then. None: unknown."""
    async with writing(conn, actor):
        await conn.execute("update consent set withdrawn_at = %s where id = %s and withdrawn_at is null", (now, key))
        return await find(conn, Consent, key)


async def in_force(conn: Connection, resident: str, now: int) -> dict[str, bool]:
    """What holds of a resident at ``now`` (ms): by purpose, whether it was granted; nothing said, no entry."""
    cursor = await conn.execute(
        "select distinct on (c.purpose) c.purpose, c.granted from consent c join resident r on r.slot = c.resident_slot"
        f" where r.id = %(resident)s and {_IN_FORCE} order by c.purpose, {_THE_LAST}",
        {"resident": resident, "now": now},
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def position_of_alarm(conn: Connection, alarm: UUID, now: int) -> PositionShown:
    """Whether whoever is told of an alarm may see where the resident is."""
    cursor = await conn.execute(
        f"select {LOCATION_OPENED}, (select bool_and({LOCATION_GRANTED}) from resident r where r.id = a.resident"
        " or (a.resident is null and r.household = a.object ->> 'household')) from alarm a where a.id = %(alarm)s",
        {"alarm": alarm, "now": now},
    )
    row = await cursor.fetchone()
    if row is None:
        return "shut"
    return "agreed" if row[1] else "opened" if row[0] else "shut"


async def open_position(conn: Connection, alarm: UUID, account: str, reason: str, now: int) -> Alarm | NotOpened | None:
    """Show family and responders where the resident is although nobody agreed, until the alarm ends.

    Returns the alarm with its new entry, or as it is when it was opened before; why not; None: unknown alarm.
    The account's user name, the reason and the time stay for good.
    """
    async with conn.transaction():
        work = PostgresAlarmTransaction(conn)
        before = await work.lock(alarm)
        if before is None:
            return None
        shown = await position_of_alarm(conn, alarm, now)
        if shown == "opened":
            return before
        after = opened(before, account, reason, now, agreed=shown == "agreed")
        if isinstance(after, NotOpened):
            return after
        await conn.execute(
            "insert into consent_override (alarm, purpose, account, reason, at) values (%s, 'location', %s, %s, %s)",
            (alarm, account, reason, now),
        )
        await work.save(after)
        await work.finish()
        return after
