"""The roster's calendar: a week of shifts laid over another week, by the clock on the wall."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

DAYS_A_WEEK: Final = 7


class Span(NamedTuple):
    """[from, to) in Unix ms."""

    from_ms: int
    to_ms: int


def week_of(first: date, zone: ZoneInfo) -> Span:
    """The seven local days that begin with ``first``: 167 to 169 hours where summer time begins or ends."""
    return Span(_midnight(first, zone), _midnight(first + timedelta(days=DAYS_A_WEEK), zone))


def days_later(span: Span, days: int, zone: ZoneInfo) -> Span:
    """The same span so many days later (or, below 0, earlier) by local clocks.

    A shift from 22 to 6 o'clock stays one, though the night in which the clocks change makes it an hour longer or
    shorter. What would end no later than it begins, within the hour that comes twice, keeps its length instead.
    """
    start, end = (_moved(moment, days, zone) for moment in span)
    return Span(start, end if end > start else start + span.to_ms - span.from_ms)


def _moved(moment: int, days: int, zone: ZoneInfo) -> int:
    whole, rest_ms = divmod(moment, 1000)
    # Arithmetic on an aware datetime is done on the wall clock; the zone then says which moment that is.
    local = datetime.fromtimestamp(whole, zone) + timedelta(days=days)
    return round(local.timestamp()) * 1000 + rest_ms


def _midnight(day: date, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, time.min, zone).timestamp() * 1000)


def gaps(covered: Iterable[Span], within: Span) -> list[Span]:
    """The parts of ``within`` that none of the spans covers, in their order."""
    found, reached = [], within.from_ms
    for span in sorted(covered):
        if reached >= within.to_ms:
            break
        if span.from_ms > reached:
            found.append(Span(reached, min(span.from_ms, within.to_ms)))
        reached = max(reached, span.to_ms)
    if reached < within.to_ms:
        found.append(Span(reached, within.to_ms))
    return found
