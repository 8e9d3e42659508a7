"""What explains a silence, and for how long: nobody is low for ever."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.engine import Severity, What
from devices.registry import Sighting
from tests.reference.oracle import Rule
from tests.reference.speakers import Speaker
from tests.reference.streams import assignment, beat, change, fix, parameter, resident

S = 1000
MINUTE = 60 * S
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOON = 1_750_132_800_000
"""2025-06-17T12:00 in Shanghai."""
LONG_AGO = NOON - 30 * DAY
LIMIT = 630 * S


def heard_then(speaker: Speaker, until: int, since: int = LONG_AGO) -> list[tuple[What, Severity, int]]:
    """All that is said of the resident's silence, looked at once."""
    said = [one.said for one in speaker.judge(until, since)]
    return [(What(o.what), Severity(o.severity), o.t) for o in said if o.rule == Rule.MISSED_CHECK_SILENT]


def loud_from(speaker: Speaker, until: int, since: int = LONG_AGO) -> int:
    """When it is first said to be more than low, looking every minute."""
    for now in range(until - 2 * DAY, until, MINUTE):
        for _, severity, t in heard_then(speaker, now, since):
            if severity > Severity.LOW:
                return t
    raise AssertionError("low for ever")


@pytest.mark.parametrize("why", [{"charging": True}, {"worn": False}, {"battery_pct": 3.0}])
@pytest.mark.parametrize(
    ("hour", "loud_after"),
    [(-3, 4), (0, 4), (5, 4), (6, 16), (10, 12), (13, 9), (17, 5), (18, 4)],
)
def test_four_hours_or_the_night_until_ten_explain_a_band_that_was_laid_aside(
    speaker: Speaker, why: dict[str, Any], hour: int, loud_after: int
) -> None:
    last = NOON + hour * HOUR
    speaker.hear([beat(last, **why)], last)
    assert loud_from(speaker, last + 2 * DAY) == last + loud_after * HOUR


def test_meanwhile_it_is_said_again_every_half_hour_in_a_low_voice(speaker: Speaker) -> None:
    speaker.hear([beat(NOON, charging=True)], NOON)
    due = NOON + LIMIT
    said = [one for now in range(NOON, NOON + 4 * HOUR, MINUTE) for one in heard_then(speaker, now)]
    assert said == [
        (What.OPENED, Severity.LOW, due),
        *((What.EVIDENCE, Severity.LOW, due + i * 30 * MINUTE) for i in range(1, 8)),
    ]
    assert heard_then(speaker, NOON + 4 * HOUR) == [(What.EVIDENCE, Severity.MEDIUM, NOON + 4 * HOUR)]


def test_outside_every_zone_it_is_high_once_the_charger_explains_it_no_longer(speaker: Speaker) -> None:
    speaker.hear([fix(NOON, 900), beat(NOON, charging=True)], NOON)
    assert heard_then(speaker, NOON + LIMIT) == [(What.OPENED, Severity.LOW, NOON + LIMIT)]
    assert heard_then(speaker, NOON + 4 * HOUR)[-1] == (What.EVIDENCE, Severity.HIGH, NOON + 4 * HOUR)


@pytest.mark.parametrize(
    ("zone", "evening", "morning", "hours"),
    [
        ("Asia/Shanghai", (2025, 6, 15, 21), (2025, 6, 16, 10), 13.0),
        ("Europe/Berlin", (2025, 3, 29, 21), (2025, 3, 30, 10), 12.0),
        ("Europe/Berlin", (2025, 10, 25, 21), (2025, 10, 26, 10), 14.0),
        ("Australia/Lord_Howe", (2025, 10, 4, 21), (2025, 10, 5, 10), 12.5),
    ],
)
def test_ten_in_the_morning_is_local_also_when_the_clocks_change(
    speaker: Speaker, zone: str, evening: tuple[int, ...], morning: tuple[int, ...], hours: float
) -> None:
    last, ten = (int(datetime(*at, tzinfo=ZoneInfo(zone)).timestamp()) * S for at in (evening, morning))  # type: ignore[misc,arg-type]
    assert ten - last == hours * HOUR
    speaker.apply(change(resident(0, timezone=zone)))
    speaker.apply(change(assignment(from_ms=last - HOUR)))
    speaker.hear([beat(last, charging=True)], last)
    assert {severity for _, severity, _ in heard_then(speaker, ten - 1, last - HOUR)} == {Severity.LOW}
    assert heard_then(speaker, ten, last - HOUR)[-1] == (What.EVIDENCE, Severity.MEDIUM, ten)


def test_where_no_time_zone_is_known_four_hours_are_all(speaker: Speaker) -> None:
    speaker.apply(change(resident(0, timezone="Nowhere/Atlantis")))
    last = NOON + 9 * HOUR
    speaker.hear([beat(last, charging=True)], last)
    assert loud_from(speaker, last + 2 * DAY) == last + 4 * HOUR


def test_after_a_sighting_a_silence_is_low_for_four_hours_and_not_said_again(speaker: Speaker) -> None:
    speaker.hear([fix(NOON, 900), beat(NOON)], NOON)
    seen = NOON + 5 * MINUTE
    speaker.apply(change(Sighting(id="r0", resident_slot=0, at_ms=seen)))
    assert heard_then(speaker, NOON + LIMIT) == [(What.OPENED, Severity.LOW, NOON + LIMIT)]
    assert heard_then(speaker, seen + 4 * HOUR - 1) == []
    assert heard_then(speaker, seen + 4 * HOUR) == [(What.EVIDENCE, Severity.HIGH, seen + 4 * HOUR)]


def test_who_is_seen_while_silent_is_spoken_of_again_four_hours_later(speaker: Speaker) -> None:
    speaker.apply(change(parameter("missed_check.silent.loud_after_s", 0.0)))
    speaker.hear([beat(NOON)], NOON)
    assert heard_then(speaker, NOON + LIMIT) == [(What.OPENED, Severity.MEDIUM, NOON + LIMIT)]
    seen = NOON + 20 * MINUTE
    speaker.apply(change(Sighting(id="r0", resident_slot=0, at_ms=seen)))
    assert heard_then(speaker, seen + 4 * HOUR - 1) == []
    assert heard_then(speaker, seen + 4 * HOUR) == [(What.EVIDENCE, Severity.MEDIUM, seen + 4 * HOUR)]


def test_an_old_sighting_excuses_nothing(speaker: Speaker) -> None:
    speaker.apply(change(parameter("missed_check.silent.loud_after_s", 0.0)))
    speaker.apply(change(Sighting(id="r0", resident_slot=0, at_ms=NOON - 4 * HOUR)))
    speaker.hear([beat(NOON)], NOON)
    assert heard_then(speaker, NOON + LIMIT) == [(What.OPENED, Severity.MEDIUM, NOON + LIMIT)]
