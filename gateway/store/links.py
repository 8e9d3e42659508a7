"""The private pages behind the links of messages: whose they are, what they are about, until when they open.

A token leaves this module once, when it is made; the database keeps its SHA-256 only. Finding it by that hash
takes as long for a wrong token as for a right one.
"""

from __future__ import annotations

import secrets
from typing import Final, LiteralString
from uuid import UUID

import msgspec

from alerts.alarm import ACTIVE, Alarm
from alerts.ports import Role
from alerts.transitions import LEADS_TO, STATE_EVENTS
from devices.clock import DAY_MS
from gateway.store.accounts import token_hash
from gateway.store.connection import Connection
from gateway.store.who_left import FOR_WHO_LEFT, LEFT, STILL_THEIRS

TOKEN_BYTES: Final = 8
"""Eleven characters of an SMS's seventy. 2^64 tokens: with a million links alive and a thousand guesses a second,
one would be found in six centuries, and guesses are throttled."""

OPEN_FOR_MS: Final = 3 * DAY_MS
"""At most. Assumption."""

AFTER_THE_END_MS: Final = DAY_MS
"""The family may read how it ended, and reopening takes so long at most. Assumption."""

_STILL_THEIRS: Final[LiteralString] = (
    f"{STILL_THEIRS}"
    " and (l.responder is null or exists (select 1 from responder g where g.id = l.responder and g.active))"
)
"""Whether the message ``m`` went to a number and a person that would still be told, and so did its link ``l``."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An open page: the message whose link it is, to whom it went, and the alarms that it speaks of.

    ``account`` is a user name. ``alarms`` holds more than one for a bundle; the message's own stands first.
    ``expires_at`` in ms. ``of_a_group``: the message went to a group, and this is the link of one person who took
    the alarm from its page.
    """

    message: int
    role: Role
    name: str
    language: str
    contact: str | None
    responder: str | None
    account: str | None
    alarms: tuple[Alarm, ...]
    expires_at: int
    of_a_group: bool = False

    @property
    def alarm(self) -> Alarm:
        """The message's own alarm."""
        return self.alarms[0]


class Expired(msgspec.Struct, frozen=True, kw_only=True):
    """The link was ours and its time is over; ``language`` in which to say so."""

    language: str


async def create_link(conn: Connection, message: int, now: int) -> str | None:
    """Make a token for the page behind a message, at ``now`` (ms); None for a message that is about no alarm.

    Each call makes another one: a message that is sent again carries a new link, and the old one stays good.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    cursor = await conn.execute(
        "insert into message_link (token_hash, message, alarm, expires_at)"
        " select %s, id, coalesce(alarm, alarms[1]), %s from message"
        " where id = %s and coalesce(alarm, alarms[1]) is not null",
        (token_hash(token), now + OPEN_FOR_MS, message),
    )
    return token if cursor.rowcount == 1 else None


async def open_link(conn: Connection, token: str, now: int) -> Link | Expired | None:
    """What is behind a token at ``now`` (ms); None when nobody ever made it.

    It is over three days after it was made, a day after the end of the last of its alarms, and at once when the
    resident has moved or died, or the contact or responder was taken out or has another number.
    """
    cursor = await conn.execute(
        "select m.id, case when l.person is null then m.role else coalesce(v.kind, 'volunteer') end,"
        " coalesce(l.person, m.name), m.language, m.contact, coalesce(l.responder, m.responder), m.account,"
        " l.person is not null, l.expires_at, l.alarm,"
        f" l.expires_at > %(now)s and {_STILL_THEIRS} and {FOR_WHO_LEFT} is not true,"
        " array(select a.object from alarm a where a.id = l.alarm or (l.person is null and a.id = any(m.alarms)))"
        " from message_link l join message m on m.id = l.message left join responder v on v.id = l.responder"
        " where l.token_hash = %(hash)s",
        {"now": now, "left": LEFT, "hash": token_hash(token)},
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    message, role, name, language, contact, responder, account, of_a_group, expires_at, own, good, objects = row
    alarms = _in_order([msgspec.convert(stored, Alarm) for stored in objects], own)
    ends = [ended_at(alarm) for alarm in alarms]
    if None not in ends:
        expires_at = min(expires_at, max(end for end in ends if end is not None) + AFTER_THE_END_MS)
    if not good or now >= expires_at:
        return Expired(language=language)
    await conn.execute(
        "update message_link set opened_at = %s where token_hash = %s and opened_at is null", (now, token_hash(token))
    )
    return Link(
        message=message,
        role=role,
        name=name,
        language=language,
        contact=contact,
        responder=responder,
        account=account,
        alarms=alarms,
        expires_at=expires_at,
        of_a_group=of_a_group,
    )


def ended_at(alarm: Alarm) -> int | None:
    """When an alarm ceased to need somebody, ms; None while it does. What was written up later moves nothing."""
    if alarm.is_active:
        return None
    end = alarm.raised_at
    for entry in reversed(alarm.timeline):
        if entry.event in STATE_EVENTS:
            if LEADS_TO.get(entry.event, "open") in ACTIVE:
                break
            end = entry.t
    return end


def _in_order(alarms: list[Alarm], own: UUID) -> tuple[Alarm, ...]:
    return tuple(sorted(alarms, key=lambda alarm: (alarm.id != own, -alarm.raised_at, alarm.id)))
