"""When the end of an absence is asked about."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from alerts.absence import asked_from, may_be_written_to, spoken_day

BERLIN = ZoneInfo("Europe/Berlin")


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()) * 1000


@pytest.mark.parametrize(
    ("until", "since"),
    [
        ("2026-06-07 08:00", "2026-06-06 08:00"),
        ("2026-06-07 18:00", "2026-06-06 18:00"),
        ("2026-06-07 23:00", "2026-06-06 18:00"),
        ("2026-06-07 00:00", "2026-06-06 00:00"),
        ("2026-03-29 08:00", "2026-03-28 07:00"),
        ("2026-10-25 20:00", "2026-10-24 18:00"),
    ],
)
def test_an_end_is_asked_about_a_day_before_and_no_later_than_the_evening_before(until: str, since: str) -> None:
    assert asked_from(_ms(until), BERLIN) == _ms(since)


@pytest.mark.parametrize(("at", "may"), [("07:59", False), ("08:00", True), ("20:29", True), ("20:30", False)])
def test_nobody_is_written_to_at_night(at: str, *, may: bool) -> None:
    assert may_be_written_to(_ms(f"2026-06-07 {at}"), BERLIN) is may


def test_a_day_is_said_as_its_language_says_it() -> None:
    moment = _ms("2026-09-07 08:05")
    assert [spoken_day(moment, BERLIN, language) for language in ("zh", "en")] == ["9月7日", "7 Sept"]
