"""Cries for help: presses and falls told by the device, taken together within a minute, taken back within ten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.engine import Severity, What
from devices.kinds import Kind
from tests.reference.oracle.moment import Aftermath, Moment
from tests.reference.oracle.words import Claim, Rule, Told, Wearer, named_by


@dataclass
class Press:
    opening: Told
    wearer: Wearer
    newest: int


class Cries:
    """``sos.button`` and ``fall.device``, which nothing but their own detector's failure switches off."""

    def __init__(self, kind: Kind, rule: Rule) -> None:
        self.kind, self.rule = kind, rule
        self.presses: dict[int, Press] = {}

    def hear(self, m: Moment, *, on: bool) -> Iterator[Claim]:
        told = m.told
        assert on
        if told.kind != self.kind:
            return
        severity = Severity.CRITICAL
        if m.wearer is None or (told.kind == Kind.FALL and told.number("confidence") < m.p["fall.device.sure_from"]):
            severity = Severity.HIGH
        latest = self.presses.get(told.device)
        if latest is not None and latest.wearer != m.wearer:
            latest = None
        if told.fields.get("cancel"):
            if latest is not None and 0 <= told.t - latest.newest <= m.p.ms("sos.button.cancel_within_s"):
                del self.presses[told.device]
                yield Claim(self.rule, What.CANCELLED, severity, named_by(latest.opening), {})
            return
        window = m.p.ms("sos.button.same_episode_s")
        if latest is not None and latest.opening.t - window <= told.t <= latest.newest + window:
            latest.newest = max(latest.newest, told.t)
            yield Claim(self.rule, What.EVIDENCE, severity, named_by(latest.opening), {})
            return
        self.presses[told.device] = Press(told, m.wearer, told.t)
        yield Claim(self.rule, What.OPENED, severity, named_by(told), {})

    def hand_over(self, device: int, kind: Kind) -> None:
        """A cry remembers whose it is."""

    def drop_half_counted(self, device: int | None = None) -> None:
        """One press is enough."""

    def forget(self, after: Aftermath) -> None:
        """A cry outlives every change of the registry."""
