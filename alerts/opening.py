"""Breaking a refusal open: staff show family and responders where a resident is, for one critical alarm."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from alerts.alarm import Alarm, TimelineEntry

POSITION_OPENED: Final = "position_opened"
"""The timeline event."""


class NotOpened(msgspec.Struct, frozen=True):
    """Nothing was opened, and why.

    ``state``: the alarm is over. ``severity``: it is less than critical. ``nobody``: it is a drill, or about nobody.
    ``agreed``: there is nothing to open.
    """

    alarm: Alarm
    reason: Literal["state", "severity", "nobody", "agreed"]


def opened(alarm: Alarm, actor: str, reason: str, now: int, *, agreed: bool) -> Alarm | NotOpened:
    """The alarm with its entry, or why there is nothing to open; ``agreed``: there is a consent in force."""
    if not alarm.is_active:
        return NotOpened(alarm, "state")
    if alarm.severity != "critical":
        return NotOpened(alarm, "severity")
    if alarm.drill or (alarm.resident is None and alarm.household is None):
        return NotOpened(alarm, "nobody")
    if agreed:
        return NotOpened(alarm, "agreed")
    entry = TimelineEntry(t=now, actor=actor, event=POSITION_OPENED, note=reason)
    return alarm.noting(entry)
