"""``missed_check.inactivity`` beat by beat: what is a sign, what is stillness, and how long it may last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from alerts.engine import Severity, What
from devices.kinds import Kind
from tests.reference.oracle import Rule, Told, Verdict
from tests.reference.speakers import Speaker
from tests.reference.streams import (
    AT_REST,
    STIRRING,
    Samples,
    assignment,
    beat,
    change,
    device,
    felt,
    fix,
    parameter,
    press,
    resident,
    seen,
    vital,
)

S = 1000
MINUTE = 60 * S
HOUR = 60 * MINUTE
DAY = 24 * HOUR
ZONE = ZoneInfo("Asia/Shanghai")
FIRST = int(datetime(2025, 6, 16, tzinfo=ZONE).timestamp()) * S
"""Midnight before the first day."""
EVERY = 10 * MINUTE
SUNDAY = 6
"""The first day is a Monday."""


def of_inactivity(speaker: Speaker, told: Sequence[Told]) -> list[Verdict]:
    said = [verdict for one in told for verdict in speaker.hear([one], one.received)]
    return [verdict for verdict in said if verdict.said.rule == Rule.MISSED_CHECK_INACTIVITY]


def whats(speaker: Speaker, *told: Told) -> list[What]:
    return [What(verdict.said.what) for verdict in of_inactivity(speaker, told)]


class Wrist:
    """A band that reports every ten minutes whether its wearer moved."""

    def __init__(self, speaker: Speaker, at: int = FIRST) -> None:
        self.speaker, self.at = speaker, at

    def moves(self, *moving: bool, **fields: Any) -> list[Verdict]:
        """One report each."""
        told = []
        for each in moving:
            self.at += EVERY
            told.append(beat(self.at, activity=float(each), interval_s=EVERY / S, **fields))
        return of_inactivity(self.speaker, told)

    def lives(self, days: int) -> list[Verdict]:
        """Nights still from 22 to 6 but for one turn an hour, days on the move."""
        said = []
        for _ in range(days * DAY // EVERY):
            hour = (self.at - FIRST) % DAY // HOUR
            night = not 6 <= hour < 22
            said += self.moves(not night or (self.at - FIRST) % HOUR == 0)
        return said

    def until(self, hour: int) -> None:
        """Moves on until an hour of the day."""
        while (self.at - FIRST) % DAY != hour * HOUR:
            self.moves(True)

    def still(self, longest: int) -> list[Verdict]:
        """Reports no movement until something is said, or so long (ms)."""
        end = self.at + longest
        while self.at < end:
            if said := self.moves(False):
                return said
        return []


def minutes(verdict: Verdict) -> float:
    return verdict.evidence["still_for_s"] / 60


def test_of_whom_nothing_is_known_fourteen_hours_of_the_day_are_too_long(speaker: Speaker) -> None:
    wrist = Wrist(speaker, FIRST + 20 * HOUR)
    wrist.moves(True)
    opened = wrist.still(2 * DAY)
    assert [verdict.said.what for verdict in opened] == [What.OPENED]
    assert minutes(opened[0]) == pytest.approx((2 + 9 + 12) * 60, abs=20)


def test_whoever_stirs_often_is_missed_soon_once_they_are_known(speaker: Speaker) -> None:
    wrist = Wrist(speaker)
    assert wrist.lives(9) == []
    wrist.until(10)
    opened = wrist.still(DAY)
    assert [(verdict.said.what, verdict.said.severity) for verdict in opened] == [(What.OPENED, Severity.MEDIUM)]
    assert 70 <= minutes(opened[0]) <= 135


def test_a_night_lasts_longer_than_a_day_allows(speaker: Speaker) -> None:
    wrist = Wrist(speaker)
    wrist.lives(9)
    wrist.until(22)
    by_night = minutes(wrist.still(DAY)[0])
    assert by_night > 150


def test_however_much_was_learned_a_day_is_too_long_for_anybody(speaker: Speaker) -> None:
    speaker.apply(change(parameter("missed_check.inactivity.signs", 1000.0)))
    speaker.apply(change(parameter("missed_check.inactivity.stretch", 10.0)))
    wrist = Wrist(speaker)
    assert wrist.lives(9) == []
    wrist.until(10)
    assert minutes(wrist.still(2 * DAY)[0]) == 24 * 60


def test_it_becomes_high_is_said_again_and_ends_with_a_sign(speaker: Speaker) -> None:
    wrist = Wrist(speaker)
    wrist.lives(9)
    wrist.until(10)
    opening = wrist.still(DAY)[0].said
    again = [wrist.still(DAY)[0].said for _ in range(3)]
    assert [(said.what, said.severity) for said in again] == [
        (What.EVIDENCE, Severity.MEDIUM),
        (What.EVIDENCE, Severity.HIGH),
        (What.EVIDENCE, Severity.HIGH),
    ]
    assert [said.t - opening.t for said in again] == [30 * MINUTE, HOUR, 90 * MINUTE]
    ended = wrist.moves(True)
    assert [(one.said.what, one.said.opening_t) for one in ended] == [(What.RECOVERED, opening.t)]
    assert wrist.moves(True) == []


class Weeks:
    """Somebody who stirs as a wrist does, and every Sunday rests from nine to five."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker, self.day = speaker, 0

    def lives(self, days: int, *, rests_on: Sequence[int] = (SUNDAY,)) -> list[Verdict]:
        """So many days, told day by day."""
        said = []
        for _ in range(days):
            told = []
            for i in range(1, DAY // EVERY + 1):
                at = FIRST + self.day * DAY + i * EVERY
                hour = (at - 1 - FIRST) % DAY // HOUR
                rests = self.day % 7 in rests_on and 9 <= hour < 17
                stirs = not rests and (6 <= hour < 22 or at % HOUR == 0)
                told.append(beat(at, activity=float(stirs), interval_s=EVERY / S))
            said += [
                one for one in self.speaker.hear(told, told[-1].t) if one.said.rule == Rule.MISSED_CHECK_INACTIVITY
            ]
            self.day += 1
        return said

    def still_from(self, hour: int) -> float:
        """How long they are still on a day from an hour on until they are missed, in minutes."""
        wrist = Wrist(self.speaker, FIRST + self.day * DAY)
        wrist.moves(*[i % 6 == 0 or i > 36 for i in range(1, hour * 6 + 1)])
        return minutes(wrist.still(DAY)[0])


def test_who_rests_every_sunday_is_not_missed_on_sundays_once_that_is_known(speaker: Speaker) -> None:
    weeks = Weeks(speaker)
    first = weeks.lives(56)
    assert {(verdict.said.t - FIRST) // DAY % 7 for verdict in first} == {SUNDAY}
    assert weeks.lives(28) == []


def test_who_rests_every_sunday_is_missed_on_a_monday_before_half_such_a_rest_is_over(speaker: Speaker) -> None:
    weeks = Weeks(speaker)
    weeks.lives(56)
    assert 70 <= weeks.still_from(9) <= 4 * 60


def test_one_sunday_of_rest_makes_no_habit(speaker: Speaker) -> None:
    weeks = Weeks(speaker)
    weeks.lives(42, rests_on=())
    assert What.OPENED in [verdict.said.what for verdict in weeks.lives(7)]
    assert What.OPENED in [verdict.said.what for verdict in weeks.lives(7)]


def test_a_false_alarm_makes_wary(speaker: Speaker) -> None:
    wrist = Wrist(speaker)
    wrist.lives(9)
    wrist.until(10)
    first = minutes(wrist.still(DAY)[0])
    wrist.moves(True)
    wrist.until(10)
    assert minutes(wrist.still(DAY)[0]) > first


def test_whoever_was_seen_begins_anew(speaker: Speaker) -> None:
    wrist = Wrist(speaker)
    wrist.lives(9)
    wrist.until(10)
    first = minutes(wrist.still(DAY)[0])
    speaker.apply(change(seen(0, wrist.at)))
    assert [one.said.what for one in wrist.moves(False)] == [What.RECOVERED]
    assert minutes(wrist.still(DAY)[0]) == pytest.approx(first, abs=60)


def known(speaker: Speaker) -> Wrist:
    """Somebody whose routine is known, on a day at ten."""
    wrist = Wrist(speaker)
    wrist.lives(9)
    wrist.until(10)
    return wrist


SIGNS = {
    "check-in": lambda t: press(t, kind=Kind.CHECKIN),
    "request": lambda t: press(t, kind=Kind.SERVICE),
    "cry": press,
    "training": lambda t: press(t, 1, kind=Kind.EXERCISE),
    "pressure": lambda t: vital(t, systolic_mmhg=130.0),
    "scale": lambda t: vital(t, 1, temperature_c=36.5),
    "elsewhere": lambda t: fix(t, 500),
    "wrist": lambda t: felt(t, STIRRING),
}
NO_SIGNS = {
    "pulse": lambda t: vital(t, heart_rate_bpm=70.0),
    "fall": lambda t: press(t, kind=Kind.FALL),
    "at home": lambda t: fix(t, 40),
    "somewhere about": lambda t: fix(t, 500, accuracy_m=400.0),
    "battery": lambda t: beat(t, battery_pct=50.0),
    "aside": lambda t: beat(t, worn=False),
    "wrist at rest": lambda t: felt(t, AT_REST),
    "half a second": lambda t: felt(t, STIRRING, rate_hz=50.0),
    "at no rate": lambda t: felt(t, STIRRING, rate_hz=0.0, received=t),
    "one axis": lambda t: felt(t, STIRRING * np.array([1, 0, 1], np.int16)),
}


def told_after_an_hour(speaker: Speaker, between: Any) -> float:
    """How long stillness lasts until the alarm when something is told after an hour of it, in minutes."""
    speaker.apply(change(device(1, type="walker")))
    speaker.apply(change(assignment(1)))
    wrist = known(speaker)
    speaker.hear([fix(wrist.at, 0)], wrist.at)
    begun = wrist.at
    assert wrist.still(HOUR) == []
    speaker.hear([between(wrist.at + MINUTE)], wrist.at + MINUTE)
    return (wrist.still(DAY)[0].said.t - begun) / MINUTE


@pytest.mark.parametrize("sign", SIGNS)
def test_what_somebody_does_is_a_sign_of_life(speaker: Speaker, sign: str) -> None:
    assert told_after_an_hour(speaker, SIGNS[sign]) >= 60 + 110


@pytest.mark.parametrize("other", NO_SIGNS)
def test_what_happens_to_somebody_is_none(speaker: Speaker, other: str) -> None:
    assert told_after_an_hour(speaker, NO_SIGNS[other]) <= 135


def test_while_the_band_says_nothing_nothing_is_counted(speaker: Speaker) -> None:
    wrist = known(speaker)
    assert wrist.still(HOUR) == []
    wrist.at += 5 * HOUR
    assert wrist.moves(False) == []


@pytest.mark.parametrize("aside", [{"worn": False}, {"charging": True}])
def test_a_band_that_lies_aside_is_no_stillness_for_a_day(speaker: Speaker, aside: dict[str, bool]) -> None:
    wrist = known(speaker)
    begun = wrist.at
    said: list[Verdict] = []
    while not said:
        said = wrist.moves(False, **aside)
    assert wrist.at - begun == DAY
    assert said[0].said.what == What.OPENED


def test_late_stillness_opens_nothing_and_what_is_told_now_does(speaker: Speaker) -> None:
    wrist = known(speaker)
    stored = [
        beat(wrist.at + i * EVERY, received=wrist.at + DAY, activity=0.0, interval_s=EVERY / S) for i in range(1, 143)
    ]
    assert whats(speaker, *stored) == []
    assert whats(speaker, beat(wrist.at + DAY, activity=0.0, interval_s=600.0)) == [What.OPENED]


def test_steps_are_signs_when_they_grow_under_the_same_wearer(speaker: Speaker) -> None:
    at = FIRST + 8 * HOUR
    speaker.apply(change(parameter("missed_check.inactivity.unknown_s", 3600)))
    beats = [beat(at + i * EVERY, steps=total, interval_s=600.0) for i, total in enumerate([5, 5, 5, 9, 9, 9, 9, 9])]
    assert whats(speaker, *beats) == []
    assert whats(speaker, *(beat(at + i * EVERY, steps=9, interval_s=600.0) for i in (8, 9))) == [What.OPENED]


@pytest.mark.parametrize(
    ("samples", "missed"), [(AT_REST, True), (STIRRING, False), (AT_REST[:5], False), (AT_REST[:0], False)]
)
def test_whose_wrist_is_seen_to_rest_is_still(speaker: Speaker, samples: Samples, *, missed: bool) -> None:
    speaker.apply(change(parameter("missed_check.inactivity.unknown_s", 3600)))
    at = FIRST + 8 * HOUR
    windows = [felt(at + i * EVERY, samples) for i in range(8)]
    assert whats(speaker, *windows) == ([What.OPENED] if missed else [])


def test_the_motion_of_a_band_that_lies_aside_is_nobodys(speaker: Speaker) -> None:
    wrist = known(speaker)
    opened = []
    for _ in range(DAY // EVERY):
        opened += wrist.moves(False, charging=True)
        opened += of_inactivity(speaker, [felt(wrist.at + MINUTE, STIRRING)])
    assert [(verdict.said.what, verdict.said.t) for verdict in opened] == [(What.OPENED, wrist.at)]


def test_whoever_is_away_is_neither_judged_nor_learned_from(speaker: Speaker) -> None:
    speaker.apply(change(resident(0, status="hospital")))
    wrist = Wrist(speaker)
    assert wrist.lives(9) == []
    assert wrist.still(2 * DAY) == []
    speaker.apply(change(resident(0)))
    wrist.moves(True)
    assert wrist.still(10 * HOUR) == []


def test_an_open_one_is_forgotten_when_the_resident_goes_away(speaker: Speaker) -> None:
    wrist = known(speaker)
    assert wrist.still(DAY) != []
    speaker.apply(change(resident(0, status="away")))
    speaker.apply(change(resident(0)))
    assert wrist.moves(True) == []


def test_switched_off_it_says_nothing_and_goes_on_learning(speaker: Speaker) -> None:
    speaker.apply(change(parameter("missed_check.inactivity.enabled", 0.0)))
    wrist = known(speaker)
    assert wrist.still(3 * HOUR) == []
    speaker.apply(change(parameter("missed_check.inactivity.enabled", 1.0)))
    assert [one.said.what for one in wrist.moves(False)] == [What.OPENED]


def test_a_detector_that_failed_forgets_what_had_opened_nothing(speaker: Speaker) -> None:
    wrist = known(speaker)
    assert wrist.still(HOUR) == []
    speaker.disable(Rule.MISSED_CHECK_INACTIVITY)
    assert wrist.still(HOUR) == []
    speaker.enable(Rule.MISSED_CHECK_INACTIVITY)
    assert wrist.still(HOUR) == []


def test_hours_are_those_of_where_the_resident_lives(speaker: Speaker) -> None:
    speaker.apply(change(resident(0, timezone="America/New_York")))
    wrist = Wrist(speaker, FIRST + 19 * HOUR)
    wrist.moves(True)
    assert minutes(wrist.still(2 * DAY)[0]) == pytest.approx(14 * 60, abs=20)
