"""What an alarm's timeline says of links to the live map, and of somebody who goes along: as pure functions."""

from __future__ import annotations

from typing import Final

from alerts.alarm import Alarm, TimelineEntry
from devices.clock import MINUTE_MS

LINK_SHARED: Final = "link_shared"
"""Timeline event: staff made a link; ``to`` is for whom."""
LINK_OPENED: Final = "link_opened"
"""Somebody looked for the first time at the map behind their link. That is no work at the alarm: the system says it."""
LINK_REVOKED: Final = "link_revoked"
HELPER_FOUND: Final = "helper_found"
"""Whoever holds a link to the map says that they have found them; the note is their words. It ends nothing: nobody has
checked it, and whoever helps to search may be mistaken."""
SAID_AGAIN_MS: Final = 2 * MINUTE_MS
"""The same word of the same person within so long is a second press. Assumption, ADR 43."""
SAID_AT_MOST: Final = 20
"""Whoever says it more often, in other words each time, is heard no more: what they say grows into the alarm that the
desk works with. Assumption, ADR 43."""
ACCOMPANIED: Final = "accompanied"
"""Somebody is with the resident; the note says until when, ms."""
ACCOMPANIED_ENDED: Final = "accompanied_ended"


def shared(alarm: Alarm, actor: str, person: str, now: int) -> Alarm:
    """Somebody of the staff made a link for a person."""
    return alarm.noting(TimelineEntry(t=now, actor=actor, event=LINK_SHARED, to=person))


def opened(alarm: Alarm, person: str, now: int) -> Alarm:
    """The person has looked at the map."""
    return alarm.noting(TimelineEntry(t=now, actor="system", event=LINK_OPENED, to=person))


def found(alarm: Alarm, person: str, now: int, words: str | None = None) -> Alarm:
    """Whoever helps to search says that they have found them; the same alarm when they just said so, or too often."""
    said = [each for each in alarm.timeline if each.event == HELPER_FOUND and each.to == person]
    if said and now - said[-1].t < SAID_AGAIN_MS and said[-1].note == words:
        return alarm
    if len(said) >= SAID_AT_MOST:
        return alarm
    return alarm.noting(TimelineEntry(t=now, actor="system", event=HELPER_FOUND, to=person, note=words))


def revoked(alarm: Alarm, actor: str, person: str, now: int) -> Alarm:
    """Somebody of the staff took the link back."""
    return alarm.noting(TimelineEntry(t=now, actor=actor, event=LINK_REVOKED, to=person))


def accompanied(alarm: Alarm, actor: str, until_ms: int | None, now: int, note: str | None = None) -> Alarm:
    """Somebody goes with the resident until then (ms), None: nobody does any more. ``note``: who, in words."""
    if until_ms is None:
        return alarm.noting(TimelineEntry(t=now, actor=actor, event=ACCOMPANIED_ENDED))
    return alarm.noting(TimelineEntry(t=now, actor=actor, event=ACCOMPANIED, note=str(until_ms), to=note))
