"""What whoever holds a link may know of an alarm, gathered before it is put into words."""

from __future__ import annotations

from typing import Final

import msgspec

from alerts.alarm import Alarm
from alerts.replies import Replier
from dashboards.web.links.story import Answer, Story, by_name, last_answer, named_in, story_of
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
    """``mine``: their own last answer. ``place``: only what they may see, as all of it.

    ``named``: who goes there, by name; nobody but for the page of a group.
    """

    alarm: Alarm
    role: str
    centre: Centre
    story: Story
    people: list[Disclosed]
    place: Whereabouts | None
    mine: Answer | None
    extent: Extent
    named: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether they said that they go, or are there."""
        return self.mine is not None and self.mine.verb in _GOES


def extent_for(alarm: Alarm, who: Replier) -> Extent:
    """How much of somebody ``who`` may know: all of it from their yes until the end."""
    mine = last_answer(alarm, who.actor)
    goes = mine is not None and mine.verb in _GOES and alarm.is_active
    of_many = who.role == GROUP or who.of_a_group
    return "card" if goes and who.role not in (GROUP, FAMILY) else "building" if of_many else "door"


def sees_place(who: Replier, extent: Extent) -> bool:
    """Whether they may know where somebody is, as far as that was agreed."""
    return who.role == FAMILY or extent == "card"


async def gather(conn: Connection, alarm: Alarm, who: Replier, now: int) -> Facts:
    """What ``who`` may know at ``now`` (ms).

    A group knows the building and who of them goes there. Whoever is asked to go knows the door; whoever was asked
    as one of a group does not, until they say yes. From a yes until the end both know how to get in. Family know
    where somebody is, as far as that was agreed.
    """
    extent = extent_for(alarm, who)
    kinds = await kinds_of_responders(conn, alarm.site, named_in(alarm))
    return Facts(
        alarm=alarm,
        role=who.role,
        centre=await centre(conn, alarm.site),
        story=story_of(alarm, kinds),
        people=await disclosed(conn, alarm.id, now, extent),
        place=await whereabouts(conn, alarm.id, now) if sees_place(who, extent) else None,
        mine=last_answer(alarm, who.actor),
        extent=extent,
        named=by_name(alarm) if who.role == GROUP else (),
    )
