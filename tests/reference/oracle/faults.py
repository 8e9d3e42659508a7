"""Devices that say nothing: alone while their person is heard, a box, or one that never said anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.engine import Severity, What
from devices.kinds import Kind
from tests.reference.oracle.memory import Memory
from tests.reference.oracle.moment import Aftermath, Moment
from tests.reference.oracle.records import Records
from tests.reference.oracle.settings import InForce
from tests.reference.oracle.words import WATCHED, WORN, Claim, Rule, Wearer


@dataclass
class Fault:
    deadline: int
    heard_from: int | None
    """Never reported: since when its wearer has it; any reading from then on ends it."""
    limit: int
    told_at: int
    found_at: int


class Faults:
    """``device.fault``."""

    def __init__(self, records: Records, memory: Memory) -> None:
        self.records, self.memory = records, memory
        self.open: dict[int, Fault] = {}

    def hear(self, m: Moment, *, on: bool) -> Iterator[Claim]:
        fault = self.open.get(m.told.device)
        if fault is None or not m.told.trusted:
            return
        told = m.told.order
        if told + fault.limit > m.now if fault.heard_from is None else told >= fault.heard_from:
            del self.open[m.told.device]
            yield _claim(What.RECOVERED, fault, {})

    def judge(self, device: int, now: int, listening_since: int, p: InForce) -> Iterator[tuple[int, Claim]]:
        """The moment judged and what is said of it; of what this look finds, only the next one reminds."""
        wearer = self.records.wearer_at(device, now)
        if wearer is None or not self.records.in_service(device, WATCHED):
            return
        if isinstance(wearer, int) and not self.records.active(wearer):
            return
        fault = self.open.get(device)
        if fault is None:
            fault = self._fault(device, wearer, now, listening_since, p)
            if fault is None:
                return
            self.open[device] = fault
            yield fault.deadline, self._told(What.OPENED, fault, device, now)
            return
        every = p.ms("device.fault.remind_s")
        base = fault.told_at + every
        held = self.memory.outages.held_until(device, self.memory.last_sign(device, now)) or 0
        moment = max(base, self.memory.heard_out(device, base, listening_since, p), held)
        if moment <= now and fault.found_at < now:
            fault.told_at = moment + (now - moment) // every * every
            yield fault.told_at, self._told(What.EVIDENCE, fault, device, now)

    def _fault(self, device: int, wearer: Wearer, now: int, listening_since: int, p: InForce) -> Fault | None:
        memory = self.memory
        sign = memory.last_sign(device, now)
        since = None
        if sign is None:
            since = self.records.worn_since(device, now)
            never_after = p.ms("device.fault.never_after_s")
            held = memory.outages.held_until(device, None) or 0
            base = since + never_after
            deadline = max(base, memory.heard_out(device, base, listening_since, p), held)
        else:
            if isinstance(wearer, int) and self.records.in_service(device, WORN):
                others = memory.reporting(wearer, now)
                others.pop(device, None)
                if not any(sign + memory.limit(other, p) > now for other, sign in others.items()):
                    return None
            deadline = memory.deadline(device, sign, listening_since, p)
        if deadline > now or memory.outages.hushes(device, deadline, now):
            return None
        return Fault(deadline, since, memory.limit(device, p), deadline, now)

    def _told(self, what: What, fault: Fault, device: int, now: int) -> Claim:
        """Whoever was heard while nobody listened for its faults is not one that never reported."""
        return _claim(what, fault, {"never_reported": float(self.memory.last_sign(device, now) is None)})

    def hand_over(self, device: int, kind: Kind) -> None:
        """A fault stands until the device is heard."""

    def drop_half_counted(self, device: int | None = None) -> None:
        """One deadline is enough."""

    def forget(self, after: Aftermath) -> None:
        """A fault stands until the device is heard."""


def _claim(what: What, fault: Fault, evidence: dict[str, float]) -> Claim:
    return Claim(Rule.DEVICE_FAULT, what, Severity.LOW, (fault.deadline, -1), evidence)
