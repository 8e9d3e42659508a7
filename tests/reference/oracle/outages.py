"""Whom nobody could hear: devices of a site that is silent, or was until just now."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.engine import Severity
from tests.reference.oracle.records import Records
from tests.reference.oracle.settings import Settings
from tests.reference.oracle.words import Told


@dataclass
class Outage:
    opening: int
    began: int | None
    """The newest sign of those whom it silenced, ms; None: whoever found it is not believed."""
    floor: int
    """Whose silence counted by then was silent before."""
    again: int
    severity: Severity


class Outages:
    """What is known of the sites' silences."""

    def __init__(self, records: Records, settings: Settings) -> None:
        self.records, self.settings = records, settings
        self.open: dict[str, Outage] = {}
        self.back: dict[str, int] = {}
        """When the last one ended."""
        self.hushed: set[str] = set()
        """Sites that may just be falling silent, as of the last look."""

    def is_dark(self, device: int, last: int | None) -> bool:
        """Whether a device that was heard last then (ms; None: never) was not heard since its site fell silent."""
        known = self.records.device(device)
        outage = None if known is None else self.open.get(known.site)
        return outage is not None and outage.began is not None and (last is None or last <= outage.began)

    def keeps_dark(self, told: Told, last: int | None, limit: int, now: int) -> bool:
        """Whether a reading is so old that its device is as silent as it was in the dark before."""
        wearer = self.records.wearer_at(told.device, told.order)
        if wearer is None or last is None or last < self.records.worn_since(told.device, told.order):
            return False
        return told.order + limit <= now and self.is_dark(told.device, last)

    def audible_since(self, device: int, listening_since: int) -> int:
        known = self.records.device(device)
        return listening_since if known is None else max(listening_since, self.back.get(known.site, listening_since))

    def held_until(self, device: int, last: int | None) -> int | None:
        """Until when nothing is concluded from its silence, ms."""
        if not self.is_dark(device, last):
            return None
        known = self.records.device(device)
        assert known is not None
        began = self.open[known.site].began
        assert began is not None
        return began + self.settings.of(None, device).ms("system.site_silent.hold_s")

    def person_audible_since(self, resident: int, signs: dict[int, int], listening_since: int) -> int:
        """By the first of what they wear (with its last sign) that could be heard."""
        if signs:
            return min(self.audible_since(device, listening_since) for device in signs)
        known = self.records.resident(resident)
        return listening_since if known is None else max(listening_since, self.back.get(known.site, listening_since))

    def person_held_until(self, resident: int, signs: dict[int, int]) -> int | None:
        """Until the last of what they wear is held; who wears nothing that was heard is held with half of a site."""
        if signs:
            held = [self.held_until(device, last) for device, last in signs.items()]
            return None if None in held else max(one for one in held if one is not None)
        known = self.records.resident(resident)
        outage = None if known is None else self.open.get(known.site)
        if known is None or outage is None or outage.severity < Severity.HIGH or outage.began is None:
            return None
        return outage.began + self.settings.of_site(known.site).ms("system.site_silent.hold_s")

    def hushes(self, device: int, moment: int, now: int) -> bool:
        """Whether a silence that counts from a moment on waits a little."""
        known = self.records.device(device)
        if known is None or known.site not in self.hushed:
            return False
        return now < moment + self.settings.of(None, device).ms("system.site_silent.patience_s")
