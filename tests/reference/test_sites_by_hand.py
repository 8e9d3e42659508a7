"""What the silence of a whole site says, and what it keeps others from saying."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from alerts.engine import Severity, What
from tests.reference.oracle import Rule, Told
from tests.reference.speakers import Speaker
from tests.reference.streams import assignment, beat, change, device, fix, parameter, resident

S = 1000
MINUTE = 60 * S
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOON = 1_750_132_800_000
"""2025-06-17T12:00 in Shanghai."""
LONG_AGO = NOON - 30 * DAY
LIMIT = 630 * S
SITE = Rule.SYSTEM_SITE_SILENT
SILENT = Rule.MISSED_CHECK_SILENT

Judged = tuple[Rule, What, Severity, int]


def judged(speaker: Speaker, now: int, since: int = LONG_AGO, rule: Rule | None = None) -> list[Judged]:
    said = [one.said for one in speaker.judge(now, since)]
    return [(Rule(one.rule), What(one.what), Severity(one.severity), one.t) for one in said if rule in (None, one.rule)]


def who(speaker: Speaker, now: int, since: int = LONG_AGO) -> list[int]:
    """The residents whose silence opens now."""
    said = [one.said for one in speaker.judge(now, since)]
    return [one.resident for one in said if (one.rule, one.what) == (SILENT, What.OPENED)]


def people(speaker: Speaker, count: int, **fields: object) -> None:
    """So many residents with a band each."""
    for slot in range(count):
        for record in (resident(slot), device(slot, **fields), assignment(slot, slot, from_ms=NOON - DAY)):
            speaker.apply(change(record))


def beats(slots: Iterable[int], t: int, step: int = S) -> list[Told]:
    """One heartbeat of each, a moment after the other."""
    return [beat(t + i * step, slot) for i, slot in enumerate(slots)]


def heard(speaker: Speaker, readings: Sequence[Told], now: int | None = None) -> None:
    speaker.hear(readings, max(one.received for one in readings) if now is None else now)


def alive(speaker: Speaker, slots: Iterable[int], start: int, end: int) -> None:
    """These report every five minutes in [start, end), and deadlines are judged after each round."""
    slots = list(slots)
    for t in range(start, end, 5 * MINUTE):
        heard(speaker, [beat(t, slot) for slot in slots])
        assert judged(speaker, t) == []


class TestWhole:
    def test_a_site_that_falls_silent_is_one_event_and_no_persons(self, nobody: Speaker) -> None:
        people(nobody, 20)
        heard(nobody, beats(range(20), NOON, 10 * S))
        last = NOON + 190 * S
        said = [one for t in range(NOON, NOON + 2 * HOUR, 10 * S) for one in judged(nobody, t)]
        fifth = NOON + 40 * S + LIMIT
        assert said[0] == (SITE, What.OPENED, Severity.HIGH, fifth)
        assert {one[:3] for one in said[1:]} == {(SITE, What.EVIDENCE, Severity.HIGH)}
        assert [one[3] for one in said[1:]] == [fifth + i * 30 * MINUTE for i in (1, 2, 3)]
        assert last < fifth

    def test_once_they_are_heard_again_it_ends_and_nobody_is_missed(self, nobody: Speaker) -> None:
        people(nobody, 20)
        heard(nobody, beats(range(20), NOON))
        judged(nobody, NOON + HOUR)
        back = NOON + 2 * HOUR
        heard(nobody, beats(range(18), back))
        assert judged(nobody, back + MINUTE) == [(SITE, What.RECOVERED, Severity.HIGH, back + MINUTE)]
        heard(nobody, beats(range(18, 20), back + 5 * MINUTE))
        assert [one for i in range(2 * 60) for one in judged(nobody, back + 2 * MINUTE + i * 4 * S)] == []

    def test_who_is_not_heard_within_an_interval_after_it_is_missed(self, nobody: Speaker) -> None:
        people(nobody, 20)
        heard(nobody, beats(range(20), NOON))
        judged(nobody, NOON + HOUR)
        back = NOON + 2 * HOUR
        heard(nobody, beats(range(18), back), back + MINUTE)
        judged(nobody, back + MINUTE)
        heard(nobody, beats(range(18), back + 5 * MINUTE))
        assert judged(nobody, back + 6 * MINUTE - 1) == []
        assert who(nobody, back + 6 * MINUTE) == [18, 19]

    def test_all_of_three_are_a_site_and_two_are_not(self, nobody: Speaker) -> None:
        people(nobody, 3)
        heard(nobody, beats(range(3), NOON))
        assert judged(nobody, NOON + HOUR)[0][:2] == (SITE, What.OPENED)
        nobody.apply(change(None, "resident", "r2"))
        heard(nobody, beats(range(2), NOON + HOUR))
        judged(nobody, NOON + HOUR + MINUTE)
        assert who(nobody, NOON + 2 * HOUR) == [0, 1]

    def test_one_who_wears_three_things_is_no_site(self, nobody: Speaker) -> None:
        people(nobody, 1)
        for slot in (1, 2):
            nobody.apply(change(device(slot)))
            nobody.apply(change(assignment(slot, 0, from_ms=NOON - DAY)))
        heard(nobody, beats(range(3), NOON))
        assert [one[0] for one in judged(nobody, NOON + 20 * MINUTE)] == [SILENT]

    def test_boxes_count_as_people_do(self, nobody: Speaker) -> None:
        for slot in range(3):
            nobody.apply(change(device(slot, type="box")))
            nobody.apply(change(assignment(slot, None, household=f"h{slot}", from_ms=NOON - DAY)))
        heard(nobody, beats(range(3), NOON))
        assert [one[0] for one in judged(nobody, NOON + 20 * MINUTE)] == [SITE]

    def test_bands_that_charge_fall_silent_by_themselves(self, nobody: Speaker) -> None:
        people(nobody, 4)
        heard(nobody, [beat(NOON, slot, charging=True) for slot in range(4)])
        assert who(nobody, NOON + LIMIT) == [0, 1, 2, 3]

    def test_those_in_hospital_are_not_counted(self, nobody: Speaker) -> None:
        people(nobody, 3)
        nobody.apply(change(resident(2, status="hospital")))
        heard(nobody, beats(range(3), NOON))
        assert who(nobody, NOON + HOUR) == [0, 1]


class TestPart:
    def test_a_tenth_that_falls_silent_together_is_a_site_and_the_others_are_judged_as_ever(
        self, nobody: Speaker
    ) -> None:
        people(nobody, 60)
        alive(nobody, range(60), NOON, NOON + 10 * MINUTE)
        last = NOON + 5 * MINUTE
        alive(nobody, range(6, 60), NOON + 10 * MINUTE, NOON + 20 * MINUTE)
        assert judged(nobody, last + LIMIT) == [(SITE, What.OPENED, Severity.MEDIUM, last + LIMIT)]
        alive(nobody, range(7, 60), NOON + 20 * MINUTE, NOON + 30 * MINUTE)
        assert who(nobody, NOON + 25 * MINUTE + 30 * S) == [6]

    def test_one_less_is_so_many_persons(self, nobody: Speaker) -> None:
        people(nobody, 60)
        heard(nobody, beats(range(60), NOON, 0))
        alive(nobody, range(5, 60), NOON + 5 * MINUTE, NOON + 15 * MINUTE)
        assert who(nobody, NOON + LIMIT) == [0, 1, 2, 3, 4]

    def test_one_after_the_other_they_are_persons(self, nobody: Speaker) -> None:
        people(nobody, 20)
        said: list[Judged] = []
        for i, t in enumerate(range(NOON, NOON + 100 * MINUTE, 5 * MINUTE)):
            heard(nobody, [beat(t, slot) for slot in range(i, 20)])
            said += judged(nobody, t + MINUTE)
        assert {one[0] for one in said} == {SILENT}

    def test_when_more_of_it_falls_silent_they_are_in_the_dark_too(self, nobody: Speaker) -> None:
        people(nobody, 20)
        heard(nobody, beats(range(20), NOON, 0))
        rest = range(10, 20)
        heard(nobody, [beat(NOON + 6 * MINUTE, slot) for slot in rest])
        assert judged(nobody, NOON + LIMIT)[0][:3] == (SITE, What.OPENED, Severity.HIGH)
        spread = NOON + 6 * MINUTE + LIMIT
        assert judged(nobody, spread) == [(SITE, What.EVIDENCE, Severity.HIGH, spread)]
        assert judged(nobody, spread + 20 * MINUTE) == []

    def test_it_is_high_from_half_of_the_site_on(self, nobody: Speaker) -> None:
        people(nobody, 20)
        heard(nobody, beats(range(20), NOON, 0))
        heard(nobody, [beat(NOON + 6 * MINUTE, slot) for slot in range(6, 20)])
        assert judged(nobody, NOON + LIMIT) == [(SITE, What.OPENED, Severity.MEDIUM, NOON + LIMIT)]
        spread = NOON + 6 * MINUTE + LIMIT
        assert judged(nobody, spread) == [(SITE, What.EVIDENCE, Severity.HIGH, spread)]


class TestBefore:
    def test_the_first_of_many_who_owe_a_sign_waits_for_what_explains_it(self, nobody: Speaker) -> None:
        people(nobody, 20)
        heard(nobody, [beat(NOON, 0), *(beat(NOON + 4 * MINUTE, slot) for slot in range(1, 20))])
        assert judged(nobody, NOON + LIMIT) == []
        opening = NOON + 4 * MINUTE + LIMIT
        assert judged(nobody, opening) == [(SITE, What.OPENED, Severity.HIGH, opening)]

    def test_if_nothing_explains_it_it_is_opened_for_its_own_deadline(self, nobody: Speaker) -> None:
        people(nobody, 20)
        heard(nobody, [beat(NOON, 0), *(beat(NOON + 4 * MINUTE, slot) for slot in range(1, 20))])
        assert judged(nobody, NOON + LIMIT) == []
        back = NOON + LIMIT + MINUTE
        heard(nobody, beats(range(1, 20), back, 0))
        assert judged(nobody, back) == [(SILENT, What.OPENED, Severity.LOW, NOON + LIMIT)]

    def test_it_waits_no_longer_than_our_patience(self, nobody: Speaker) -> None:
        people(nobody, 20)
        nobody.apply(change(parameter("missed_check.silent.intervals", 10)))
        nobody.apply(change(parameter("system.site_silent.within_s", 3600.0)))
        heard(nobody, [beat(NOON, 0, interval_s=60.0), *beats(range(1, 20), NOON, 0)])
        deadline = NOON + 630 * S
        assert judged(nobody, deadline + 5 * MINUTE - 1) == []
        assert judged(nobody, deadline + 5 * MINUTE) == [(SILENT, What.OPENED, Severity.LOW, deadline)]


class TestWhile:
    def test_nobody_is_held_back_for_ever(self, nobody: Speaker) -> None:
        people(nobody, 5)
        heard(nobody, beats(range(5), NOON))
        judged(nobody, NOON + HOUR)
        held = NOON + 4 * S + 4 * HOUR
        assert who(nobody, held - 1) == []
        assert who(nobody, held) == [0, 1, 2, 3, 4]

    def test_old_readings_of_a_band_that_is_back_say_nothing_of_now(self, nobody: Speaker) -> None:
        people(nobody, 20)
        heard(nobody, beats(range(20), NOON, 0))
        judged(nobody, NOON + HOUR)
        back = NOON + 2 * HOUR
        for t in range(NOON + 5 * MINUTE, back, 5 * MINUTE):
            nobody.hear([beat(t, 7, received=back)], back)
            assert judged(nobody, back, rule=SILENT) == []
        heard(nobody, [beat(back, 7)])
        assert judged(nobody, back + LIMIT - 1, rule=SILENT) == []
        assert who(nobody, back + LIMIT) == [7]

    def test_it_is_said_again_every_half_hour_and_of_what_was_missed_the_last(self, nobody: Speaker) -> None:
        people(nobody, 5)
        heard(nobody, beats(range(5), NOON, 0))
        due = NOON + LIMIT
        assert judged(nobody, due) == [(SITE, What.OPENED, Severity.HIGH, due)]
        assert judged(nobody, due + 30 * MINUTE - 1) == []
        assert judged(nobody, due + 95 * MINUTE) == [(SITE, What.EVIDENCE, Severity.HIGH, due + 90 * MINUTE)]

    def test_our_own_absence_ends_it_for_nobody(self, nobody: Speaker) -> None:
        people(nobody, 5)
        heard(nobody, beats(range(5), NOON, 0))
        judged(nobody, NOON + LIMIT)
        since = NOON + HOUR
        assert {one[:2] for one in judged(nobody, since, since)} == {(SITE, What.EVIDENCE)}
        assert who(nobody, since + 50 * MINUTE, since) == []

    def test_a_site_that_fell_silent_while_we_were_away_is_one_event(self, nobody: Speaker) -> None:
        people(nobody, 20)
        heard(nobody, beats(range(20), NOON))
        since = NOON + 3 * HOUR
        assert judged(nobody, since + 5 * MINUTE - 1, since) == []
        assert {one[0] for one in judged(nobody, since + 5 * MINUTE, since)} == {SITE}

    def test_those_who_were_silent_before_we_were_away_are_not_silent_together(self, nobody: Speaker) -> None:
        people(nobody, 20)
        for i in range(6):
            heard(nobody, [beat(NOON + i * 20 * MINUTE, slot) for slot in range(i, 20)])
        since = NOON + 5 * HOUR
        heard(nobody, [beat(since, slot) for slot in range(6, 20)])
        assert {one[0] for one in judged(nobody, since + 5 * MINUTE, since)} == {SILENT}

    def test_absences_day_by_day_put_a_slow_band_off_by_one_interval_at_most(self, nobody: Speaker) -> None:
        people(nobody, 1)
        heard(nobody, [beat(NOON, interval_s=24 * 3600.0)])
        hours = range(NOON, NOON + 7 * DAY, HOUR)
        said = [one for t in hours for one in judged(nobody, t, max(NOON, t - (t - NOON - 12 * HOUR) % DAY))]
        assert said[0] == (SILENT, What.OPENED, Severity.MEDIUM, NOON + 72 * HOUR + 30 * S)

    def test_a_box_is_held_back_as_people_are(self, nobody: Speaker) -> None:
        people(nobody, 5)
        nobody.apply(change(device(5, type="box")))
        nobody.apply(change(assignment(5, 0, from_ms=NOON - DAY)))
        heard(nobody, beats(range(6), NOON))
        assert {one[0] for one in judged(nobody, NOON + HOUR)} == {SITE}

    def test_a_person_outside_every_zone_is_in_the_dark_too(self, nobody: Speaker) -> None:
        people(nobody, 5)
        heard(nobody, [*beats(range(5), NOON), fix(NOON + 5 * S, 900, 2)])
        assert {one[0] for one in judged(nobody, NOON + HOUR)} == {SITE}


class TestSwitchedOff:
    @pytest.fixture(autouse=True)
    def off(self, nobody: Speaker) -> None:
        people(nobody, 5)

    def test_it_opens_nothing_and_holds_nobody_back(self, nobody: Speaker) -> None:
        nobody.apply(change(parameter("system.site_silent.enabled", 0.0, "site")))
        heard(nobody, beats(range(5), NOON))
        assert who(nobody, NOON + HOUR) == [0, 1, 2, 3, 4]

    def test_what_stands_is_followed_to_its_end(self, nobody: Speaker) -> None:
        heard(nobody, beats(range(5), NOON, 0))
        judged(nobody, NOON + LIMIT)
        nobody.apply(change(parameter("system.site_silent.enabled", 0.0)))
        assert judged(nobody, NOON + 2 * HOUR) == []
        heard(nobody, beats(range(5), NOON + 2 * HOUR, 0))
        assert [one[:2] for one in judged(nobody, NOON + 2 * HOUR)] == [(SITE, What.RECOVERED)]

    def test_a_detector_that_failed_excuses_nobody(self, nobody: Speaker) -> None:
        heard(nobody, beats(range(5), NOON, 0))
        judged(nobody, NOON + LIMIT)
        nobody.disable(SITE)
        assert {one[:2] for one in judged(nobody, NOON + LIMIT)} == {(SILENT, What.OPENED)}
