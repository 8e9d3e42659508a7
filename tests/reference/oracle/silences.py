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
from tests.reference.oracle.zones import accuracy_m, away_m

MINUTE = 60 * SECOND


@dataclass
class Silence:
    deadline: int
    limit: int
    severity: int
    again: int
    """When it is judged again, ms, as of what was said last: a look that says nothing is as if it had not been."""


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
        if silence is None:
            severity, until = self._loudness(resident, signs, heard, deadline, now, p)
            limit = max(self.memory.limit(d, p) for d in signs)
            silence = Silence(deadline, limit, severity, self._again(deadline, until, now, p))
            self.open[resident.slot] = silence
            yield heard, deadline, _claim(What.OPENED, silence, now - signs[heard])
        moment = max(silence.again, deadline)
        while moment <= now:
            severity, until = self._loudness(resident, signs, heard, moment, now, p)
            again = self._again(moment, until, now, p)
            if until is None:
                silence.severity, silence.again = severity, again
                yield heard, moment, _claim(What.EVIDENCE, silence, now - signs[heard])
            moment = again

    def _again(self, t: int, until: int | None, now: int, p: InForce) -> int:
        """Low only for now: when that is over; otherwise after a while, of several missed ones the last."""
        every = p.ms("missed_check.silent.remind_s")
        return t + max(1, (now - t) // every) * every if until is None else until

    def _loudness(
        self, resident: Resident, signs: dict[int, int], heard: int, t: int, now: int, p: InForce
    ) -> tuple[Severity, int | None]:
        """How loud, and until when it is low only for now."""
        memory, worn_since = self.memory, self.records.worn_since
        beat = memory.beats.get(heard)
        told = beat if beat is not None and beat.order >= worn_since(heard, now) else None
        if told is not None and told.fields.get("charging") is True:
            return Severity.LOW, None
        placed = [d for d in signs if d in memory.fixes and memory.fixes[d].order >= worn_since(d, now)]
        fix = memory.fixes[max(placed, key=lambda d: (memory.fixes[d].order, -d))] if placed else None
        where = None if fix is None else away_m(self.records, resident.slot, fix, p)
        if fix is not None and where is not None and where[0] > accuracy_m(fix, p):
            return Severity.HIGH, None
        if told is not None and told.fields.get("worn") is False:
            return Severity.LOW, None
        if beat is not None and beat.number("battery_pct") < p["missed_check.silent.empty_pct"]:
            return Severity.LOW, None
        patience = signs[heard] + p.ms("missed_check.silent.loud_after_s")
        by_day = (Severity.LOW, patience) if t < patience else (Severity.MEDIUM, None)
        if (
            fix is None
            or t - fix.order > p.ms("missed_check.silent.fix_kept_s")
            or accuracy_m(fix, p) > p["wandering.zone_exit.sure_accuracy_m"]
        ):
            return by_day
        at_home = where is not None and where[0] <= 0
        if resident.home_lat is not None and resident.home_lon is not None:
            near = between_m((fix.number("lat"), fix.number("lon")), (resident.home_lat, resident.home_lon))
            at_home = at_home or near <= p["missed_check.silent.home_m"]
        if not (at_home and _is_night(resident, t, p)):
            return by_day
        minute = t - t % MINUTE + MINUTE
        while _is_night(resident, minute, p):
            minute += MINUTE
        return Severity.LOW, minute

    def hand_over(self, device: int, kind: Kind) -> None:
        """A silence is a person's."""

    def drop_half_counted(self, device: int | None = None) -> None:
        """One deadline is enough."""

    def forget(self, after: Aftermath) -> None:
        for resident in after.roused:
            self.open.pop(resident, None)


def _is_night(resident: Resident, t: int, p: InForce) -> bool:
    hour = hour_there(resident, t)
    night = (p["missed_check.silent.night_from_h"], p["missed_check.silent.night_to_h"])
    return hour is not None and within_hours(hour, *night)


def _claim(what: What, silence: Silence, silent_for: int | None = None) -> Claim:
    evidence = {} if silent_for is None else {"silent_for_s": silent_for / SECOND}
    return Claim(Rule.MISSED_CHECK_SILENT, what, silence.severity, (silence.deadline, -1), evidence)
