"""Promised checks: a press that did not come in time is an alarm, one that did is not, however it travelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from alerts.engine import Severity, What
from devices.kinds import Kind
from devices.registry import KeptBy
from tests.reference.oracle import Rule, Told, Verdict
from tests.reference.speakers import Speaker
from tests.reference.streams import (
    AT_REST,
    STIRRING,
    Samples,
    assignment,
    beat,
    change,
    check_in,
    device,
    felt,
    parameter,
    resident,
    seen,
    vital,
    window,
)

S = 1000
MINUTE = 60 * S
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EIGHT = 1_750_118_400_000
"""2025-06-17T08:00 in Shanghai."""
END = EIGHT + 90 * MINUTE
DUE = END + 15 * MINUTE
LONG_AGO = EIGHT - 30 * DAY
OPENED, EVIDENCE, RECOVERED, KEPT, EXCUSED = What.OPENED, What.EVIDENCE, What.RECOVERED, What.KEPT, What.EXCUSED


class Word(NamedTuple):
    """What was said, when it happened, and the end of the check that it is about."""

    what: What
    t: int
    end: int


def words(verdicts: Sequence[Verdict]) -> list[Word]:
    said = [one.said for one in verdicts if one.said.rule == Rule.MISSED_CHECK_CHECKIN]
    return [Word(What(one.what), one.t, one.opening_t) for one in said]


def hear(speaker: Speaker, *readings: Told, now: int | None = None) -> list[Word]:
    """What the readings bring about, and the look that follows every batch."""
    moment = max(reading.received for reading in readings) if now is None else now
    return words(speaker.hear(readings, moment)) + words(speaker.judge(moment, LONG_AGO))


def pressure(t: int) -> Told:
    """A blood pressure, which somebody took."""
    return vital(t, systolic_mmhg=130.0, diastolic_mmhg=80.0)


def judge(speaker: Speaker, now: int, since: int = LONG_AGO) -> list[Word]:
    return words(speaker.judge(now, since))


@pytest.fixture
def promised(speaker: Speaker) -> Speaker:
    """A resident with a band, who promised to press between 08:00 and 09:30."""
    speaker.apply(change(window(0, EIGHT, END)))
    return speaker


class TestDeadline:
    def test_without_a_press_it_is_missed_a_quarter_of_an_hour_after_its_end(self, promised: Speaker) -> None:
        assert judge(promised, DUE - 1) == []
        assert judge(promised, DUE) == [(OPENED, DUE, END)]
        assert judge(promised, DUE) == []

    def test_it_says_when_it_was_how_long_it_was_waited_for_and_when_they_were_heard_of_last(
        self, promised: Speaker
    ) -> None:
        hear(promised, check_in(EIGHT - DAY))
        (opened,) = [v for v in promised.judge(DUE, LONG_AGO) if v.said.rule == Rule.MISSED_CHECK_CHECKIN]
        assert Severity(opened.said.severity) == Severity.MEDIUM
        assert (opened.evidence["from_local_hour"], opened.evidence["to_local_hour"]) == (8.0, 9.5)
        assert (opened.evidence["missed_for_s"], opened.evidence["missed_in_a_row"]) == (900, 1)

    def test_its_own_grace_goes_before_the_parameter(self, speaker: Speaker) -> None:
        speaker.apply(change(window(0, EIGHT, END, grace_ms=5 * MINUTE)))
        assert judge(speaker, END + 5 * MINUTE) == [(OPENED, END + 5 * MINUTE, END)]

    def test_the_grace_is_what_is_in_force_when_it_is_judged(self, promised: Speaker) -> None:
        promised.apply(change(parameter("missed_check.checkin.grace_min", 60.0, "resident")))
        assert judge(promised, DUE) == []
        assert judge(promised, END + HOUR) == [(OPENED, END + HOUR, END)]

    def test_it_is_as_bad_as_was_set(self, promised: Speaker) -> None:
        promised.apply(change(parameter("missed_check.checkin.severity", 2.0)))
        (opened,) = [v.said for v in promised.judge(DUE, LONG_AGO) if v.said.rule == Rule.MISSED_CHECK_CHECKIN]
        assert Severity(opened.severity) == Severity.HIGH

    def test_it_is_told_again_every_half_hour_while_it_stands(self, promised: Speaker) -> None:
        judge(promised, DUE)
        assert judge(promised, DUE + 30 * MINUTE - 1) == []
        assert judge(promised, DUE + 30 * MINUTE) == [(EVIDENCE, DUE + 30 * MINUTE, END)]
        assert judge(promised, DUE + 5 * HOUR + MINUTE) == [(EVIDENCE, DUE + 5 * HOUR, END)]

    def test_the_next_one_missed_is_evidence_of_the_same_episode(self, promised: Speaker) -> None:
        promised.apply(change(window(0, EIGHT + 10 * HOUR, END + 10 * HOUR)))
        judge(promised, DUE)
        judge(promised, DUE + 10 * HOUR - 1)
        assert judge(promised, DUE + 10 * HOUR) == [(EVIDENCE, DUE + 10 * HOUR, END)]

    def test_one_that_ended_more_than_a_day_ago_is_not_asked_for_any_more(self, promised: Speaker) -> None:
        promised.apply(change(window(0, EIGHT - 1, END - 1, key="before")))
        assert judge(promised, END + DAY) == [(OPENED, DUE, END)]

    def test_one_that_is_known_late_is_judged_all_the_same(self, speaker: Speaker) -> None:
        judge(speaker, DUE + HOUR)
        speaker.apply(change(window(0, EIGHT, END)))
        assert judge(speaker, DUE + 2 * HOUR) == [(OPENED, DUE, END)]


class TestOurOwnAbsence:
    def test_nothing_is_missed_while_we_do_not_listen(self, promised: Speaker) -> None:
        assert words(promised.judge(DUE + HOUR, None)) == []

    def test_after_it_the_band_has_one_interval_more(self, promised: Speaker) -> None:
        hear(promised, beat(EIGHT - HOUR, interval_s=1200.0))
        back = DUE + HOUR
        assert judge(promised, back + 1200 * S - 1, since=back) == []
        assert judge(promised, back + 1200 * S, since=back) == [(OPENED, back + 1200 * S, END)]

    def test_a_band_that_reports_once_a_day_has_no_more_than_an_hour(self, promised: Speaker) -> None:
        hear(promised, beat(EIGHT - HOUR, interval_s=86_400.0))
        back = DUE + HOUR
        assert judge(promised, back + HOUR - 1, since=back) == []
        assert judge(promised, back + HOUR, since=back) == [(OPENED, back + HOUR, END)]

    def test_a_press_that_was_stored_meanwhile_keeps_it_at_its_own_time(self, promised: Speaker) -> None:
        back = DUE + HOUR
        stored = check_in(EIGHT + 10 * MINUTE, received=back + MINUTE)
        assert words(promised.hear([stored], back + MINUTE)) == [(KEPT, EIGHT + 10 * MINUTE, END)]
        assert judge(promised, back + DAY, since=back) == []

    def test_of_reminders_that_it_skipped_one_is_made_up(self, promised: Speaker) -> None:
        judge(promised, DUE)
        back = DUE + 5 * HOUR
        assert judge(promised, back + 300 * S, since=back) == [(EVIDENCE, back + 300 * S, END)]
        assert judge(promised, back + 300 * S + 30 * MINUTE - 1, since=back) == []


class TestPress:
    @pytest.mark.parametrize("at", [EIGHT, END - 1, END, DUE - 1])
    def test_it_keeps_the_promise_and_that_is_said_once(self, promised: Speaker, at: int) -> None:
        assert hear(promised, check_in(at)) == [(KEPT, at, END)]
        assert hear(promised, check_in(at + MINUTE)) == []
        assert judge(promised, DUE + DAY) == []

    def test_an_hour_before_it_opens_counts_but_no_earlier(self, promised: Speaker) -> None:
        assert hear(promised, check_in(EIGHT - HOUR - 1)) == []
        assert hear(promised, check_in(EIGHT - HOUR)) == [(KEPT, EIGHT - HOUR, END)]

    def test_one_press_does_not_keep_two_that_follow_each_other(self, promised: Speaker) -> None:
        promised.apply(change(window(0, END + 10 * MINUTE, END + HOUR)))
        assert hear(promised, check_in(END - MINUTE)) == [(KEPT, END - MINUTE, END)]
        assert hear(promised, check_in(END + 5 * MINUTE)) == [(KEPT, END + 5 * MINUTE, END + HOUR)]

    def test_one_from_yesterday_that_arrives_in_time_does_not_count(self, promised: Speaker) -> None:
        assert hear(promised, check_in(EIGHT - 12 * HOUR, received=EIGHT + HOUR)) == []
        assert judge(promised, DUE) == [(OPENED, DUE, END)]

    def test_after_the_alarm_it_ends_it(self, promised: Speaker) -> None:
        judge(promised, DUE)
        at = DUE + HOUR
        assert hear(promised, check_in(at)) == [(KEPT, at, END), (RECOVERED, at, END)]
        assert judge(promised, DUE + DAY) == []

    def test_one_that_was_made_in_time_ends_the_alarm_when_it_arrives(self, promised: Speaker) -> None:
        judge(promised, DUE)
        late = check_in(EIGHT + MINUTE, received=DUE + HOUR)
        assert hear(promised, late) == [(KEPT, EIGHT + MINUTE, END), (RECOVERED, EIGHT + MINUTE, END)]

    def test_one_for_the_first_does_not_end_what_the_second_missed_opened(self, promised: Speaker) -> None:
        promised.apply(change(window(0, EIGHT + 10 * HOUR, END + 10 * HOUR)))
        judge(promised, DUE)
        judge(promised, DUE + 10 * HOUR)
        now = DUE + 10 * HOUR + MINUTE
        assert hear(promised, check_in(EIGHT, received=now)) == [(KEPT, EIGHT, END)]
        assert hear(promised, check_in(now + MINUTE))[-1] == (RECOVERED, now + MINUTE, END)

    def test_a_weeks_presses_that_arrive_together_keep_each_its_own(self, speaker: Speaker) -> None:
        for day in range(3):
            speaker.apply(change(window(0, EIGHT + day * DAY, END + day * DAY)))
        presses = [check_in(EIGHT + day * DAY + MINUTE, received=EIGHT + 3 * DAY) for day in range(3)]
        kept = [(KEPT, EIGHT + day * DAY + MINUTE, END + day * DAY) for day in range(3)]
        assert hear(speaker, *presses) == kept

    def test_what_was_missed_before_is_kept_late_by_the_next(self, promised: Speaker) -> None:
        promised.apply(change(window(0, EIGHT + DAY, END + DAY)))
        judge(promised, DUE)
        at = EIGHT + DAY + MINUTE
        assert hear(promised, check_in(at)) == [(KEPT, at, END + DAY), (RECOVERED, at, END), (KEPT, at, END)]

    def test_an_untrusted_one_does_not_count(self, promised: Speaker) -> None:
        assert hear(promised, check_in(EIGHT, trusted=False)) == []
        assert judge(promised, DUE) == [(OPENED, DUE, END)]

    def test_it_counts_for_whoever_wore_the_band_then(self, promised: Speaker) -> None:
        promised.apply(change(resident(1)))
        promised.apply(change(assignment(0, 1, id="next", from_ms=EIGHT + HOUR)))
        promised.apply(change(window(1, EIGHT, END, key="other")))
        assert [v.said.resident for v in promised.hear([check_in(EIGHT + MINUTE)], EIGHT + 2 * HOUR)] == [0]
        assert [v.said.resident for v in promised.hear([check_in(EIGHT + HOUR)], EIGHT + 2 * HOUR)] == [1]

    def test_one_on_the_households_box_counts_for_everybody_of_it(self, nobody: Speaker) -> None:
        for slot in range(3):
            nobody.apply(change(resident(slot, household="h" if slot < 2 else "g")))
            nobody.apply(change(window(slot, EIGHT, END)))
        nobody.apply(change(device(3, type="box")))
        nobody.apply(change(assignment(3, None)))
        kept = nobody.hear([check_in(EIGHT, 3)], EIGHT)
        assert [(v.said.what, v.said.resident) for v in kept] == [(KEPT, 0), (KEPT, 1)]
        opened = [v.said for v in nobody.judge(DUE, LONG_AGO) if v.said.rule == Rule.MISSED_CHECK_CHECKIN]
        assert [(said.what, said.resident) for said in opened] == [(OPENED, 2)]
        assert hear(nobody, check_in(DUE, 3)) == []

    def test_a_large_household_is_told_with_the_look_that_follows(self, nobody: Speaker) -> None:
        for slot in range(6):
            nobody.apply(change(resident(slot, household="h")))
            nobody.apply(change(window(slot, EIGHT, END)))
        nobody.apply(change(device(7, type="box")))
        nobody.apply(change(assignment(7, None)))
        kept = nobody.hear([check_in(EIGHT, 7)], EIGHT) + nobody.judge(EIGHT, LONG_AGO)
        assert [(v.said.what, v.said.resident, v.said.t) for v in kept] == [(KEPT, slot, EIGHT) for slot in range(6)]


class TestSightings:
    @pytest.mark.parametrize("by", ["button", "sign", "call"])
    def test_somebody_who_vouches_keeps_every_promise(self, speaker: Speaker, by: KeptBy) -> None:
        speaker.apply(change(window(0, EIGHT, END, by=by)))
        speaker.apply(change(seen(0, EIGHT + HOUR)))
        assert judge(speaker, EIGHT + HOUR) == [(KEPT, EIGHT + HOUR, END)]
        assert judge(speaker, DUE + DAY) == []

    def test_after_the_alarm_it_ends_it(self, promised: Speaker) -> None:
        judge(promised, DUE)
        promised.apply(change(seen(0, DUE + MINUTE)))
        assert judge(promised, DUE + 2 * MINUTE) == [(RECOVERED, DUE + MINUTE, END), (KEPT, DUE + MINUTE, END)]

    def test_one_from_before_does_not_count(self, promised: Speaker) -> None:
        promised.apply(change(seen(0, EIGHT - 2 * HOUR)))
        assert judge(promised, DUE) == [(OPENED, DUE, END)]

    def test_one_taken_back_does_not_count(self, promised: Speaker) -> None:
        promised.apply(change(seen(0, EIGHT + HOUR)))
        promised.apply(change(None, "sighting", "r0"))
        assert judge(promised, DUE) == [(OPENED, DUE, END)]


class TestBy:
    @pytest.mark.parametrize(("by", "kept"), [("sign", True), ("button", False), ("call", False)])
    def test_any_sign_of_life_keeps_what_may_be_kept_by_one(self, speaker: Speaker, by: KeptBy, kept: bool) -> None:
        speaker.apply(change(window(0, EIGHT, END, by=by)))
        assert hear(speaker, pressure(EIGHT + MINUTE)) == ([(KEPT, EIGHT + MINUTE, END)] if kept else [])

    @pytest.mark.parametrize("by", ["sign", "button", "call"])
    def test_a_press_keeps_every_kind(self, speaker: Speaker, by: KeptBy) -> None:
        speaker.apply(change(window(0, EIGHT, END, by=by)))
        assert hear(speaker, check_in(EIGHT)) == [(KEPT, EIGHT, END)]

    def test_a_band_that_reports_from_a_table_is_no_sign_of_life(self, speaker: Speaker) -> None:
        speaker.apply(change(window(0, EIGHT, END, by="sign")))
        assert hear(speaker, beat(EIGHT + MINUTE, charging=True)) == []
        assert Word(OPENED, DUE, END) in judge(speaker, DUE)

    def test_a_sign_ends_the_alarm_of_one_that_it_would_have_kept(self, speaker: Speaker) -> None:
        speaker.apply(change(window(0, EIGHT, END, by="sign")))
        judge(speaker, DUE)
        assert hear(speaker, pressure(DUE + HOUR)) == [(KEPT, DUE + HOUR, END), (RECOVERED, DUE + HOUR, END)]

    def test_a_sign_does_not_end_the_alarm_of_a_press_that_did_not_come(self, promised: Speaker) -> None:
        judge(promised, DUE)
        assert hear(promised, pressure(DUE + MINUTE)) == []


class TestChanges:
    @pytest.mark.parametrize("status", ["away", "hospital", "paused", "moved", "deceased"])
    def test_whoever_is_not_looked_after_as_usual_is_excused(self, promised: Speaker, status: str) -> None:
        promised.apply(change(resident(0, status=status)))
        assert judge(promised, DUE + HOUR) == [(EXCUSED, DUE, END)]
        promised.apply(change(resident(0)))
        assert judge(promised, DUE + 2 * HOUR) == []

    def test_who_is_back_before_the_deadline_is_asked(self, promised: Speaker) -> None:
        promised.apply(change(resident(0, status="hospital")))
        judge(promised, DUE - 1)
        promised.apply(change(resident(0)))
        assert judge(promised, DUE) == [(OPENED, DUE, END)]

    def test_whoever_goes_away_is_not_asked_again_for_what_they_missed(self, promised: Speaker) -> None:
        judge(promised, DUE)
        promised.apply(change(resident(0, status="hospital")))
        promised.apply(change(resident(0)))
        assert judge(promised, DUE + 2 * HOUR) == []

    def test_switched_off_it_excuses_and_what_stands_it_follows_to_its_end(self, promised: Speaker) -> None:
        promised.apply(change(window(0, EIGHT + 10 * HOUR, END + 10 * HOUR)))
        judge(promised, DUE)
        promised.apply(change(parameter("missed_check.checkin.enabled", 0.0)))
        assert judge(promised, DUE + 10 * HOUR) == [(EXCUSED, DUE + 10 * HOUR, END + 10 * HOUR)]
        at = DUE + 11 * HOUR
        assert hear(promised, check_in(at)) == [(RECOVERED, at, END), (KEPT, at, END)]

    def test_one_that_failed_says_nothing_and_remembers_the_press(self, promised: Speaker) -> None:
        promised.disable(Rule.MISSED_CHECK_CHECKIN)
        assert hear(promised, check_in(EIGHT)) == []
        assert judge(promised, DUE) == []
        promised.enable(Rule.MISSED_CHECK_CHECKIN)
        assert judge(promised, DUE + MINUTE) == [(KEPT, EIGHT, END)]

    def test_a_promise_that_is_no_longer_made_is_not_missed(self, promised: Speaker) -> None:
        promised.apply(change(None, "check_window", f"w0/{END}"))
        assert judge(promised, DUE) == []

    def test_a_press_counts_also_for_the_promise_as_it_is_after_a_change(self, promised: Speaker) -> None:
        hear(promised, check_in(EIGHT + 30 * MINUTE))
        promised.apply(change(None, "check_window", f"w0/{END}"))
        promised.apply(change(window(0, EIGHT, END + HOUR)))
        assert judge(promised, EIGHT + 31 * MINUTE) == [(KEPT, EIGHT + 30 * MINUTE, END + HOUR)]
        assert judge(promised, DUE + DAY) == []

    def test_one_that_ends_later_now_is_waited_for_until_then(self, promised: Speaker) -> None:
        promised.apply(change(window(0, EIGHT, END + HOUR, key=f"w0/{END}")))
        assert judge(promised, DUE) == []
        assert judge(promised, DUE + HOUR) == [(OPENED, DUE + HOUR, END + HOUR)]

    def test_what_was_said_of_one_stands_while_its_end_is_the_same(self, promised: Speaker) -> None:
        judge(promised, DUE)
        promised.apply(change(window(0, EIGHT + HOUR, END, grace_ms=HOUR)))
        assert judge(promised, DUE + MINUTE) == []

    def test_what_was_missed_stands_though_the_check_itself_is_forgotten(self, promised: Speaker) -> None:
        judge(promised, DUE)
        promised.apply(change(None, "check_window", f"w0/{END}"))
        assert judge(promised, DUE + 30 * MINUTE) == [(EVIDENCE, DUE + 30 * MINUTE, END)]
        assert hear(promised, check_in(DUE + HOUR)) == [(RECOVERED, DUE + HOUR, END)]


class TestSigns:
    @pytest.fixture
    def watched(self, speaker: Speaker) -> Speaker:
        """Somebody of whom any sign of life between 08:00 and 09:30 is enough."""
        speaker.apply(change(window(0, EIGHT, END, by="sign")))
        return speaker

    @pytest.mark.parametrize("kind", [Kind.SOS, Kind.SERVICE, Kind.EXERCISE])
    def test_whoever_presses_asks_or_trains_gives_one(self, watched: Speaker, kind: Kind) -> None:
        assert hear(watched, Told(0, kind, EIGHT, EIGHT)) == [(KEPT, EIGHT, END)]

    @pytest.mark.parametrize(
        ("fields", "sign"),
        [
            ({"activity": 3.0}, True),
            ({"activity": 0.0}, False),
            ({"activity": 3.0, "worn": False}, False),
            ({"activity": 3.0, "charging": True}, False),
            ({"steps": 1010}, True),
            ({"steps": 1000}, False),
            ({"steps": 0}, False),
            ({}, False),
        ],
    )
    def test_whoever_moves_with_the_band_on_gives_one(
        self, watched: Speaker, fields: dict[str, Any], sign: bool
    ) -> None:
        hear(watched, beat(EIGHT - 2 * HOUR, steps=1000))
        assert hear(watched, beat(EIGHT, **fields)) == ([(KEPT, EIGHT, END)] if sign else [])

    def test_the_first_total_that_a_band_tells_is_none(self, watched: Speaker) -> None:
        assert hear(watched, beat(EIGHT, steps=1000)) == []

    def test_what_another_wearer_walked_is_none(self, watched: Speaker) -> None:
        watched.apply(change(resident(1)))
        watched.apply(change(window(1, EIGHT, END, by="sign", key="other")))
        watched.apply(change(assignment(0, 1, id="next", from_ms=EIGHT + MINUTE)))
        hear(watched, beat(EIGHT, steps=1000))
        assert hear(watched, beat(EIGHT + 5 * MINUTE, steps=1200)) == []
        assert hear(watched, beat(EIGHT + 10 * MINUTE, steps=1250)) == [(KEPT, EIGHT + 10 * MINUTE, END)]

    @pytest.mark.parametrize(
        ("worn", "fields", "sign"),
        [
            ("band", {"heart_rate_bpm": 70.0}, False),
            ("band", {"systolic_mmhg": 130.0, "diastolic_mmhg": 80.0}, True),
            ("scales", {"heart_rate_bpm": 70.0}, True),
        ],
    )
    def test_a_vital_sign_is_one_when_somebody_has_to_take_it(
        self, watched: Speaker, worn: str, fields: dict[str, Any], sign: bool
    ) -> None:
        watched.apply(change(device(0, type=worn)))
        assert hear(watched, vital(EIGHT, **fields)) == ([(KEPT, EIGHT, END)] if sign else [])

    @pytest.mark.parametrize(
        ("worn", "samples", "aside", "sign"),
        [
            ("band", STIRRING, {}, True),
            ("band", AT_REST, {}, False),
            ("band", STIRRING, {"worn": False}, False),
            ("band", STIRRING, {"charging": True}, False),
            ("box", STIRRING, {}, False),
        ],
    )
    def test_the_motion_of_what_is_worn_is_one_when_it_moves(
        self, watched: Speaker, worn: str, samples: Samples, aside: dict[str, bool], *, sign: bool
    ) -> None:
        watched.apply(change(device(0, type=worn)))
        hear(watched, beat(EIGHT - HOUR, **aside))
        assert hear(watched, felt(EIGHT, samples)) == ([(KEPT, EIGHT, END)] if sign else [])

    def test_of_a_press_and_a_sign_at_once_the_press_is_told(self, nobody: Speaker) -> None:
        for each in (resident(0, household="h"), device(0), assignment(0), device(3, type="box"), assignment(3, None)):
            nobody.apply(change(each))
        nobody.apply(change(window(0, EIGHT, END, by="button")))
        nobody.apply(change(window(0, END, END + HOUR, by="sign")))
        judge(nobody, DUE)
        nobody.hear([pressure(END + HOUR), check_in(END + HOUR, 3)], END + HOUR)
        late = [v for v in nobody.judge(END + HOUR, LONG_AGO) if v.said.what == KEPT]
        assert [(v.said.opening_t, v.evidence["kept_by"]) for v in late] == [(END, 0.0)]


def test_who_is_away_again_and_again_says_that_a_check_was_missed_before_it_is_too_old(promised: Speaker) -> None:
    hear(promised, beat(EIGHT, interval_s=3600.0))
    said: list[Word] = []
    for now in range(END, END + 2 * DAY, 10 * MINUTE):
        said += judge(promised, now, now - now % (50 * MINUTE))
    assert said == [Word(OPENED, END + 23 * HOUR, END)]
