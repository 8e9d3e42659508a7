"""The whole of it: what an engine must say of a community, reading by reading."""

from __future__ import annotations

from collections.abc import Sequence

from devices.kinds import CRY_FOR_HELP, READING_KINDS, Kind
from devices.registry import RegistryChange
from tests.reference.oracle.batteries import BatteryLow
from tests.reference.oracle.cries import Cries
from tests.reference.oracle.faults import Faults
from tests.reference.oracle.memory import Memory
from tests.reference.oracle.moment import Aftermath, Moment, Story
from tests.reference.oracle.not_worn import NotWorn
from tests.reference.oracle.outages import Outages
from tests.reference.oracle.promises import Promises
from tests.reference.oracle.records import Records
from tests.reference.oracle.routines import Routines
from tests.reference.oracle.settings import Settings
from tests.reference.oracle.silences import Silences
from tests.reference.oracle.site_silences import SiteSilences
from tests.reference.oracle.vitals import SIGNS, Vitals
from tests.reference.oracle.words import Claim, Rule, Said, Told, Verdict, Wearer
from tests.reference.oracle.zones import ZoneExit

FOLLOWED = {
    Rule.WANDERING_ZONE_EXIT: Kind.POSITION,
    Rule.DEVICE_NOT_WORN: Kind.HEARTBEAT,
    **{sign.rule: Kind.VITALS for sign in SIGNS},
}
"""Rules that count readings of a kind before they say anything."""
_SPEAKS_BEFORE = {
    Kind.HEARTBEAT: Rule.DEVICE_FAULT,
    Kind.POSITION: Rule.WANDERING_ZONE_EXIT,
    Kind.VITALS: SIGNS[-1].rule,
}
"""After whom a sign of life is said to end stillness or keep a promise, by kind; else after the end of a silence."""


class Oracle:
    """What the engine must say. Nothing is ever undone: it is asked once about everything, in order."""

    def __init__(self) -> None:
        self.records = Records()
        self.settings = Settings(self.records)
        self.outages = Outages(self.records, self.settings)
        self.memory = Memory(self.records, self.outages)
        self.site_silences = SiteSilences(self.records, self.settings, self.memory, self.outages)
        self.silences = Silences(self.records, self.memory)
        self.promises = Promises(self.records, self.memory, self.settings)
        self.routines = Routines(self.records, self.memory)
        self.faults = Faults(self.records, self.memory)
        self.stories: dict[Rule, Story] = {
            Rule.SYSTEM_SITE_SILENT: self.site_silences,
            Rule.MISSED_CHECK_SILENT: self.silences,
            Rule.DEVICE_FAULT: self.faults,
            Rule.SOS_BUTTON: Cries(Kind.SOS, Rule.SOS_BUTTON),
            Rule.FALL_DEVICE: Cries(Kind.FALL, Rule.FALL_DEVICE),
            Rule.WANDERING_ZONE_EXIT: ZoneExit(self.records, self.memory),
            Rule.DEVICE_BATTERY_LOW: BatteryLow(),
            Rule.DEVICE_NOT_WORN: NotWorn(self.records, self.memory),
            **{sign.rule: Vitals(sign, self.records, self.memory) for sign in SIGNS},
        }
        """In the order in which they answer to one reading: first what it ends, then what it tells itself."""
        self.disabled: set[Rule] = set()

    def apply(self, change: RegistryChange) -> None:
        wearers, active = self._wearers_at_marks(), self._active()
        fenced, on = self._owner_of(change.key), self._on()
        self.records.put(change)
        after = Aftermath(
            {mark for mark, wearer in self._wearers_at_marks().items() if wearers[mark] != wearer},
            active ^ self._active(),
            (fenced | self._owner_of(change.key)) if change.entity == "fence" else set(),
            on ^ self._on(),
        )
        for story in (*self.stories.values(), self.routines):
            story.forget(after)
        self.promises.forget(after.roused)

    def _wearers_at_marks(self) -> dict[tuple[int, Kind], Wearer]:
        return {mark: self.records.wearer_at(mark[0], t) for mark, t in self.memory.marks.items()}

    def _active(self) -> set[int]:
        return {one.slot for one in self.records.residents.values() if one.status == "active"}

    def _on(self) -> set[tuple[Rule, int]]:
        """Rules that are in force for whoever wore a device when it was last counted for them."""
        return {
            (rule, device)
            for (device, kind), wearer in self._wearers_at_marks().items()
            for rule, followed in FOLLOWED.items()
            if kind == followed
            and self.settings.of(wearer if isinstance(wearer, int) else None, device).switched_on(rule)
        }

    def _owner_of(self, fence: str) -> set[int]:
        return {self.records.fences[fence].resident_slot} if fence in self.records.fences else set()

    def hear(self, readings: Sequence[Told], now: int) -> list[Verdict]:
        """What the readings of one batch mean, with the numbers behind it."""
        return [verdict for i, told in enumerate(readings) for verdict in self._reading(i, told, now)]

    def judge(self, now: int, listening_since: int | None) -> list[Verdict]:
        """What is missing by now, with the numbers behind it: residents in order, then devices."""
        if listening_since is None:
            return []
        verdicts = []
        if Rule.SYSTEM_SITE_SILENT not in self.disabled:
            for site, t, p, claim in self.site_silences.judge(now, listening_since):
                verdicts.append(_verdict(claim, t, -1, -1, -1, 0, p.version, site))
        for resident in sorted(self.records.residents.values(), key=lambda one: one.slot):
            p = self.settings.of(resident.slot, -1)
            if Rule.MISSED_CHECK_SILENT in self.disabled or not p.switched_on(Rule.MISSED_CHECK_SILENT):
                continue
            for heard, t, claim in self.silences.judge(resident, now, listening_since, p):
                verdicts.append(_verdict(claim, t, -1, resident.slot, heard, 0, p.version))
        if Rule.MISSED_CHECK_CHECKIN not in self.disabled:
            for slot in self.promises.people():
                told = self.promises.judge(slot, now, listening_since)
                verdicts += [_verdict(news.claim, news.t, -1, slot, -1, 0, news.version) for news in told]
        for device in sorted(one.slot for one in self.records.devices.values()):
            wearer = self.records.wearer_at(device, now)
            resident_slot = wearer if isinstance(wearer, int) else None
            p = self.settings.of(resident_slot, device)
            if Rule.DEVICE_FAULT in self.disabled or not p.switched_on(Rule.DEVICE_FAULT):
                continue
            for t, claim in self.faults.judge(device, now, listening_since, p):
                slot = -1 if resident_slot is None else resident_slot
                verdicts.append(_verdict(claim, t, -1, slot, device, 0, p.version))
        return verdicts

    def process(self, readings: Sequence[Told], now: int) -> list[Said]:
        return [verdict.said for verdict in self.hear(readings, now)]

    def advance(self, now: int, listening_since: int | None) -> list[Said]:
        return [verdict.said for verdict in self.judge(now, listening_since)]

    def disable(self, rule: Rule) -> None:
        self.disabled.add(rule)
        if rule == Rule.MISSED_CHECK_INACTIVITY:
            self.routines.drop_half_counted()
        if rule in self.stories:
            self.stories[rule].drop_half_counted()

    def enable(self, rule: Rule) -> None:
        self.disabled.discard(rule)

    def _reading(self, i: int, told: Told, now: int) -> list[Verdict]:
        cry = told.kind in CRY_FOR_HELP
        if told.kind not in READING_KINDS or not (told.trusted or cry):
            return []
        wearer: Wearer = None
        if told.trusted:
            whose = self.records.caller(told.device, told.order, now) if cry else None
            wearer = whose if cry else self.records.wearer_at(told.device, told.order)
        before = self.memory.marks.get((told.device, told.kind))
        handed_over = (
            before is not None
            and self.records.wearer_at(told.device, told.order) is not None
            and before < self.records.worn_since(told.device, told.order)
        )
        p = self.settings.of(wearer if isinstance(wearer, int) else None, told.device)
        newer = told.trusted and self.memory.keep(told, now, p)
        moment = Moment(told, wearer, newer, now, p)
        slot = -1 if moment.resident is None else moment.resident
        verdicts = []
        self.promises.remember(moment)
        self.routines.remember(moment)
        for rule, story in self.stories.items():
            if newer and handed_over:
                story.hand_over(told.device, told.kind)
            if rule not in self.disabled:
                claims = story.hear(moment, on=p.switched_on(rule))
                verdicts += [_verdict(one, told.t, i, slot, told.device, int(told.late), p.version) for one in claims]
            if rule != _SPEAKS_BEFORE.get(told.kind, Rule.MISSED_CHECK_SILENT):
                continue
            if (inactivity := Rule.MISSED_CHECK_INACTIVITY) not in self.disabled:
                claims = self.routines.hear(moment, on=p.switched_on(inactivity))
                verdicts += [_verdict(one, told.t, i, slot, told.device, int(told.late), p.version) for one in claims]
            if Rule.MISSED_CHECK_CHECKIN not in self.disabled:
                kept = self.promises.hear(moment)
                verdicts += [_verdict(one.claim, one.t, i, one.resident, told.device, 0, one.version) for one in kept]
        return verdicts


def _verdict(
    claim: Claim, t: int, reading: int, resident: int, device: int, late: int, version: int, site: int = -1
) -> Verdict:
    opening = claim.opening
    said = Said(claim.rule, claim.what, claim.severity, t, *opening, reading, resident, device, late, version, site)
    return Verdict(said, claim.evidence)
