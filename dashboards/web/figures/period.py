"""The period that somebody asked for, in days by a centre's clock."""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

from dashboards.api.figures import LONGEST_MS
from dashboards.api.problems import Problem
from devices.clock import DAY_MS, zone
from devices.refusals import Refusal

OFFERED: Final = (7, 30, 90)
USUAL: Final = 30
LONGEST_DAYS: Final = LONGEST_MS // DAY_MS


class Period(NamedTuple):
    """From the first day to the last, both with it; ``days``: one of those offered, None where they are one's own."""

    first: dt.date
    last: dt.date
    from_ms: int
    to_ms: int
    days: int | None

    @property
    def query(self) -> str:
        """As in an address."""
        return f"days={self.days}" if self.days else f"first={self.first}&last={self.last}"

    @property
    def length(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def period(days: int | None, first: dt.date | None, last: dt.date | None, timezone: str, now: int) -> Period:
    """The last ``days`` up to today, or from one day to another. Raises ``Problem`` 422."""
    today = dt.datetime.fromtimestamp(now / 1000, zone(timezone)).date()
    if first is None and last is None:
        count = days or USUAL
        if count not in OFFERED:
            raise Problem(422, Refusal("figures.days", "days: 7, 30 or 90; others by first and last"), kind="period")
        first, last = today - dt.timedelta(days=count - 1), today
    else:
        days = None
        last = min(last or today, today)
        first = first or last - dt.timedelta(days=USUAL - 1)
    if not dt.timedelta(0) <= last - first < dt.timedelta(days=LONGEST_DAYS):
        raise Problem(
            422, Refusal("figures.period", "first, last: a period of one year at most, in this order"), kind="period"
        )
    return Period(first, last, _midnight(first, timezone), _midnight(last + dt.timedelta(days=1), timezone), days)


def _midnight(day: dt.date, timezone: str) -> int:
    return round(dt.datetime.combine(day, dt.time(), zone(timezone)).timestamp() * 1000)
