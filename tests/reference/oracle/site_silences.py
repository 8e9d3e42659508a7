"""A site of which so many fall silent together that no person can be why."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import NamedTuple

from alerts.engine import Severity, What
from devices.kinds import Kind
from tests.reference.oracle.memory import Memory
from tests.reference.oracle.moment import Aftermath, Moment
from tests.reference.oracle.outages import Outage, Outages
from tests.reference.oracle.records import Records
from tests.reference.oracle.settings import InForce, Settings
from tests.reference.oracle.words import SECOND, WATCHED, WORN, Claim, Rule

DAY = 86_400 * SECOND


class Member(NamedTuple):
    """A person by all that they wear of one site, or a box."""

    last: int
    owes: int
    due: int
    pace: int
    expected: bool


class Counted(NamedTuple):
    expected: int
    needed: int
    late: list[Member]
    silent: list[int]
    """Their deadlines."""
    dark: int
    floor: int


class SiteSilences:
    """``system.site_silent``."""

    def __init__(self, records: Records, settings: Settings, memory: Memory, outages: Outages) -> None:
        self.records, self.settings, self.memory, self.outages = records, settings, memory, outages

    def judge(self, now: int, listening_since: int) -> Iterator[tuple[int, int, InForce, Claim]]:
        """The site's number, the moment judged, and what is said of it."""
        for number, site in enumerate(self.records.sites):
            p = self.settings.of_site(site)
            while (said := self._next(site, now, listening_since, p)) is not None:
                yield number, said[0], p, said[1]

    def _next(self, site: str, now: int, listening_since: int, p: InForce) -> tuple[int, Claim] | None:
        on = p.switched_on(Rule.SYSTEM_SITE_SILENT)
        outage = self.outages.open.get(site)
        self.outages.hushed.discard(site)
        if outage is None and not on:
            return None
        found = self._count(site, outage, now, listening_since, p)
        if outage is not None and 2 * found.dark <= found.needed:
            del self.outages.open[site]
            self.outages.back[site] = now
            return now, _claim(What.RECOVERED, outage, found.dark)
        falls = len(found.late) >= found.needed and len(found.silent) >= found.needed
        if on and len(found.late) >= found.needed and not falls:
            self.outages.hushed.add(site)
        every = p.ms("system.site_silent.remind_s")
        if outage is None:
            if not falls:
                return None
            opening, began = max(found.silent), max(one.last for one in found.late)
            again = opening + max(1, (now - opening) // every) * every
            severity = _severity(len(found.late), found.expected)
            outage = self.outages.open[site] = Outage(opening, began, found.floor, again, severity)
            return opening, _claim(What.OPENED, outage, len(found.late))
        if not on:
            return None
        dark = found.dark + (len(found.late) if falls else 0)
        severity = max(outage.severity, _severity(dark, found.expected))
        reminds = outage.again <= now
        if not (falls or reminds or severity > outage.severity):
            return None
        outage.severity = severity
        if falls:
            outage.began = max(one.last for one in found.late)
        moment = now
        if reminds:
            moment = outage.again + (now - outage.again) // every * every
            outage.again = moment + every
        return moment, _claim(What.EVIDENCE, outage, dark)

    def _count(self, site: str, outage: Outage | None, now: int, listening_since: int, p: InForce) -> Counted:
        members = self._members(site, now)
        newest = max((one.last for one in members), default=now)
        alive = newest
        if outage is not None:
            alive = min(newest, outage.began) if outage.began is not None else -(1 << 61)
        floor = min(now - p.ms("system.site_silent.within_s"), newest)
        expected = [one for one in members if one.expected and one.last > alive - DAY]
        audible = max(listening_since, self.outages.back.get(site, listening_since))
        dark, late, silent = 0, [], []
        for one in expected:
            if outage is not None and outage.began is not None and one.last <= outage.began:
                dark += outage.floor < one.due <= now
            elif one.due > floor and max(one.owes, audible) <= now:
                late.append(one)
                deadline = max(one.due, audible + one.pace)
                silent += [deadline] if deadline <= now else []
        share = ceil(len(expected) * p["system.site_silent.share_pct"] / 100)
        return Counted(len(expected), max(3, min(len(expected), 5), share), late, silent, dark, floor)

    def _members(self, site: str, now: int) -> list[Member]:
        """Whoever was heard since they have what they have."""
        people: dict[int, list[int]] = {}
        members = []
        for device in sorted(one.slot for one in self.records.devices.values() if one.site == site):
            wearer, sign = self.records.wearer_at(device, now), self.memory.last_sign(device, now)
            if not self.records.in_service(device, WATCHED) or wearer is None or sign is None:
                continue
            if isinstance(wearer, int) and not self.records.active(wearer):
                continue
            if isinstance(wearer, int) and self.records.in_service(device, WORN):
                people.setdefault(wearer, []).append(device)
            else:
                p = self.settings.of(wearer if isinstance(wearer, int) else None, device)
                members.append(self._member([device], now, p))
        return members + [self._member(worn, now, self.settings.of(one, -1)) for one, worn in people.items()]

    def _member(self, devices: list[int], now: int, p: InForce) -> Member:
        memory = self.memory
        signs = {device: memory.last_sign(device, now) or 0 for device in devices}
        heard = max(devices, key=lambda device: (signs[device], -device))
        beat = memory.beats.get(heard)
        charges = beat is not None and beat.fields.get("charging") is True
        return Member(
            last=signs[heard],
            owes=max(signs[d] + memory.interval(d, p) + p.ms("missed_check.silent.grace_s") for d in devices),
            due=max(signs[d] + memory.limit(d, p) for d in devices),
            pace=max(memory.interval(d, p) for d in devices),
            expected=not (charges and self.records.in_service(heard, WORN)),
        )

    def hear(self, m: Moment, *, on: bool) -> Iterator[Claim]:
        """One reading says nothing of a site."""
        yield from ()

    def hand_over(self, device: int, kind: Kind) -> None:
        """A silence is the site's."""

    def drop_half_counted(self, device: int | None = None) -> None:
        """Whoever failed is not believed: nobody is held back any more."""
        self.outages.hushed.clear()
        for outage in self.outages.open.values():
            outage.began = None

    def forget(self, after: Aftermath) -> None:
        """A silence stands until the site is heard."""


def _severity(dark: int, expected: int) -> Severity:
    return Severity.HIGH if 2 * dark >= expected else Severity.MEDIUM


def _claim(what: What, outage: Outage, dark: int) -> Claim:
    evidence = {"devices_silent": float(dark)}
    return Claim(Rule.SYSTEM_SITE_SILENT, what, outage.severity, (outage.opening, -1), evidence)
