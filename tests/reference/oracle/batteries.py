"""A battery that runs empty: told once, again after a day, over when it has been charged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.engine import Severity, What
from devices.kinds import Kind
from tests.reference.oracle.moment import Aftermath, Moment
from tests.reference.oracle.words import Claim, Rule, Told, named_by


@dataclass
class Low:
    opening: Told
    told_at: int


class BatteryLow:
    """``device.battery_low``: the device's, whoever wears it."""

    def __init__(self) -> None:
        self.low: dict[int, Low] = {}

    def hear(self, m: Moment, *, on: bool) -> Iterator[Claim]:
        told = m.told
        if told.kind != Kind.HEARTBEAT or not m.newer:
            return
        level = told.number("battery_pct")
        low = self.low.get(told.device)
        evidence = {"battery_pct": level}
        if low is None:
            if on and level <= m.p["device.battery_low.low_pct"] and not told.late:
                self.low[told.device] = Low(told, told.order)
                yield _claim(What.OPENED, told, evidence)
        elif level >= m.p["device.battery_low.recovered_pct"]:
            del self.low[told.device]
            yield _claim(What.RECOVERED, low.opening, evidence)
        elif on and level <= m.p["device.battery_low.low_pct"] and not told.late and _long_ago(low, m):
            low.told_at = told.order
            yield _claim(What.EVIDENCE, low.opening, evidence)

    def hand_over(self, device: int, kind: Kind) -> None:
        """A battery is empty, whoever wears the device."""

    def drop_half_counted(self, device: int | None = None) -> None:
        """One reading is enough."""

    def forget(self, after: Aftermath) -> None:
        """A battery is empty, whatever the registry says."""


def _long_ago(low: Low, m: Moment) -> bool:
    return m.told.order - low.told_at >= m.p.ms("device.battery_low.remind_s")


def _claim(what: What, opening: Told, evidence: dict[str, float]) -> Claim:
    return Claim(Rule.DEVICE_BATTERY_LOW, what, Severity.LOW, named_by(opening), evidence)
