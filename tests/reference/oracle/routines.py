"""A resident's own ways: when they stir, how long they have been still, and what is too long for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import floor, isnan, log
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.engine import Severity, What
from devices.kinds import Kind
from tests.reference.oracle.memory import Memory
from tests.reference.oracle.moment import Aftermath, Moment
from tests.reference.oracle.places import Place, between_m
from tests.reference.oracle.records import Records
from tests.reference.oracle.settings import InForce
from tests.reference.oracle.stirring import told_by
from tests.reference.oracle.words import SECOND, WORN, Claim, Rule, Told, named_by

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
BY_HAND = (Kind.SOS, Kind.CHECKIN, Kind.SERVICE, Kind.EXERCISE)


@dataclass
class Hour:
    """What is known of one hour of the day: intervals of five minutes, and minutes of the two longest silences."""

    seen: float = 0.0
    signs: float = 0.0
    longest: int = 0
    second: int = 0

    def count(self, seen: float, signs: float) -> None:
        """Counts are kept to a 200th of an interval."""
        self.seen = floor((self.seen + seen) * 200 + 0.5) / 200
        self.signs = floor((self.signs + signs) * 200 + 0.5) / 200

    def age(self) -> None:
        self.count(self.seen * 0.5 ** (1 / 14) - self.seen, self.signs * 0.5 ** (1 / 14) - self.signs)
        self.longest = int(self.longest * 0.95)
        self.second = int(self.second * 0.95)


@dataclass
class Silence:
    """What goes on since the newest sign."""

    since: int
    still: int = 0
    expected: float = 0.0
    usual: float = 0.0
    limit: int = 0


@dataclass
class Standing:
    """An episode that stands."""

    opening: Told
    severity: Severity
    told_at: int


@dataclass
class Life:
    """All that is known of one resident."""

    hours: list[Hour] = field(default_factory=lambda: [Hour() for _ in range(24)])
    week: defaultdict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    """Of each hour of each day of the week: percent more signs than usual."""
    top: float = 0.0
    wary: float = 1.0
    days: int = 0
    seen_today: float = 0.0
    day: int | None = None
    hour: int | None = None
    hour_ends: int = 0
    weight: float = 0.0
    usual_weight: float = 0.0
    seen: float = 0.0
    signs: float = 0.0
    seen_to: int | None = None
    sign_step: int | None = None
    silence: Silence | None = None
    standing: Standing | None = None
    place: tuple[Place, float] | None = None

    def forget_silence(self) -> None:
        self.seen_to, self.silence, self.standing = None, None, None

    def chance(self, hour: int) -> float:
        smoothed = 0.0
        for by, share in ((-1, 0.25), (0, 0.5), (1, 0.25)):
            known = self.hours[(hour + by) % 24]
            smoothed += share * (known.signs + 0.6 * 12) / (known.seen + 12)
        return min(0.95, max(0.005, smoothed))

    def often(self, day: int, hour: int) -> float:
        """How often they stir, of what is usual at this hour."""
        return 1 + self.week[(day + 3) % 7, hour] / 100

    def learn_week(self, day: int, hour: int) -> None:
        often, expected = self.often(day, hour), self.seen * self.chance(hour)
        often += (self.signs - often * expected) / (12 + expected)
        self.week[(day + 3) % 7, hour] = max(-100, min(127, floor(100 * (often - 1) + 0.5)))

    def density(self) -> float:
        return sum(hour.signs for hour in self.hours) / max(1.0, sum(hour.seen for hour in self.hours))


class Routines:
    """``missed_check.inactivity``."""

    def __init__(self, records: Records, memory: Memory) -> None:
        self.records, self.memory = records, memory
        self.lives: dict[int, Life] = {}
        self.totals: dict[int, tuple[int | None, int]] = {}
        """Of each device the steps in all that it told last, and when its last heartbeat was."""
        self.before: int | None = None
        """What a total of steps at hand is compared with: the one before, under the same wearer."""

    def remember(self, m: Moment) -> None:
        """What a device told before, whoever wears it and whether or not the rule works."""
        told = m.told
        self.before = None
        if told.kind != Kind.HEARTBEAT or not m.newer:
            return
        before, heard = self.totals.get(told.device, (None, None))
        steps = told.fields.get("steps")
        self.totals[told.device] = (before if steps is None else steps, told.order)
        if steps is not None and heard is not None and m.wearer is not None:
            self.before = before if heard >= self.records.worn_since(told.device, told.order) else None

    def hear(self, m: Moment, *, on: bool) -> Iterator[Claim]:
        what = self._told(m)
        if what is None or m.resident is None or not self.records.active(m.resident):
            return
        life = self.lives.setdefault(m.resident, Life())
        if m.told.kind == Kind.POSITION and not self._moved(life, m):
            return
        seen = max(self.records.seen(m.resident), default=0)
        if life.silence is not None and seen > life.silence.since:
            yield from self._end(life)
            life.silence = Silence(seen)
            life.seen_to = max(seen, life.seen_to or 0)
        if what == "stirred":
            if life.silence is None or m.told.order > life.silence.since:
                yield from self._stirred(life, m)
            return
        if what == "still":
            since = self._observe(life, m, stirred=False)
            life.silence = life.silence or Silence(m.told.order)
            life.silence.still += since
            life.silence.expected += min(1.0, since / (5 * MINUTE)) * life.weight
            life.silence.usual += min(1.0, since / (5 * MINUTE)) * life.usual_weight
        yield from self._judge(life, m, what, on=on)

    def _told(self, m: Moment) -> str | None:
        """What a reading tells of its wearer, if anything is to be looked at."""
        told = m.told
        if told.kind in BY_HAND:
            return "stirred" if told.trusted else None
        if not m.newer:
            return None
        worn = self.records.in_service(told.device, WORN)
        if told.kind == Kind.VITALS:
            return "stirred" if told.fields.get("systolic_mmhg") is not None or not worn else None
        if worn and told.kind == Kind.POSITION:
            return "stirred"
        if worn and told.kind == Kind.MOTION:
            return "aside" if self.memory.lies_aside(told.device) else told_by(told)
        return self._beaten(told) if worn and told.kind == Kind.HEARTBEAT else None

    def _beaten(self, told: Told) -> str:
        """The same of a heartbeat of a worn device."""
        if told.fields.get("worn") is False or told.fields.get("charging") is True:
            return "aside"
        steps = told.fields.get("steps")
        walked = steps is not None and self.before is not None and steps not in {0, self.before}
        if walked or told.number("activity") > 0:
            return "stirred"
        told_of = (steps is not None and self.before is not None) or not isnan(told.number("activity"))
        return "still" if told_of else "untold"

    def _moved(self, life: Life, m: Moment) -> bool:
        """Whether a fix is surely elsewhere than they were; the first says where they are."""
        accuracy = m.told.fields.get("accuracy_m")
        if accuracy is None:
            return False
        here = (m.told.fields["lat"], m.told.fields["lon"])
        if life.place is not None:
            there, so_sure = life.place
            limit = max(m.p["missed_check.inactivity.moved_m"], 2 * (accuracy + so_sure))
            if between_m(there, here) <= limit:
                return False
        first = life.place is None
        life.place = (here, accuracy)
        return not first

    def _stirred(self, life: Life, m: Moment) -> Iterator[Claim]:
        """A sign of life ends a silence, also one that was told of after it."""
        rest = 0
        silence = life.silence
        if silence is not None and silence.still > 0:
            rest = min(silence.still, max(0, (life.seen_to or 0) - m.told.order))
            silence.expected *= 1 - rest / silence.still
            silence.usual *= 1 - rest / silence.still
            silence.still -= rest
            if silence.still > 0:
                self._learn(life, silence, m)
        yield from self._end(life)
        self._observe(life, m, stirred=True)
        life.silence = Silence(m.told.order, still=rest)

    def _learn(self, life: Life, silence: Silence, m: Moment) -> None:
        """The silence is one of their own now; one that was alarmed at makes wary."""
        life.top = max(life.top, silence.expected)
        share = silence.expected / silence.usual if silence.usual else 1.0
        if silence.still >= 15 * MINUTE:
            shift = self._shift(m, silence.since)
            local = silence.since + shift
            start = (local - HOUR) // HOUR * HOUR
            for i in range(24):
                begins = start + i * HOUR
                if begins >= local + silence.still:
                    break
                known = life.hours[begins // HOUR % 24]
                minutes = int((local + silence.still - max(begins, local)) // MINUTE * share)
                if minutes > known.longest:
                    known.longest, known.second = minutes, known.longest
                else:
                    known.second = max(known.second, minutes)
        if life.standing is not None:
            life.wary *= m.p["missed_check.inactivity.wary"]

    def _observe(self, life: Life, m: Moment, *, stirred: bool) -> int:
        """Count the time since they were last seen; returns it, ms."""
        t = m.told.order
        if life.seen_to is not None and t <= life.seen_to:
            return 0
        if t >= life.hour_ends:
            self._enter_hour(life, m, t)
        since = 0 if life.seen_to is None else t - life.seen_to
        if since > self.memory.limit(m.told.device, m.p):
            since = 0
        life.seen_to = t
        life.seen += min(1.0, since / (5 * MINUTE)) if since or not stirred else 1.0
        if stirred and t // (5 * MINUTE) != life.sign_step:
            life.sign_step = t // (5 * MINUTE)
            life.signs += 1
        return since

    def _enter_hour(self, life: Life, m: Moment, t: int) -> None:
        if life.hour is not None and life.day is not None:
            life.learn_week(life.day, life.hour)
            life.hours[life.hour].count(life.seen, life.signs)
            life.seen_today += life.seen
        life.seen, life.signs = 0.0, 0.0
        local = t + self._shift(m, t)
        life.hour, life.hour_ends = local // HOUR % 24, t + HOUR - local % HOUR
        if local // DAY != life.day:
            if life.seen_today >= 72:
                life.days += 1
                life.top *= 0.95
                life.wary = 1 + (life.wary - 1) * 0.95
                for hour in life.hours:
                    hour.age()
            life.day, life.seen_today = local // DAY, 0.0
        usual = life.chance(life.hour)
        quiet = min(1.0, life.often(life.day, life.hour) / 0.4)
        life.usual_weight, life.weight = -log(1 - usual), -log(1 - max(0.005, usual * quiet))

    def _judge(self, life: Life, m: Moment, what: str, *, on: bool) -> Iterator[Claim]:
        told, p = m.told, m.p
        if told.late or not on:
            return
        known = life.days >= p["missed_check.inactivity.known_days"]
        silence = life.silence
        if silence is not None and silence.limit == 0 and silence.still > 0:
            silence.limit = self._limit(life, silence, m, known=known)
        if life.standing is None:
            if silence is None:
                return
            over = False
            if what == "still":
                longest = p.ms("missed_check.inactivity.at_most_s")
                enough = not known or silence.expected >= _signs_limit(life, p) or silence.still >= longest
                over = silence.limit > 0 and silence.still >= silence.limit and enough
            elif what == "aside":
                over = known and told.order - silence.since >= p.ms("missed_check.inactivity.unworn_after_s")
            if over:
                life.standing = Standing(told, Severity.MEDIUM, told.order)
                yield self._claim(What.OPENED, life, m)
            return
        standing = life.standing
        high = told.t - standing.opening.t >= p.ms("missed_check.inactivity.high_after_s")
        again = told.order - standing.told_at >= p.ms("missed_check.inactivity.remind_s")
        if again or (high and standing.severity < Severity.HIGH):
            standing.severity = Severity.HIGH if high else standing.severity
            standing.told_at = told.order
            yield self._claim(What.EVIDENCE, life, m)

    def _limit(self, life: Life, silence: Silence, m: Moment, *, known: bool) -> int:
        p = m.p
        if not known:
            return self._plain_limit(silence.since, m)
        sparse = min(1.0, max(0.0, (0.6 - life.density()) / 0.15))
        dense_ms, sparse_ms = p.ms("missed_check.inactivity.dense_s"), p.ms("missed_check.inactivity.sparse_s")
        own = p["missed_check.inactivity.stretch"] * life.wary * _second(life) * MINUTE
        least = dense_ms + sparse * (sparse_ms - dense_ms)
        return int(min(max(least, own), p.ms("missed_check.inactivity.at_most_s")))

    def _plain_limit(self, since: int, m: Moment) -> int:
        """So long that the hours of it from 7 to 22 are as many as allowed; found minute by minute, then exactly."""
        left = m.p.ms("missed_check.inactivity.unknown_s")
        zone = self._zone(m)
        if zone is None:
            return left
        local = since + self._shift(m, since)
        lasted = 0
        while left > 0:
            of_day = (local + lasted) % DAY
            waking = 7 * HOUR <= of_day < 22 * HOUR
            edge = 22 * HOUR if waking else (7 * HOUR if of_day < 7 * HOUR else 31 * HOUR)
            step = min(edge - of_day, left) if waking else edge - of_day
            lasted += step
            left -= step if waking else 0
        return lasted

    def _end(self, life: Life) -> Iterator[Claim]:
        if life.standing is not None:
            standing, life.standing = life.standing, None
            opening = named_by(standing.opening)
            yield Claim(Rule.MISSED_CHECK_INACTIVITY, What.RECOVERED, standing.severity, opening, {})

    def _claim(self, what: What, life: Life, m: Moment) -> Claim:
        assert life.standing is not None
        assert life.silence is not None
        silence = life.silence
        evidence = {
            "silent_for_s": (m.told.order - silence.since) / SECOND,
            "still_for_s": silence.still / SECOND,
            "limit_s": silence.limit / SECOND,
            "expected_signs": silence.expected,
            "expected_signs_limit": _signs_limit(life, m.p),
            "usual_longest_s": _second(life) * 60.0,
            "known_days": life.days,
        }
        opening = named_by(life.standing.opening)
        return Claim(Rule.MISSED_CHECK_INACTIVITY, what, life.standing.severity, opening, evidence)

    def _zone(self, m: Moment) -> ZoneInfo | None:
        assert m.resident is not None
        resident = self.records.resident(m.resident)
        assert resident is not None
        try:
            return ZoneInfo(resident.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            return None

    def _shift(self, m: Moment, t: int) -> int:
        """Local time less UTC, ms; 0 in a zone that nobody knows."""
        zone = self._zone(m)
        if zone is None:
            return 0
        offset = datetime.fromtimestamp(t / 1000, UTC).astimezone(zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds()) * SECOND

    def hand_over(self, device: int, kind: Kind) -> None:
        """A routine is the resident's, whatever they wear."""

    def drop_half_counted(self, device: int | None = None) -> None:
        if device is None:
            for life in self.lives.values():
                if life.standing is None:
                    life.forget_silence()

    def forget(self, after: Aftermath) -> None:
        for resident in after.roused & self.lives.keys():
            self.lives[resident].forget_silence()


def _signs_limit(life: Life, p: InForce) -> float:
    grown = p["missed_check.inactivity.stretch_signs"] * life.wary * life.top
    return max(p["missed_check.inactivity.signs"], grown)


def _second(life: Life) -> int:
    return life.hours[-1 if life.hour is None else life.hour].second
