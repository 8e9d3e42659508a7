"""What is explained by a site in maintenance or a device in repair, and so is not said while that lasts (ADR 41).

Pure: an alarm, what is in force, and the time. Such an alarm is stored as ``suppressed``: it makes no sound, calls
nobody and is listed apart. It is heard as soon as nothing explains it any more and its cause still stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec

from alerts.alarm import Alarm, Suppression, TimelineEntry, opening

SUPPRESSED: Final = "suppressed"
"""The state, and the timeline event."""

_SILENT: Final = "missed_check.silent"
_MILD: Final = ("low", "medium")

_OF_A_SITE: Final[frozenset[str]] = frozenset(
    {"system.site_silent", "device.battery_low", "device.fault", "device.not_worn", _SILENT}
)
"""What work on a site's network explains: that nothing is heard of the site, of a device, of a person. A promised
check, a routine, a way out of the zone, a pulse are no matter of the network (ADR 41)."""

_OF_A_DEVICE: Final[frozenset[str]] = frozenset({"device", "vitals", "wandering"})
"""Kinds whose alarms one device alone may have raised: what a band on a workbench measures is nobody's."""

_ABOUT_SOMEBODY: Final[frozenset[str]] = frozenset({"missed_check", "vitals", "wandering"})
"""Kinds of which only what begins while it lasts is explained: who was missed before is missed."""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A site in maintenance, or (``device`` given) a device in repair, in ``[from_ms, until_ms)``; ``by`` an account.

    ``until_ms`` None: until it is given back.
    """

    id: str
    site: str
    device: str | None = None
    from_ms: int
    until_ms: int | None = None
    reason: str
    by: str

    def is_in_force(self, now: int) -> bool:
        """Whether it counts at ``now`` (ms)."""
        return self.from_ms <= now and (self.until_ms is None or now < self.until_ms)


class Holds(msgspec.Struct, frozen=True, kw_only=True):
    """What may be in force; ``worn``: the devices that residents wear at present, by resident, where it was asked."""

    holds: tuple[Hold, ...] = ()
    worn: Mapping[str, tuple[str, ...]] = {}

    def explaining(self, alarm: Alarm, now: int) -> Hold | None:
        """What explains an alarm at ``now`` (ms), a site's maintenance before a device's repair; None: nothing."""
        if not may_be_suppressed(alarm.rule) or alarm.severity == "critical" or alarm.drill:
            return None
        in_force = [hold for hold in self.holds if hold.is_in_force(now) and _began_under(hold, alarm)]
        sites = [hold for hold in in_force if hold.device is None and _by_maintenance(hold, alarm)]
        repaired = {hold.device: hold for hold in in_force if hold.device is not None}
        return sites[0] if sites else _by_repair(repaired, alarm, self.worn)


NO_HOLDS: Final = Holds()


def may_be_suppressed(rule: str) -> bool:
    """Whether anything explains alarms of this rule: never a press, a fall, or what somebody reported."""
    kind, _, name = rule.partition(".")
    return name != "reported" and (rule in _OF_A_SITE or kind in _OF_A_DEVICE)


def suppressed(alarm: Alarm, hold: Hold, now: int) -> Alarm:
    """A new alarm, kept quiet."""
    said = TimelineEntry(t=now, actor=hold.by, event=SUPPRESSED, note=hold.reason)
    return msgspec.structs.replace(alarm, state=SUPPRESSED, suppression=_named(hold), timeline=(said,))


def handed_on(alarm: Alarm, hold: Hold, now: int) -> Alarm:
    """A suppressed alarm that something else explains from now on."""
    said = TimelineEntry(t=now, actor=hold.by, event=SUPPRESSED, note=hold.reason)
    return alarm.noting(said, suppression=_named(hold))


def heard(alarm: Alarm, case: UUID, now: int) -> Alarm:
    """A suppressed alarm that is open from ``now`` (ms) on, as if it were raised only now; its evidence keeps its time.

    ``case``: the one that it belongs to now (``folding.case_among``).
    """
    said = opening(alarm.severity, now, "engine")
    return alarm.noting(said, state="open", raised_at=now, case=case)


def taken_over(alarm: Alarm, other: Alarm, now: int) -> Alarm:
    """A suppressed alarm of whose subject and rule another one is active again: that one tells of it."""
    return alarm.noting(TimelineEntry(t=now, actor="engine", event="taken_over", to=str(other.id)), recovered_at=now)


def _named(hold: Hold) -> Suppression:
    return Suppression(
        id=hold.id, site=hold.site, device=hold.device, reason=hold.reason, by=hold.by, until=hold.until_ms
    )


def _began_under(hold: Hold, alarm: Alarm) -> bool:
    return alarm.kind not in _ABOUT_SOMEBODY or alarm.event_time >= hold.from_ms


def _by_maintenance(hold: Hold, alarm: Alarm) -> bool:
    mild = alarm.rule != _SILENT or alarm.severity in _MILD
    return hold.site == alarm.site and alarm.rule in _OF_A_SITE and mild


def _by_repair(repaired: Mapping[str, Hold], alarm: Alarm, worn: Mapping[str, tuple[str, ...]]) -> Hold | None:
    """Explained when every device that could have raised it is in repair."""
    if alarm.rule == _SILENT:
        devices = worn.get(alarm.resident or "", ()) if alarm.severity in _MILD else ()
    elif alarm.kind == "device":
        devices = (alarm.subject,)
    elif alarm.kind in _OF_A_DEVICE and alarm.device is not None:
        devices = (alarm.device, *alarm.evidence.get("other_devices", ()))
    else:
        devices = ()
    found = [repaired.get(device) for device in devices]
    return found[0] if found and None not in found else None
