"""When promised checks are due: the terms of a plan, laid over the days of a local clock. Pure, no store, no clock.

Local clocks skip an hour in spring and repeat one in autumn. What holds then (ADR-30):

* a time that exists once is kept to the minute;
* a time that is skipped is the moment of the jump, and a window that begins or ends in what is skipped still lasts as
  long as it does on other days, unless the next one opens before; one that lies wholly in it thus follows it at once;
* a time that comes twice opens a window at its first coming and ends one at its second: once a day is asked once;
* two windows never overlap: the later one opens when the earlier one has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations, pairwise
from typing import Annotated, Final, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

import msgspec

from devices.clock import MINUTE_MS
from devices.registry import KeptBy

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Reminder = Literal["ring", "message"]

WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)
DAY_MIN: Final = 24 * 60
WEEK_MIN: Final = 7 * DAY_MIN

ClockTime = Annotated[str, msgspec.Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)\Z")]
"""Local, as HH:MM."""


class WindowTerms(msgspec.Struct, frozen=True, kw_only=True, rename={"opens": "from", "closes": "to"}):
    """Some time between two local times on these weekdays; a ``to`` at or before ``from`` is on the day after.

    ``by``: what keeps it, as ``devices.registry.CheckWindow`` says.
    """

    opens: ClockTime
    closes: ClockTime
    days: tuple[Weekday, ...] = WEEKDAYS
    by: KeptBy = "button"

    @property
    def opens_min(self) -> int:
        """Minutes from midnight."""
        return _minutes(self.opens) % DAY_MIN

    @property
    def lasts_min(self) -> int:
        """From 1 minute to a whole day."""
        return (_minutes(self.closes) - self.opens_min - 1) % DAY_MIN + 1


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan promises from ``first_day`` to ``last_day``, both with it; ``skip``: not on holidays."""

    windows: tuple[WindowTerms, ...]
    holidays: Literal["as_usual", "skip"] = "as_usual"
    first_day: date | None = None
    last_day: date | None = None
    active: bool = True


class Due(NamedTuple):
    """A window of the plan at this place among those that were laid out; ``day``: the local one on which it opens."""

    plan: int
    day: date
    opens_ms: int
    closes_ms: int
    by: KeptBy


class DaysOff(NamedTuple):
    """A holiday from a day to a day, both with it."""

    first: date
    last: date


def laid_out(
    plans: Sequence[Terms], clock: ZoneInfo, holidays: Collection[DaysOff], first: date, last: date
) -> list[Due]:
    """The windows of one resident that open on the local days ``first`` to ``last``, in their order.

    The same for a day whichever days are asked for with it.
    """
    raw = [
        _Raw.of(place, day, each, clock)
        for day in _days(first - timedelta(days=1), last + timedelta(days=1))
        for place, terms in enumerate(plans)
        if _holds(terms, day, holidays)
        for each in terms.windows
        if WEEKDAYS[day.weekday()] in each.days
    ]
    raw.sort(key=lambda each: (each.due.day, each.opens_min))
    return [due for due in _parted(raw) if first <= due.day <= last]


def clash(one: Terms, other: Terms) -> bool:
    """Whether two plans of one resident would ever ask for two checks at once."""
    if not (one.active and other.active and _begins_before_end(one, other) and _begins_before_end(other, one)):
        return False
    return any(_overlap(a, b) for a in one.windows for b in other.windows)


def overlapping(windows: Sequence[WindowTerms]) -> tuple[int, int] | None:
    """The places of two windows of a plan that overlap; None when none do."""
    return next(
        ((i, j) for (i, a), (j, b) in combinations(enumerate(windows), 2) if _overlap(a, b)),
        next((((i, i)) for i, each in enumerate(windows) if _overlaps_itself(each)), None),
    )


class _Raw(NamedTuple):
    """A window as the clock has it, before it gives way to its neighbours. ``torn``: an end of it is skipped."""

    due: Due
    opens_min: int
    lasts_ms: int
    torn: bool

    @classmethod
    def of(cls, plan: int, day: date, terms: WindowTerms, clock: ZoneInfo) -> _Raw:
        opens, is_open_there = _moment(day, terms.opens_min, clock, fold=0)
        closes, is_close_there = _moment(day, terms.opens_min + terms.lasts_min, clock, fold=1)
        due = Due(plan, day, opens, closes, terms.by)
        return cls(due, terms.opens_min, terms.lasts_min * MINUTE_MS, not (is_open_there and is_close_there))


def _parted(raw: Sequence[_Raw]) -> Iterable[Due]:
    free_from = -1
    for each, after in pairwise([*raw, None]):
        assert each is not None
        due = each.due
        closes = due.closes_ms
        if each.torn:
            whole = due.opens_ms + each.lasts_ms
            closes = max(closes, whole if after is None else min(whole, after.due.opens_ms))
        opens = max(due.opens_ms, free_from)
        if opens < closes:
            yield due._replace(opens_ms=opens, closes_ms=closes)
            free_from = closes


def _moment(day: date, minute: int, clock: ZoneInfo, *, fold: Literal[0, 1]) -> tuple[int, bool]:
    """The moment of a local time, ms, and whether the clock shows it; of one that it skips, when it jumps."""
    naive = datetime.combine(day, time()) + timedelta(minutes=minute)
    moment = naive.replace(tzinfo=clock, fold=fold).astimezone(UTC)
    if moment.astimezone(clock).replace(tzinfo=None, fold=0) == naive:
        return _ms(moment), True
    # Read with the offset after the jump it lies before the jump, and the other way round.
    low, high = (_ms(naive.replace(tzinfo=clock, fold=f).astimezone(UTC)) // 1000 for f in (1, 0))
    before = _offset(low, clock)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, clock) == before else (low, middle)
    return high * 1000, False


def _offset(second: int, clock: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(second, clock).utcoffset()


def _ms(moment: datetime) -> int:
    return round(moment.timestamp()) * 1000


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _holds(terms: Terms, day: date, holidays: Collection[DaysOff]) -> bool:
    if not terms.active or (terms.first_day or date.min) > day or (terms.last_day or date.max) < day:
        return False
    return terms.holidays == "as_usual" or not any(each.first <= day <= each.last for each in holidays)


def _begins_before_end(one: Terms, other: Terms) -> bool:
    if one.first_day is None or other.last_day is None:
        return True
    overnight = any(each.opens_min + each.lasts_min > DAY_MIN for each in other.windows)
    return one.first_day <= other.last_day + timedelta(days=1 if overnight else 0)


def _overlap(a: WindowTerms, b: WindowTerms) -> bool:
    return any(_meet(x, a.lasts_min, y, b.lasts_min) for x in _begins(a) for y in _begins(b))


def _overlaps_itself(window: WindowTerms) -> bool:
    return any(_meet(x, window.lasts_min, y, window.lasts_min) for x, y in combinations(_begins(window), 2))


def _begins(window: WindowTerms) -> list[int]:
    return [WEEKDAYS.index(day) * DAY_MIN + window.opens_min for day in window.days]


def _meet(x: int, x_lasts: int, y: int, y_lasts: int) -> bool:
    return (y - x) % WEEK_MIN < x_lasts or (x - y) % WEEK_MIN < y_lasts


def _minutes(clock_time: str) -> int:
    hours, _, minutes = clock_time.partition(":")
    return int(hours) * 60 + int(minutes)
