"""What whoever holds a link may know of an alarm, gathered before it is put into words."""

from __future__ import annotations

from typing import Final

import msgspec

from alerts.alarm import Alarm
from alerts.replies import Replier
from dashboards.web.links.story import Answer, Story, last_answer, named_in, story_of
from gateway.store.connection import Connection
from gateway.store.disclosure import (
    Centre,
    Disclosed,
    Extent,
    Whereabouts,
    centre,
    disclosed,
    kinds_of_responders,
    whereabouts,
)

FAMILY: Final = "family"
GROUP: Final = "chat"
_GOES: Final = frozenset({"take", "there"})


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """``mine``: their own last answer. ``place``: only what they may see, as all of it."""

    alarm: Alarm
    role: str
    centre: Centre
    story: Story
    people: list[Disclosed]
    place: Whereabouts | None
    mine: Answer | None
    extent: Extent

    @property
    def accepted(self) -> bool:
        """Whether they said that they go, or are there."""
        return self.mine is not None and self.mine.verb in _GOES


async def gather(conn: Connection, alarm: Alarm, who: Replier, now: int) -> Facts:
    """What ``who`` may know at ``now`` (ms).

    A group knows the building alone. Whoever is asked to go knows the door, and from their yes until the end how to
    get in; family know where somebody is, as far as that was agreed.
    """
    mine = last_answer(alarm, who.actor)
    goes = mine is not None and mine.verb in _GOES and alarm.is_active
    extent: Extent = "building" if who.role == GROUP else "card" if goes and who.role != FAMILY else "door"
    sees_place = who.role == FAMILY or extent == "card"
    kinds = await kinds_of_responders(conn, alarm.site, named_in(alarm))
    return Facts(
        alarm=alarm,
        role=who.role,
        centre=await centre(conn, alarm.site),
        story=story_of(alarm, kinds),
        people=await disclosed(conn, alarm.id, now, extent),
        place=await whereabouts(conn, alarm.id, now) if sees_place else None,
        mine=mine,
        extent=extent,
    )
