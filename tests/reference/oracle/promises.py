"""Promised checks: who said "I am well" in time, who did not, and of whom it was not asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from alerts.engine import Severity, What
from devices.kinds import Kind
from devices.registry import CheckWindow
from tests.reference.oracle.memory import Memory
from tests.reference.oracle.moment import Moment
from tests.reference.oracle.records import Records
from tests.reference.oracle.settings import InForce, Settings
from tests.reference.oracle.stirring import told_by
from tests.reference.oracle.words import SECOND, WORN, Claim, Rule

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
PRESSES = (Kind.SOS, Kind.SERVICE, Kind.EXERCISE)
PRESS, SIGN, WORD = 0.0, 1.0, 2.0
"""How a promise was kept."""
TOGETHER = 4
"""Of so many of a household a press says at once what it keeps."""


class News(NamedTuple):
    """What is said of a resident's promises: whose, when it happened, and under which parameters."""

    resident: int
    t: int
    claim: Claim
    version: int


@dataclass
class Missed:
    """Checks in a row that did not come; the first names the episode, the last says what ends it."""

    first: int
    from_then_on: int
    by: str
    count: int
    again: int


class Promises:
    """``missed_check.checkin``."""

    def __init__(self, records: Records, memory: Memory, settings: Settings) -> None:
        self.records, self.memory, self.settings = records, memory, settings
        self.presses: dict[int | str, list[int]] = {}
        """Of residents, and of households on a device of theirs."""
        self.signs: dict[int, list[int]] = {}
        self.said: dict[str, tuple[What, int, int]] = {}
        """Of a check, with whose it was and its end then: OPENED stands for missed."""
        self.missed: dict[int, Missed] = {}
        self.totals: dict[int, tuple[int | None, int]] = {}
        """Of each device the steps in all that it told last, and when its last heartbeat was."""
        self.walked = False
        """Whether the reading at hand tells of steps."""

    def remember(self, m: Moment) -> None:
        """A press counts from its own time on; a sign of life only where something may be kept by one."""
        told = m.told
        self.walked = self._has_walked(m)
        if not told.trusted or m.wearer is None:
            return
        if told.kind == Kind.CHECKIN:
            self.presses.setdefault(m.wearer, []).append(told.order)
        elif m.resident is not None and self._is_sign(m) and self._waits_for_signs(m.resident):
            self.signs.setdefault(m.resident, []).append(told.order)

    def _has_walked(self, m: Moment) -> bool:
        """Whether a heartbeat tells more steps than the one before it, which was its wearer's as well."""
        told = m.told
        if told.kind != Kind.HEARTBEAT or not m.newer:
            return False
        before, heard = self.totals.get(told.device, (None, None))
        steps = told.fields.get("steps")
        self.totals[told.device] = (before if steps is None else steps, told.order)
        if steps is None or before is None or heard is None or m.wearer is None:
            return False
        return steps not in {0, before} and heard >= self.records.worn_since(told.device, told.order)

    def _is_sign(self, m: Moment) -> bool:
        told = m.told
        if told.kind == Kind.HEARTBEAT:
            moves = self.walked or told.number("activity") > 0
            return moves and told.fields.get("worn") is not False and told.fields.get("charging") is not True
        if told.kind == Kind.VITALS:
            taken = told.fields.get("systolic_mmhg") is not None
            return taken or not self.records.in_service(told.device, WORN)
        if told.kind == Kind.MOTION:
            worn = self.records.in_service(told.device, WORN) and not self.memory.lies_aside(told.device)
            return worn and told_by(told) == "stirred"
        return told.kind in PRESSES

    def _waits_for_signs(self, resident: int) -> bool:
        missed = self.missed.get(resident)
        return (missed is not None and missed.by == "sign") or any(
            window.by == "sign" for window in self.records.windows_of(resident)
        )

    def hear(self, m: Moment) -> Iterator[News]:
        """The check in which it falls, or the last before it, is kept."""
        told = m.told
        if not told.trusted:
            return
        if told.kind == Kind.CHECKIN:
            people: Iterable[int] = () if m.wearer is None else self._people(m.wearer)
        elif m.resident is not None and self._is_sign(m) and self._waits_for_signs(m.resident):
            people = [m.resident]
        else:
            return
        for resident in people:
            p = self.settings.of(resident, -1)
            begun = [(window, begins) for window, begins in self._in_order(resident, p) if begins <= told.order]
            if not begun:
                continue
            window, _ = begun[-1]
            if told.kind != Kind.CHECKIN and window.by != "sign":
                continue
            if self._said_of(window) in {None, What.OPENED}:
                how = PRESS if told.kind == Kind.CHECKIN else SIGN
                yield self._settle(window, What.KEPT, told.order, p, {"kept_by": how})

    def _people(self, wearer: int | str) -> list[int]:
        if isinstance(wearer, int):
            return [wearer]
        residents = self.records.residents.values()
        return sorted(one.slot for one in residents if one.household == wearer)[:TOGETHER]

    def _in_order(self, resident: int, p: InForce) -> list[tuple[CheckWindow, int]]:
        """Their checks, each with the moment from which on news of them keeps it."""
        own = sorted(self.records.windows_of(resident), key=lambda one: (one.closes_ms, one.opens_ms, one.id))
        early = round(p["missed_check.checkin.early_min"] * MINUTE)
        found = []
        for i, window in enumerate(own):
            begins = window.opens_ms - early
            if i > 0:
                begins = max(begins, own[i - 1].closes_ms)
            found.append((window, min(begins, window.opens_ms)))
        return found

    def _said_of(self, window: CheckWindow) -> What | None:
        said = self.said.get(window.id)
        return None if said is None else said[0]

    def _settle(self, window: CheckWindow, what: What, t: int, p: InForce, evidence: dict[str, float]) -> News:
        self.said[window.id] = (what, window.resident_slot, window.closes_ms)
        claim = Claim(Rule.MISSED_CHECK_CHECKIN, what, Severity.LOW, (window.closes_ms, -1), evidence)
        return News(window.resident_slot, t, claim, p.version)

    def judge(self, resident: int, now: int, listening_since: int) -> Iterator[News]:
        """What became of a resident's checks, in their order; what is missed is told again while it is."""
        p = self.settings.of(resident, -1)
        asked = self.records.active(resident) and p.switched_on(Rule.MISSED_CHECK_CHECKIN)
        outages = self.memory.outages
        signs = self.memory.reporting(resident, now)
        listened = outages.person_audible_since(resident, signs, listening_since) + self._hold(resident, now, p)
        listened = max(listened, outages.person_held_until(resident, signs) or 0)
        missed = self.missed.get(resident)
        if missed is not None:
            news = self._news_of(resident, missed.by)
            if news and news[-1][0] >= missed.from_then_on:
                del self.missed[resident]
                yield self._tell(resident, missed, What.RECOVERED, news[-1][0], now, p, {})
        for window, begins in self._in_order(resident, p):
            said = self._said_of(window)
            if said in {What.KEPT, What.EXCUSED}:
                continue
            news = self._news_of(resident, window.by)
            if news and news[-1][0] >= begins:
                yield self._settle(window, What.KEPT, news[-1][0], p, {"kept_by": news[-1][1]})
                continue
            if said is not None or now - window.closes_ms > DAY:
                continue
            grace = p["missed_check.checkin.grace_min"] * MINUTE if window.grace_ms is None else window.grace_ms
            deadline = window.closes_ms + round(grace)
            moment = max(deadline, min(listened, window.closes_ms + DAY - HOUR))
            if moment > now:
                continue
            if not asked:
                yield self._settle(window, What.EXCUSED, deadline, p, {})
                continue
            yield self._miss(window, begins, moment, now, p)
        missed = self.missed.get(resident)
        if missed is not None and asked:
            every = p.ms("missed_check.checkin.remind_s")
            moment = max(missed.again, listened)
            if moment <= now:
                while moment + every <= now:
                    moment += every
                missed.again = moment + every
                yield self._tell(resident, missed, What.EVIDENCE, moment, now, p, {})

    def _miss(self, window: CheckWindow, begins: int, moment: int, now: int, p: InForce) -> News:
        self.said[window.id] = (What.OPENED, window.resident_slot, window.closes_ms)
        before = self.missed.get(window.resident_slot)
        again = moment + p.ms("missed_check.checkin.remind_s")
        while again <= now:
            again += p.ms("missed_check.checkin.remind_s")
        missed = Missed(window.closes_ms, begins, window.by, 1, again)
        if before is not None:
            missed.first, missed.count = before.first, before.count + 1
        self.missed[window.resident_slot] = missed
        what = What.OPENED if before is None else What.EVIDENCE
        evidence = {} if window.grace_ms is None else {"grace_s": window.grace_ms / SECOND}
        for name, t in (("from_local_hour", window.opens_ms), ("to_local_hour", window.closes_ms)):
            hour = self._hour_there(window.resident_slot, t)
            if hour is not None:
                evidence[name] = hour
        return self._tell(window.resident_slot, missed, what, moment, now, p, evidence)

    def _tell(
        self, resident: int, missed: Missed, what: What, t: int, now: int, p: InForce, evidence: dict[str, float]
    ) -> News:
        if what != What.RECOVERED:
            evidence |= {"missed_in_a_row": missed.count, "missed_for_s": (now - missed.first) / SECOND}
        severity = int(p["missed_check.checkin.severity"])
        claim = Claim(Rule.MISSED_CHECK_CHECKIN, what, severity, (missed.first, -1), evidence)
        return News(resident, t, claim, p.version)

    def _news_of(self, resident: int, by: str) -> list[tuple[int, float]]:
        """When something said that the resident is well, and how: the newest last; of two at once somebody's word."""
        household = next((one.household for one in self.records.residents.values() if one.slot == resident), None)
        news = [(t, PRESS) for t in self.presses.get(resident, [])]
        news += [(t, PRESS) for t in self.presses.get(household, [])] if household is not None else []
        news += [(t, WORD) for t in self.records.seen(resident)]
        if by == "sign":
            news += [(t, SIGN) for t in self.signs.get(resident, [])]
        weight = {SIGN: 0, PRESS: 1, WORD: 2}
        return sorted(news, key=lambda one: (one[0], weight[one[1]]))

    def _hold(self, resident: int, now: int, p: InForce) -> int:
        """How long their devices may take to tell what they stored while we were away."""
        worn = self.records.worn_by(resident, now)
        intervals = [self.memory.interval(device, p) for device in worn]
        return min(HOUR, max(intervals) if intervals else p.ms("missed_check.silent.interval_s"))

    def _hour_there(self, resident: int, t: int) -> float | None:
        known = self.records.resident(resident)
        if known is None or known.timezone == "Nowhere/Atlantis":
            return None
        local = datetime.fromtimestamp(t / 1000, UTC).astimezone(ZoneInfo(known.timezone))
        return local.hour + local.minute / 60 + local.second / 3600 + local.microsecond / 3.6e9

    def people(self) -> list[int]:
        """Everybody of whom something may have to be said."""
        return sorted({one.resident_slot for one in self.records.windows.values()} | self.missed.keys())

    def forget(self, roused: set[int]) -> None:
        """Drop what a change of the registry has made void: a check that is another now, whoever is away now."""
        for key, (_, resident, closes) in list(self.said.items()):
            window = self.records.windows.get(key)
            if window is None or (window.resident_slot, window.closes_ms) != (resident, closes):
                del self.said[key]
        for resident in roused:
            self.missed.pop(resident, None)
