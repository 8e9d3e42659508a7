"""What begins low and grows by time alone: whether the band is heard meanwhile or not (ADR 49).

The engine says with a fix that an alarm has grown worse. Where none comes any more, as from a band under a roof, the
alarm's own step does: it is written down when the alarm opens, as all of its escalation is.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from alerts.alarm import Alarm, SeverityName, TimelineEntry
from alerts.catalogue import PARAMETERS
from alerts.ports import AlarmTransaction


class Growth(NamedTuple):
    """After how long it grows (a parameter of the rule, s; 0: the engine never begins low), and to what."""

    after_s: str
    severity: SeverityName


GROWS: Final = {"wandering.zone_exit": Growth("wandering.zone_exit.driven_sounds_after_s", "high")}


def may_grow(alarm: Alarm) -> bool:
    """Whether time alone makes more of an alarm: while it is low, lasts, and is about somebody who is known."""
    return (
        alarm.rule in GROWS
        and alarm.severity == "low"
        and alarm.is_active
        and alarm.recovered_at is None
        and alarm.resident is not None
    )


async def grows_at(tx: AlarmTransaction, alarm: Alarm) -> int:
    """When an alarm that may grow does, ms, by what is in force for its resident."""
    assert alarm.resident is not None
    name = GROWS[alarm.rule].after_s
    set_by_people = await tx.parameters([name], site=alarm.site, resident=alarm.resident)
    return alarm.raised_at + round(1000 * set_by_people.get(name, PARAMETERS[name].default))


def grown(alarm: Alarm, now: int) -> Alarm:
    """The alarm grown worse."""
    severity = GROWS[alarm.rule].severity
    return alarm.noting(TimelineEntry(t=now, actor="system", event="severity_raised", note=severity), severity=severity)
