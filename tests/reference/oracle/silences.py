"""A person from whom nothing is heard: every device that they wear is silent; judged again while it lasts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.engine import Severity, What
from devices.kinds import Kind
from devices.registry import Resident
from tests.reference.oracle.memory import Memory
from tests.reference.oracle.moment import Aftermath, Moment
from tests.reference.oracle.places import between_m
from tests.reference.oracle.records import Records, hour_there, within_hours
from tests.reference.oracle.settings import InForce
from tests.reference.oracle.words import SECOND, WORN, Claim, Rule
from tests.reference.oracle.zones import accuracy_m, where_m

MINUTE = 60 * SECOND
FROM, TO = "missed_check.silent.night_from_h", "missed_check.silent.night_to_h"


@dataclass
class Silence:
    deadline: int
    limit: int
    severity: int
    again: int
    """When it is judged again, ms, as of what was said last: a look that says nothing is as if it had not been."""


@dataclass
class Loudness:
    severity: Severity
    until: int | None = None
    """Low only until then, ms, and nothing more is said until it is over."""
    excused_to: int | None = None
    """Explained until then, ms, and said all the same."""


class Silences:
    """``missed_check.silent``."""

    def __init__(self, records: Records, memory: Memory) -> None:
        self.records, self.memory = records, memory
        self.open: dict[int, Silence] = {}

    def hear(self, m: Moment, *, on: bool) -> Iterator[Claim]:
        silence = None if m.resident is None else self.open.get(m.resident)
        if silence is None or not self.records.in_service(m.told.device, WORN):
            return
        if m.told.order + silence.limit > m.now:
            assert m.resident is not None
            del self.open[m.resident]
            yield _claim(What.RECOVERED, silence)

    def judge(self, resident: Resident, now: int, listening_since: int, p: InForce) -> Iterator[tuple[int, int, Claim]]:
        """The device heard last, the moment judged and what is said of it."""
        signs = self.memory.reporting(resident.slot, now)
        if resident.status != "active" or not signs:
            return
        deadline = max(self.memory.deadline(d, sign, listening_since, p) for d, sign in signs.items())
        if deadline > now:
            return
        heard = max(signs, key=lambda d: (signs[d], -d))
        silence = self.open.get(resident.slot)
        if silence is None and any(self.memory.outages.hushes(d, deadline, now) for d in signs):
            return
        if silence is None:
            loudness = self._loudness(resident, signs, heard, deadline, now, p)
            limit = max(self.memory.limit(d, p) for d in signs)
            silence = Silence(deadline, limit, loudness.severity, self._again(deadline, loudness, now, p))
            self.open[resident.slot] = silence
            yield heard, deadline, _claim(What.OPENED, silence, now - signs[heard])
        moment = max(silence.again, deadline)
        while moment <= now:
            loudness = self._loudness(resident, signs, heard, moment, now, p)
            again = self._again(moment, loudness, now, p)
            if loudness.until is None:
                silence.severity, silence.again = loudness.severity, again
                yield heard, moment, _claim(What.EVIDENCE, silence, now - signs[heard])
            moment = again

    def _again(self, t: int, loudness: Loudness, now: int, p: InForce) -> int:
        """Low only for now: when that is over; otherwise after a while, of several missed ones the last."""
        if loudness.until is not None:
            return loudness.until
        every = p.ms("missed_check.silent.remind_s")
        again = t + max(1, (now - t) // every) * every
        return again if loudness.excused_to is None else min(again, loudness.excused_to)

    def _loudness(
        self, resident: Resident, signs: dict[int, int], heard: int, t: int, now: int, p: InForce
    ) -> Loudness:
        """By what was last known."""
        memory, worn_since = self.memory, self.records.worn_since
        beat = memory.beats.get(heard)
        told = beat if beat is not None and beat.order >= worn_since(heard, now) else None
        vouched = max(self.records.seen(resident.slot), default=t) + p.ms("missed_check.silent.seen_s")
        if t < vouched and self.records.seen(resident.slot):
            return Loudness(Severity.LOW, vouched)
        excuse = self._excuse(resident, signs[heard], p)
        if told is not None and told.fields.get("charging") is True and t < excuse:
            return Loudness(Severity.LOW, excused_to=excuse)
        placed = [d for d in signs if d in memory.fixes and memory.fixes[d].order >= worn_since(d, now)]
        fix = memory.fixes[max(placed, key=lambda d: (memory.fixes[d].order, -d))] if placed else None
        where = None if fix is None else where_m([*self.records.fences_of(resident.slot).values()], fix, p)
        if fix is not None and where is not None and where.away_m > accuracy_m(fix, p):
            return Loudness(Severity.HIGH)
        if told is not None and told.fields.get("worn") is False and t < excuse:
            return Loudness(Severity.LOW, excused_to=excuse)
        if beat is not None and beat.number("battery_pct") < p["missed_check.silent.empty_pct"] and t < excuse:
            return Loudness(Severity.LOW, excused_to=excuse)
        patience = signs[heard] + p.ms("missed_check.silent.loud_after_s")
        by_day = Loudness(Severity.LOW, patience) if t < patience else Loudness(Severity.MEDIUM)
        if (
            fix is None
            or t - fix.order > p.ms("missed_check.silent.fix_kept_s")
            or accuracy_m(fix, p) > p["wandering.zone_exit.sure_accuracy_m"]
        ):
            return by_day
        at_home = where is not None and where.away_m <= 0
        if resident.home_lat is not None and resident.home_lon is not None:
            near = between_m((fix.number("lat"), fix.number("lon")), (resident.home_lat, resident.home_lon))
            at_home = at_home or near <= p["missed_check.silent.home_m"]
        if not (at_home and _is_within(resident, t, (p[FROM], p[TO]))):
            return by_day
        return Loudness(Severity.LOW, _end(resident, t, (p[FROM], p[TO])))

    def _excuse(self, resident: Resident, last: int, p: InForce) -> int:
        """How long a charger, a table or an empty battery explains it: some hours, and then to the late morning."""
        end = last + p.ms("missed_check.silent.excused_s")
        night = (p[FROM], p["missed_check.silent.excused_to_h"])
        return _end(resident, end, night) if _is_within(resident, end, night) else end

    def hand_over(self, device: int, kind: Kind) -> None:
        """A silence is a person's."""

    def drop_half_counted(self, device: int | None = None) -> None:
        """One deadline is enough."""

    def forget(self, after: Aftermath) -> None:
        for resident in after.roused:
            self.open.pop(resident, None)


def _is_within(resident: Resident, t: int, hours: tuple[float, float]) -> bool:
    hour = hour_there(resident, t)
    return hour is not None and within_hours(hour, *hours)


def _end(resident: Resident, t: int, hours: tuple[float, float]) -> int:
    """The first whole minute that does not lie within these local hours any more."""
    minute = t - t % MINUTE + MINUTE
    while _is_within(resident, minute, hours):
        minute += MINUTE
    return minute


def _claim(what: What, silence: Silence, silent_for: int | None = None) -> Claim:
    evidence = {} if silent_for is None else {"silent_for_s": silent_for / SECOND}
    return Claim(Rule.MISSED_CHECK_SILENT, what, silence.severity, (silence.deadline, -1), evidence)
