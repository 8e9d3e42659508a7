"""A band that says that nobody wears it, for hours of the day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.engine import Severity, What
from devices.kinds import Kind
from tests.reference.oracle.memory import Memory
from tests.reference.oracle.moment import Aftermath, Moment
from tests.reference.oracle.records import Records, hour_there, within_hours
from tests.reference.oracle.words import SECOND, WORN, Claim, Rule, Told, named_by


@dataclass
class Off:
    since: int
    episode: Told | None = None
    told_at: int = 0


class NotWorn:
    """``device.not_worn``: of devices that are worn, by residents who are active."""

    def __init__(self, records: Records, memory: Memory) -> None:
        self.records, self.memory = records, memory
        self.off: dict[int, Off] = {}

    def hear(self, m: Moment, *, on: bool) -> Iterator[Claim]:
        told = m.told
        if told.kind != Kind.HEARTBEAT or not m.newer or m.wearer is None:
            return
        if m.resident is None or not self.records.active(m.resident):
            return
        if not self.records.in_service(told.device, WORN):
            return
        if told.fields.get("worn") is True:
            off = self.off.pop(told.device, None)
            if off is not None and off.episode is not None:
                yield self._claim(What.RECOVERED, off, m)
        elif told.fields.get("worn") is False and on:
            yield from self._off(m, self.off.setdefault(told.device, Off(told.order)))

    def _off(self, m: Moment, off: Off) -> Iterator[Claim]:
        told = m.told
        if told.late:
            return
        if off.episode is not None:
            if told.order - off.told_at >= m.p.ms("device.not_worn.remind_s"):
                off.told_at = told.order
                yield self._claim(What.EVIDENCE, off, m)
        elif told.order - off.since >= _limit(m) and self._by_day(m):
            off.episode, off.told_at = told, told.order
            yield self._claim(What.OPENED, off, m)

    def _by_day(self, m: Moment) -> bool:
        assert m.resident is not None
        resident = self.records.resident(m.resident)
        assert resident is not None
        hour = hour_there(resident, m.told.order)
        return hour is None or within_hours(hour, m.p["device.not_worn.day_from_h"], m.p["device.not_worn.day_to_h"])

    def _claim(self, what: What, off: Off, m: Moment) -> Claim:
        assert off.episode is not None
        evidence = {
            "off_for_s": (m.told.order - off.since) / SECOND,
            "limit_s": _limit(m) / SECOND,
            "battery_pct": m.told.number("battery_pct"),
        }
        return Claim(Rule.DEVICE_NOT_WORN, what, Severity.LOW, named_by(off.episode), evidence)

    def hand_over(self, device: int, kind: Kind) -> None:
        if kind == Kind.HEARTBEAT:
            self.off.pop(device, None)

    def drop_half_counted(self, device: int | None = None) -> None:
        for one, off in list(self.off.items()):
            if device in {one, None} and off.episode is None:
                del self.off[one]

    def forget(self, after: Aftermath) -> None:
        for device in list(self.off):
            wearer = self.records.wearer_at(device, self.memory.marks[device, Kind.HEARTBEAT])
            if (device, Kind.HEARTBEAT) in after.handed_over or wearer in after.roused:
                del self.off[device]
            elif (Rule.DEVICE_NOT_WORN, device) in after.switched:
                self.drop_half_counted(device)


def _limit(m: Moment) -> int:
    charging = m.told.fields.get("charging") is True
    return m.p.ms("device.not_worn.charging_after_s" if charging else "device.not_worn.after_s")
