"""What is remembered of every device: the newest of each kind, and every sign of life."""

from __future__ import annotations

from devices.kinds import Kind
from tests.reference.oracle.outages import Outages
from tests.reference.oracle.records import Records
from tests.reference.oracle.settings import InForce
from tests.reference.oracle.words import SECOND, WORN, Told

HOUR = 3600 * SECOND


class Memory:
    """Kept whoever wears the device; what counts is what happened since its wearer has it."""

    def __init__(self, records: Records, outages: Outages) -> None:
        self.records, self.outages = records, outages
        self.marks: dict[tuple[int, Kind], int] = {}
        self.fixes: dict[int, Told] = {}
        self.beats: dict[int, Told] = {}
        self.intervals: dict[int, int] = {}
        self.heard: dict[int, list[int]] = {}
        """When each device gave a sign of life, whoever wore it."""

    def keep(self, told: Told, now: int, p: InForce) -> bool:
        """Remember a trusted reading; whether it is the newest of its device and kind."""
        newest = self._keep(told)
        signs = self.heard.setdefault(told.device, [])
        if not self.outages.keeps_dark(told, max(signs, default=None), self.limit(told.device, p), now):
            signs.append(told.order)
        return newest

    def _keep(self, told: Told) -> bool:
        before = self.marks.get((told.device, told.kind))
        if before is not None and told.order <= before:
            return False
        self.marks[told.device, told.kind] = told.order
        if told.kind == Kind.POSITION:
            self.fixes[told.device] = told
        if told.kind == Kind.HEARTBEAT:
            self.beats[told.device] = told
            if told.fields.get("interval_s") is not None:
                self.intervals[told.device] = int(told.fields["interval_s"] * SECOND)
        return True

    def lies_aside(self, device: int) -> bool:
        """Whether its newest heartbeat said that nobody wears it, or that it charges."""
        beat = self.beats.get(device)
        return beat is not None and (beat.fields.get("worn") is False or beat.fields.get("charging") is True)

    def last_sign(self, device: int, now: int) -> int | None:
        """The newest sign of life under whoever has the device now."""
        if self.records.wearer_at(device, now) is None:
            return None
        since = self.records.worn_since(device, now)
        return max((t for t in self.heard.get(device, ()) if t >= since), default=None)

    def reporting(self, resident: int, now: int) -> dict[int, int]:
        """What the resident wears and has heard from since they wear it: the last sign of each device."""
        worn = [d.slot for d in self.records.devices.values() if self.records.in_service(d.slot, WORN)]
        signs = {d: self.last_sign(d, now) for d in sorted(worn) if self.records.wearer_at(d, now) == resident}
        return {d: sign for d, sign in signs.items() if sign is not None}

    def interval(self, device: int, p: InForce) -> int:
        return self.intervals.get(device, p.ms("missed_check.silent.interval_s"))

    def limit(self, device: int, p: InForce) -> int:
        """How long the device may be silent, ms."""
        intervals = int(p["missed_check.silent.intervals"])
        return intervals * self.interval(device, p) + p.ms("missed_check.silent.grace_s")

    def deadline(self, device: int, sign: int, listening_since: int, p: InForce) -> int:
        """When it has been silent too long; after our own absence, or its site's, one interval more to be heard."""
        held = self.outages.held_until(device, sign)
        base = sign + self.limit(device, p)
        return max(base, self.heard_out(device, base, listening_since, p), held or 0)

    def heard_out(self, device: int, base: int, listening_since: int, p: InForce) -> int:
        """Until when it may still tell what was due: one interval from its return, no more than one too late."""
        interval, audible = self.interval(device, p), self.outages.audible_since(device, listening_since)
        return min(audible + interval, max(base + interval, audible + HOUR))
