"""``device.not_worn`` beat by beat: how long, by day, on the charger, over when worn again."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.engine import Severity, What
from tests.reference.oracle import Rule, Told
from tests.reference.speakers import Speaker
from tests.reference.streams import assignment, beat, change, device, one_of_each, resident

S = 1000
MINUTE = 60 * S
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def at(hour: int, minute: int = 0, zone: str = "Asia/Shanghai") -> int:
    return int(datetime(2025, 6, 17, hour, minute, tzinfo=ZoneInfo(zone)).timestamp()) * S


def whats(speaker: Speaker, *readings: Told) -> list[tuple[int, What]]:
    said = [one.said for one in speaker.hear(readings, readings[-1].received)]
    return [(one.reading, What(one.what)) for one in said if one.rule == Rule.DEVICE_NOT_WORN]


def off(t: int, **fields: Any) -> Told:
    return beat(t, worn=False, **fields)


def test_two_hours_off_by_day_open_and_worn_ends_it(speaker: Speaker) -> None:
    readings = [off(at(9)), beat(at(10)), off(at(10, 59)), off(at(11), seq=4), beat(at(12), worn=True)]
    said = [one.said for one in speaker.hear(readings, at(12))]
    assert [(one.what, one.severity, one.reading, one.opening_t, one.opening_seq) for one in said] == [
        (What.OPENED, Severity.LOW, 3, at(11), 4),
        (What.RECOVERED, Severity.LOW, 4, at(11), 4),
    ]


def test_worn_for_a_moment_begins_anew(speaker: Speaker) -> None:
    assert whats(speaker, off(at(9)), beat(at(10), worn=True), off(at(10, 1)), off(at(12))) == []
    assert whats(speaker, off(at(12, 1))) == [(0, What.OPENED)]


def test_on_the_charger_it_may_lie_four_hours(speaker: Speaker) -> None:
    on = {"charging": True}
    assert whats(speaker, off(at(9), **on), off(at(12, 59), **on)) == []
    assert whats(speaker, off(at(13), **on)) == [(0, What.OPENED)]


def test_what_counts_is_whether_it_charges_now(speaker: Speaker) -> None:
    assert whats(speaker, off(at(9), charging=True), off(at(11, 30), charging=None)) == [(1, What.OPENED)]


@pytest.mark.parametrize(
    ("moment", "told"),
    [((7, 59), False), ((8, 0), True), ((20, 59), True), ((21, 0), False)],
)
def test_it_is_told_by_day_only(speaker: Speaker, moment: tuple[int, int], told: bool) -> None:
    assert whats(speaker, off(at(1)), off(at(*moment))) == ([(1, What.OPENED)] if told else [])


def test_in_a_zone_that_nobody_knows_it_is_day(speaker: Speaker) -> None:
    speaker.apply(change(resident(timezone="Nowhere/Atlantis")))
    assert whats(speaker, off(at(1)), off(at(3))) == [(1, What.OPENED)]


def test_day_is_where_the_resident_lives(speaker: Speaker) -> None:
    speaker.apply(change(resident(timezone="America/New_York")))
    noon = at(12, zone="America/New_York")
    assert whats(speaker, off(noon - 5 * HOUR), off(noon - 4 * HOUR - MINUTE), off(noon)) == [(2, What.OPENED)]


def test_once_a_day_it_is_told_again(speaker: Speaker) -> None:
    first = at(11)
    readings = [off(at(9)), off(first), off(first + DAY - 1), off(first + DAY), off(first + 2 * DAY - 1)]
    assert whats(speaker, *readings) == [(1, What.OPENED), (3, What.EVIDENCE)]


def test_late_beats_count_and_end_but_tell_nothing(speaker: Speaker) -> None:
    late = [off(t, received=at(12)) for t in (at(9), at(11), at(11, 30))]
    assert whats(speaker, *late) == []
    assert whats(speaker, off(at(11, 55), received=at(12))) == [(0, What.OPENED)]
    assert whats(speaker, beat(at(11, 56), received=at(13), worn=True)) == [(0, What.RECOVERED)]


@pytest.mark.parametrize("what", [{"type": "box"}, {"type": "rower"}, {"revoked": True}])
def test_only_devices_in_service_that_are_worn_can_lie_about(speaker: Speaker, what: dict[str, Any]) -> None:
    speaker.apply(change(device(**what)))
    assert whats(speaker, off(at(9)), off(at(12))) == []


def test_a_households_band_is_nobodys_neglect(nobody: Speaker) -> None:
    nobody.apply(change(device()))
    nobody.apply(change(assignment(0, None)))
    assert whats(nobody, off(at(9)), off(at(12))) == []


def test_a_change_of_status_forgets(speaker: Speaker) -> None:
    assert whats(speaker, off(at(9)), off(at(11))) == [(1, What.OPENED)]
    speaker.apply(change(resident(status="away")))
    assert whats(speaker, off(at(12)), beat(at(12, 30), worn=True), off(at(13))) == []
    speaker.apply(change(resident()))
    assert whats(speaker, off(at(15)), off(at(16, 59)), off(at(17))) == [(2, What.OPENED)]


def test_another_wearer_begins_anew(nobody: Speaker) -> None:
    for entry in (*one_of_each(), change(resident(1))):
        nobody.apply(entry)
    nobody.apply(change(assignment(0, 1, id="next", from_ms=at(10))))
    assert whats(nobody, off(at(9)), off(at(11)), off(at(12, 59))) == []
    assert whats(nobody, off(at(13))) == [(0, What.OPENED)]


def test_a_handover_entered_afterwards_forgets(nobody: Speaker) -> None:
    for entry in (*one_of_each(), change(resident(1))):
        nobody.apply(entry)
    assert whats(nobody, off(at(9)), off(at(11))) == [(1, What.OPENED)]
    nobody.apply(change(assignment(0, 1, id="next", from_ms=at(10))))
    assert whats(nobody, off(at(11, 30)), beat(at(11, 40), worn=True)) == []
