"""The page of a group: it asks who goes there, and gives whoever does a link of their own."""

from __future__ import annotations

from typing import Final

import msgspec

from alerts.alarm import Alarm
from gateway.store.connection import Connection
from gateway.store.group_links import AtHand, at_hand, hand_out, new_word, token_for
from gateway.store.links import Link

NO_NAME: Final = "nobody"
"""What the page's address says after somebody pressed and did not say who they are."""

NAME_AT_MOST: Final = 40


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Whom one may be, and the word that becomes a token when somebody presses."""

    people: list[AtHand]
    word: str


class Press(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody sent off: a name they wrote, or a responder they chose, and the word of their page."""

    person: str
    responder: str
    word: str


class TooMany(msgspec.Struct, frozen=True):
    """So many of the group have taken the alarm lately that the desk sends whoever else goes."""


NOBODY: Final = Asked(people=[], word="")


async def asks(conn: Connection, alarm: Alarm) -> Asked:
    """What the page of a group asks of whoever would go."""
    return Asked(people=await at_hand(conn, alarm.id), word=new_word())


async def own_link(
    conn: Connection, link: Link, token: str, alarm: Alarm, press: Press, now: int
) -> str | TooMany | None:
    """The token of whoever takes an alarm from a group's page at ``now`` (ms); None: they did not say who they are.

    A name that a responder has is that responder. What was written counts before what was chosen: a choice cannot
    be taken back without a script.
    """
    written = _plain(press.person)
    people = await at_hand(conn, alarm.id)
    who = next((each for each in people if (each.name == written if written else each.id == press.responder)), None)
    name = written if who is None else who.name
    if not name:
        return None
    own = token_for(token, press.word or new_word())
    responder = None if who is None else who.id
    return own if await hand_out(conn, link.message, alarm.id, own, name, responder, now) else TooMany()


def _plain(name: str) -> str:
    """A name as somebody wrote it, without what cannot be seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:NAME_AT_MOST].strip()
