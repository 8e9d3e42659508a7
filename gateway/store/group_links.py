"""Who takes an alarm from the page of a group: whom one may be there, and the link that is theirs alone.

Everybody in a group holds the same link. Whoever takes an alarm from it gets another, once: a page that asks who
goes there carries a random word, and pressing the button makes a token of it. Pressing twice makes the same one.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Final
from uuid import UUID

import msgspec

from devices.clock import MINUTE_MS
from gateway.store.accounts import token_hash
from gateway.store.connection import Connection
from gateway.store.disclosure import CONCERNED
from gateway.store.links import OPEN_FOR_MS, TOKEN_BYTES

AT_HAND_AT_MOST: Final = 12
"""Names to choose from on a small page. Assumption."""

PEOPLE_AT_MOST: Final = 20
WITHIN_MS: Final = 15 * MINUTE_MS
"""So many people of a group may take one alarm within that time; then the desk sends. Assumption."""


class AtHand(msgspec.Struct, frozen=True, kw_only=True):
    """A responder as a group may know them."""

    id: str
    name: str


async def at_hand(conn: Connection, alarm: UUID) -> list[AtHand]:
    """Responders of the alarm's building, then those of its whole site; of all buildings where it names none."""
    cursor = await conn.execute(
        "with place as (select a.site, (select coalesce(nullif(r.address, '{}'), h.address) ->> 'building'"
        f" from resident r left join household h on h.id = r.household where {CONCERNED} limit 1) as building"
        " from alarm a where a.id = %s)"
        " select p.id, p.name from responder p join place using (site)"
        " where p.active and coalesce(nullif(p.building, '') = place.building, true)"
        " order by nullif(p.building, '') is null, p.name, p.id limit %s",
        (alarm, AT_HAND_AT_MOST),
    )
    return [AtHand(id=row[0], name=row[1]) for row in await cursor.fetchall()]


def new_word() -> str:
    """The random word of a page that asks who goes there."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_for(link: str, word: str) -> str:
    """The token that a page's word becomes: as long as any other, and in no page before somebody presses."""
    return (
        base64.urlsafe_b64encode(hashlib.sha256(f"{link}|{word}".encode()).digest()[:TOKEN_BYTES]).decode().rstrip("=")
    )


async def hand_out(
    conn: Connection, message: int, alarm: UUID, token: str, name: str, responder: str | None, now: int
) -> bool:
    """Make the link of somebody who takes an alarm from a group's page, at ``now`` (ms).

    False: too many have done so lately. A token that was handed out before stays whose it is.
    """
    values = {
        "hash": token_hash(token),
        "message": message,
        "alarm": alarm,
        "until": now + OPEN_FOR_MS,
        "name": name,
        "responder": responder,
        "lately": now + OPEN_FOR_MS - WITHIN_MS,
        "most": PEOPLE_AT_MOST,
    }
    await conn.execute(
        "insert into message_link (token_hash, message, alarm, expires_at, person, responder)"
        " select %(hash)s, %(message)s, %(alarm)s, %(until)s, %(name)s, %(responder)s where %(most)s > (select count(*)"
        " from message_link where message = %(message)s and alarm = %(alarm)s and person is not null"
        " and expires_at > %(lately)s) on conflict do nothing",
        values,
    )
    cursor = await conn.execute("select 1 from message_link where token_hash = %(hash)s and person is not null", values)
    return await cursor.fetchone() is not None
