"""Links to the live map of somebody who is sought: made by staff for one person, for hours, revocable, each look kept.

A token leaves this module once, when it is made; the database keeps its SHA-256 only. The link of a message opens the
same map for whoever said that they go, while they do. Times are Unix ms.
"""

from __future__ import annotations

import secrets
from typing import Final, Literal, LiteralString
from uuid import UUID

import msgspec

from alerts import shared_map
from alerts.alarm import Alarm
from alerts.consequences import keep
from alerts.escalation import effects
from devices.clock import HOUR_MS, MINUTE_MS
from gateway.store.accounts import token_hash
from gateway.store.active import ACTIVE_STATES
from gateway.store.alarms import PostgresAlarmTransaction
from gateway.store.connection import Connection
from gateway.store.consents import position_of_alarm
from gateway.store.who_left import LEFT

TOKEN_BYTES: Final = 16
"""Nobody types it in, and no SMS of 70 characters must hold it."""
OPEN_FOR_MS: Final = 2 * HOUR_MS
LONGEST_MS: Final = 12 * HOUR_MS
OPEN_AT_MOST: Final = 20
"""Links of one alarm: beyond that somebody shares them among each other. Assumption, ADR 36."""
SAME_LOOK_MS: Final = 2 * MINUTE_MS
"""A page that asks again within so long is still open: the same look. Assumption, ADR 36."""
AGENT_AT_MOST: Final = 200

State = Literal["open", "expired", "revoked", "ended"]


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody looked from then to then; ``times`` their page asked. ``address`` and ``agent``: as the network says."""

    from_ms: int
    to_ms: int
    address: str
    agent: str
    times: int


class FindLink(msgspec.Struct, frozen=True, kw_only=True, rename={"for_": "for"}):
    """A link as staff see it. ``id`` None: the page of a message, opened by whoever it went to."""

    id: str | None
    for_: str
    note: str | None
    created_by: str | None
    created_at: int | None
    expires_at: int | None
    revoked_at: int | None
    revoked_by: str | None
    state: State
    looks: list[Look]


class NotMade(msgspec.Struct, frozen=True):
    """No link was made. ``state``: over, a drill, about nobody. ``agreed``: they did not. ``many``: enough are open."""

    reason: Literal["state", "agreed", "many"]
    alarm: Alarm


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds an open link, and of which alarm; ``link``: its id, or ``message``: the message's."""

    alarm: UUID
    person: str
    note: str | None
    expires_at: int | None
    link: str | None = None
    message: int | None = None


class Over(msgspec.Struct, frozen=True):
    """The link was ours and opens nothing any more; ``site``: whom to ask. ``ended``: nobody is searched for."""

    why: Literal["expired", "revoked", "ended"]
    site: str


_STATE: Final[LiteralString] = (
    "case when l.revoked_at is not null then 'revoked'"
    f" when a.state not in {ACTIVE_STATES} then 'ended' when l.expires_at <= %(now)s then 'expired' else 'open' end"
)
_LOOKS: Final[LiteralString] = (
    "jsonb_agg(jsonb_build_object('from_ms', k.from_ms, 'to_ms', k.to_ms, 'address', k.address, 'agent', k.agent,"
    " 'times', k.times) order by k.from_ms, k.id)"
)


async def make_link(
    conn: Connection, alarm: UUID, *, person: str, note: str | None, by: str, hours: float, now: int
) -> tuple[str, str] | NotMade | None:
    """Make a link for a person; its id and its token, why there is none, or None: unknown alarm."""
    async with conn.transaction():
        work = PostgresAlarmTransaction(conn)
        before = await work.lock(alarm)
        if before is None:
            return None
        if not before.is_active or before.drill or before.resident is None:
            return NotMade("state", before)
        if await position_of_alarm(conn, alarm, now) == "shut":
            return NotMade("agreed", before)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        cursor = await conn.execute(
            "insert into find_link (token_hash, alarm, person, note, created_by, created_at, expires_at)"
            " select %(hash)s, %(alarm)s, %(person)s, %(note)s, %(by)s, %(now)s, %(until)s where %(most)s > ("
            " select count(*) from find_link where alarm = %(alarm)s and revoked_at is null and expires_at > %(now)s)"
            " returning id",
            {
                "hash": token_hash(token),
                "alarm": alarm,
                "person": person,
                "note": note,
                "by": by,
                "now": now,
                "until": now + min(LONGEST_MS, round(hours * HOUR_MS)),
                "most": OPEN_AT_MOST,
            },
        )
        row = await cursor.fetchone()
        if row is None:
            return NotMade("many", before)
        after = shared_map.shared(before, by, person, now)
        await keep(work, before, after, effects(before, after, now), now)
        await work.finish()
        return str(row[0]), token


async def revoke_link(conn: Connection, alarm: UUID, link: str, *, by: str, now: int) -> bool:
    """Take a link back; again changes nothing. False: the alarm has no such link."""
    async with conn.transaction():
        work = PostgresAlarmTransaction(conn)
        before = await work.lock(alarm)
        cursor = await conn.execute(
            "select person, revoked_at from find_link where id = %s and alarm = %s for update", (link, alarm)
        )
        row = await cursor.fetchone()
        if before is None or row is None:
            return False
        person, revoked_at = row
        if revoked_at is None:
            await conn.execute("update find_link set revoked_at = %s, revoked_by = %s where id = %s", (now, by, link))
            await work.save(shared_map.revoked(before, by, person, now))
            await work.finish()
        return True


async def links_of(conn: Connection, alarm: UUID, now: int) -> list[FindLink]:
    """The links of an alarm, newest first, each with its looks; then the pages of messages that opened the map."""
    cursor = await conn.execute(
        "select jsonb_build_object('id', l.id, 'for', l.person, 'note', l.note, 'created_by', l.created_by,"
        " 'created_at', l.created_at, 'expires_at', l.expires_at, 'revoked_at', l.revoked_at,"
        f" 'revoked_by', l.revoked_by, 'state', {_STATE}, 'looks', coalesce((select {_LOOKS} from find_look k"
        " where k.link = l.id), '[]'))::text from find_link l join alarm a on a.id = l.alarm where l.alarm = %(alarm)s"
        " order by l.created_at desc, l.id",
        {"alarm": alarm, "now": now},
    )
    made = [msgspec.json.decode(row[0], type=FindLink) for row in await cursor.fetchall()]
    cursor = await conn.execute(
        "select jsonb_build_object('id', null, 'for', k.person, 'note', null, 'created_by', null, 'created_at', null,"
        " 'expires_at', null, 'revoked_at', null, 'revoked_by', null,"
        f" 'state', case when a.state in {ACTIVE_STATES} then 'open' else 'ended' end, 'looks', {_LOOKS})::text"
        " from find_look k join alarm a on a.id = k.alarm where k.alarm = %(alarm)s and k.message is not null"
        " group by k.message, k.person, a.state order by max(k.to_ms) desc",
        {"alarm": alarm},
    )
    return made + [msgspec.json.decode(row[0], type=FindLink) for row in await cursor.fetchall()]


async def holder_of(conn: Connection, token: str, now: int) -> Holder | Over | None:
    """Who holds a link that staff made; None when nobody ever made it.

    It ends at its time, when somebody takes it back, with its alarm, and when the resident has moved or died.
    """
    cursor = await conn.execute(
        f"select l.id, l.alarm, l.person, l.note, l.expires_at,"
        f" case when r.status = any(%(left)s) then 'ended' else {_STATE} end, a.site"
        " from find_link l join alarm a on a.id = l.alarm join resident r on r.id = a.resident"
        " where l.token_hash = %(hash)s",
        {"hash": token_hash(token), "now": now, "left": LEFT},
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    link, alarm, person, note, expires_at, state, site = row
    if state != "open":
        return Over(state, site)
    return Holder(alarm=alarm, person=person, note=note, expires_at=expires_at, link=link)


async def note_found(conn: Connection, holder: Holder, *, words: str | None, now: int) -> None:
    """Write down that whoever holds the link says they have found them; again within two minutes changes nothing."""
    async with conn.transaction():
        work = PostgresAlarmTransaction(conn)
        alarm = await work.lock(holder.alarm)
        if alarm is None or not alarm.is_active:
            return
        after = shared_map.found(alarm, holder.person, now, words)
        if after is not alarm:
            await work.save(after)
            await work.finish()


async def note_look(conn: Connection, holder: Holder, *, address: str, agent: str, now: int) -> None:
    """Write down that somebody looks; the first look of a person stands on the timeline too."""
    values = {
        "alarm": holder.alarm,
        "link": holder.link,
        "message": holder.message,
        "person": holder.person,
        "address": address,
        "agent": agent[:AGENT_AT_MOST],
        "now": now,
        "since": now - SAME_LOOK_MS,
    }
    whose: LiteralString = "(link = %(link)s or message = %(message)s) and alarm = %(alarm)s and person = %(person)s"
    cursor = await conn.execute(
        "update find_look set to_ms = greatest(to_ms, %(now)s), times = times + 1 where id = (select id from find_look"
        f" where {whose} and address = %(address)s and agent = %(agent)s and to_ms >= %(since)s"
        " order by to_ms desc, id desc limit 1)",
        values,
    )
    if cursor.rowcount == 1:
        return
    async with conn.transaction():
        work = PostgresAlarmTransaction(conn)
        alarm = await work.lock(holder.alarm)
        seen = await (await conn.execute(f"select 1 from find_look where {whose} limit 1", values)).fetchone()
        await conn.execute(
            "insert into find_look (alarm, link, message, person, address, agent, from_ms, to_ms)"
            " values (%(alarm)s, %(link)s, %(message)s, %(person)s, %(address)s, %(agent)s, %(now)s, %(now)s)",
            values,
        )
        if alarm is not None and seen is None:
            await work.save(shared_map.opened(alarm, holder.person, now))
            await work.finish()
