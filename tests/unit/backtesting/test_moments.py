"""A moment without an offset is local to the site."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from anxin.backtesting.errors import BacktestError
from anxin.backtesting.moments import moment, written, zone_for

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-05", 1_767_542_400_000),
        ("2026-01-05T08:30", 1_767_573_000_000),
        ("2026-01-05 08:30", 1_767_573_000_000),
        ("2026-01-05T08:30+00:00", 1_767_601_800_000),
        ("2026-01-05T08:30Z", 1_767_601_800_000),
    ],
)
def test_a_moment_is_local_unless_it_says_otherwise(text: str, expected: int) -> None:
    assert moment(text, ZoneInfo(SHANGHAI)) == expected


def test_the_day_of_summer_time_begins_at_its_own_midnight() -> None:
    zone = ZoneInfo(BERLIN)
    assert moment("2026-03-30", zone) - moment("2026-03-29", zone) == 23 * 3_600_000
    assert written(moment("2026-03-30", zone), zone) == "2026-03-30 00:00:00+02:00"


def test_sites_of_different_zones_need_a_site_or_an_offset() -> None:
    zones = {"north": SHANGHAI, "west": BERLIN}
    assert zone_for(None, zones) is None
    assert zone_for("west", zones) == ZoneInfo(BERLIN)
    assert zone_for(None, {"north": SHANGHAI, "south": SHANGHAI}) == ZoneInfo(SHANGHAI)
    with pytest.raises(BacktestError, match="different time zones"):
        moment("2026-01-05", None)
    assert moment("2026-01-05T08:30Z", None) == 1_767_601_800_000


def test_an_unknown_site_is_answered_with_those_that_are_there() -> None:
    with pytest.raises(BacktestError, match="sites are north, south"):
        zone_for("nort", {"north": SHANGHAI, "south": SHANGHAI})
    with pytest.raises(BacktestError, match="no site yet"):
        zone_for(None, {})


def test_what_is_no_date_is_answered_with_how_to_write_one() -> None:
    with pytest.raises(BacktestError, match="2026-01-05T08:30"):
        moment("5.1.2026", ZoneInfo(SHANGHAI))
