"""What silence says as time goes on: judged again while it lasts, and of devices that never said anything."""

from __future__ import annotations

import pytest

from alerts.engine import Severity, What
from devices.kinds import Kind
from tests.reference.oracle import Rule, Told
from tests.reference.oracle.words import CRIES
from tests.reference.speakers import Speaker
from tests.reference.streams import assignment, beat, change, device, fix, parameter, resident

S = 1000
MINUTE = 60 * S
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOON = 1_750_132_800_000
"""2025-06-17T12:00 in Shanghai."""
LIMIT = 630 * S
LONG_AGO = NOON - 30 * DAY


Judged = tuple[What, Severity, int]


def judged(speaker: Speaker, now: int, since: int = LONG_AGO, rule: Rule = Rule.MISSED_CHECK_SILENT) -> list[Judged]:
    said = [one.said for one in speaker.judge(now, since)]
    return [(What(one.what), Severity(one.severity), one.t) for one in said if one.rule == rule]


IMPATIENT = change(parameter("missed_check.silent.loud_after_s", 0.0))


class TestSilence:
    def test_with_nothing_else_against_it_it_is_low_until_nothing_was_heard_for_25_minutes(
        self, speaker: Speaker
    ) -> None:
        speaker.hear([beat(NOON)], NOON)
        loud = NOON + 25 * MINUTE
        assert judged(speaker, NOON + LIMIT) == [(What.OPENED, Severity.LOW, NOON + LIMIT)]
        assert judged(speaker, loud - 1) == []
        assert judged(speaker, loud) == [(What.EVIDENCE, Severity.MEDIUM, loud)]
        assert judged(speaker, loud + 30 * MINUTE) == [(What.EVIDENCE, Severity.MEDIUM, loud + 30 * MINUTE)]

    def test_outside_every_zone_it_is_high_at_once(self, speaker: Speaker) -> None:
        speaker.hear([fix(NOON, 900), beat(NOON)], NOON)
        assert judged(speaker, NOON + LIMIT) == [(What.OPENED, Severity.HIGH, NOON + LIMIT)]

    def test_it_is_judged_again_every_half_hour_while_it_lasts(self, speaker: Speaker) -> None:
        speaker.apply(IMPATIENT)
        speaker.hear([beat(NOON)], NOON)
        due = NOON + LIMIT
        assert judged(speaker, due) == [(What.OPENED, Severity.MEDIUM, due)]
        assert judged(speaker, due + 30 * MINUTE - 1) == []
        for again in (due + 30 * MINUTE, due + 60 * MINUTE):
            assert judged(speaker, again) == [(What.EVIDENCE, Severity.MEDIUM, again)]
        back = speaker.hear([beat(due + 61 * MINUTE)], due + 61 * MINUTE)
        assert [(one.said.what, one.said.opening_t) for one in back] == [(What.RECOVERED, due)]
        assert judged(speaker, due + 65 * MINUTE) == []

    def test_it_says_how_loud_it_is_by_what_is_known_then(self, speaker: Speaker) -> None:
        speaker.hear([beat(NOON, charging=True)], NOON)
        due = NOON + LIMIT
        assert judged(speaker, due) == [(What.OPENED, Severity.LOW, due)]
        old = NOON + MINUTE
        speaker.hear([beat(old, received=due + 20 * MINUTE, charging=False)], due + 20 * MINUTE)
        speaker.hear([fix(NOON - HOUR, 900, received=due + 20 * MINUTE)], due + 20 * MINUTE)
        assert judged(speaker, due + 30 * MINUTE) == [(What.EVIDENCE, Severity.HIGH, due + 30 * MINUTE)]

    def test_low_because_of_the_night_it_waits_for_the_morning(self, speaker: Speaker) -> None:
        evening, morning = NOON + 11 * HOUR, NOON + 18 * HOUR
        speaker.hear([fix(evening, 20), beat(evening)], evening)
        due = evening + LIMIT
        assert judged(speaker, due) == [(What.OPENED, Severity.LOW, due)]
        assert judged(speaker, morning - 1) == []
        assert judged(speaker, morning) == [(What.EVIDENCE, Severity.MEDIUM, morning)]
        assert judged(speaker, morning + 30 * MINUTE) == [(What.EVIDENCE, Severity.MEDIUM, morning + 30 * MINUTE)]

    def test_a_reminder_that_falls_into_the_night_waits_for_the_morning(self, speaker: Speaker) -> None:
        speaker.apply(IMPATIENT)
        evening, morning = NOON + 9 * HOUR + 30 * MINUTE, NOON + 18 * HOUR
        speaker.hear([fix(evening, 20), beat(evening)], evening)
        due = evening + LIMIT
        assert judged(speaker, due) == [(What.OPENED, Severity.MEDIUM, due)]
        assert judged(speaker, morning - 1) == []
        assert judged(speaker, morning) == [(What.EVIDENCE, Severity.MEDIUM, morning)]

    def test_of_reminders_that_our_absence_skipped_one_is_made_up(self, speaker: Speaker) -> None:
        speaker.hear([beat(NOON)], NOON)
        due = NOON + LIMIT
        judged(speaker, due)
        back = due + 5 * HOUR
        told = back + 300 * S
        assert judged(speaker, told - 1, since=back) == []
        assert judged(speaker, told, since=back) == [(What.EVIDENCE, Severity.MEDIUM, told)]
        assert judged(speaker, told + 29 * MINUTE, since=back) == []
        assert judged(speaker, told + 30 * MINUTE, since=back) == [(What.EVIDENCE, Severity.MEDIUM, told + 30 * MINUTE)]

    def test_switched_off_it_says_nothing(self, speaker: Speaker) -> None:
        speaker.apply(change(parameter("missed_check.silent.enabled", 0.0, "site")))
        speaker.hear([beat(NOON)], NOON)
        assert judged(speaker, NOON + DAY) == []
        speaker.apply(change(None, "parameter", "site/s/missed_check.silent.enabled"))
        assert judged(speaker, NOON + DAY)[0] == (What.OPENED, Severity.LOW, NOON + LIMIT)


class TestFault:
    rule = Rule.DEVICE_FAULT

    def alone_silent(self, speaker: Speaker) -> int:
        """Of two bands of one resident the first is silent; its deadline."""
        speaker.apply(change(device(1)))
        speaker.apply(change(assignment(1, 0)))
        speaker.hear([beat(NOON, interval_s=86_400.0, device_slot=1), beat(NOON)], NOON)
        return NOON + LIMIT

    def test_it_is_told_again_every_day_while_it_stands(self, speaker: Speaker) -> None:
        due = self.alone_silent(speaker)
        assert judged(speaker, due, rule=self.rule) == [(What.OPENED, Severity.LOW, due)]
        assert judged(speaker, due + DAY - 1, rule=self.rule) == []
        assert judged(speaker, due + DAY, rule=self.rule) == [(What.EVIDENCE, Severity.LOW, due + DAY)]
        assert [one.said.what for one in speaker.hear([beat(due + DAY)], due + DAY)] == [What.RECOVERED]
        assert judged(speaker, due + DAY, rule=self.rule) == []

    def test_of_reminders_that_our_absence_skipped_one_is_made_up(self, speaker: Speaker) -> None:
        due = self.alone_silent(speaker)
        judged(speaker, due, rule=self.rule)
        back = due + 5 * DAY
        told = back + 300 * S
        assert judged(speaker, told, since=back, rule=self.rule) == [(What.EVIDENCE, Severity.LOW, told)]
        assert judged(speaker, told + DAY - 1, since=back, rule=self.rule) == []

    def test_a_band_that_never_reported_is_missed_after_two_days(self, speaker: Speaker) -> None:
        speaker.apply(change(assignment(from_ms=NOON)))
        due = NOON + 2 * DAY
        assert judged(speaker, due - 1, rule=self.rule) == []
        opened = [one for one in speaker.judge(due, LONG_AGO) if one.said.rule == self.rule]
        assert [(one.said.what, one.said.t, one.evidence["never_reported"]) for one in opened] == [
            (What.OPENED, due, 1)
        ]
        said = [one.said for one in speaker.hear([beat(NOON, received=due + HOUR)], due + HOUR)]
        assert [(one.what, one.opening_t) for one in said] == [(What.RECOVERED, due)]

    def test_a_handover_planned_for_later_counts_from_its_own_time(self, speaker: Speaker) -> None:
        speaker.apply(change(assignment(from_ms=NOON)))
        assert judged(speaker, NOON - DAY, rule=self.rule) == []
        assert judged(speaker, NOON + 2 * DAY, rule=self.rule) == [(What.OPENED, Severity.LOW, NOON + 2 * DAY)]

    def test_after_our_own_absence_it_gets_an_interval_more(self, speaker: Speaker) -> None:
        speaker.apply(change(assignment(from_ms=NOON)))
        since = NOON + 2 * DAY
        assert judged(speaker, since + 300 * S - 1, since, self.rule) == []
        assert judged(speaker, since + 300 * S, since, self.rule) == [(What.OPENED, Severity.LOW, since + 300 * S)]

    def test_what_it_said_for_others_is_not_heard_of_this_wearer(self, speaker: Speaker) -> None:
        speaker.hear([beat(NOON - HOUR)], NOON)
        speaker.apply(change(resident(1)))
        speaker.apply(change(assignment(0, 1, id="next", from_ms=NOON)))
        due = NOON + 2 * DAY
        assert judged(speaker, due, rule=self.rule) == [(What.OPENED, Severity.LOW, due)]
        before = beat(NOON - MINUTE, received=due)
        assert speaker.hear([before], due) == []

    @pytest.mark.parametrize(("kind", "missed"), [("box", True), ("pendant", True), ("rower", False)])
    def test_a_households_device_is_missed_when_it_is_watched(self, nobody: Speaker, kind: str, missed: bool) -> None:
        nobody.apply(change(device(3, type=kind)))
        nobody.apply(change(assignment(3, None, from_ms=NOON)))
        assert (judged(nobody, NOON + 2 * DAY, rule=self.rule) != []) is missed

    def test_nobodys_device_and_that_of_somebody_in_hospital_is_not_missed(self, speaker: Speaker) -> None:
        speaker.apply(change(device(1)))
        speaker.apply(change(resident(0, status="hospital")))
        assert judged(speaker, NOON + 9 * DAY, rule=self.rule) == []

    def test_switched_off_it_says_nothing(self, speaker: Speaker) -> None:
        speaker.apply(change(parameter("device.fault.enabled", 0.0)))
        assert judged(speaker, NOON + 9 * DAY, rule=self.rule) == []


class TestBattery:
    def test_it_is_told_again_after_a_day(self, speaker: Speaker) -> None:
        levels = [(NOON, 14.0), (NOON + HOUR, 10.0), (NOON + DAY, 20.0), (NOON + DAY + 1, 15.0), (NOON + 2 * DAY, 3.0)]
        readings = [beat(t, battery_pct=level) for t, level in levels]
        said = [one.said for one in speaker.hear(readings, NOON + 2 * DAY)]
        assert [(one.reading, one.what) for one in said] == [(0, What.OPENED), (3, What.EVIDENCE)]
        late = beat(NOON + 5 * DAY, received=NOON + 6 * DAY, battery_pct=3.0)
        assert speaker.hear([late], NOON + 6 * DAY) == []
        charged = beat(NOON + 7 * DAY, battery_pct=25.0)
        assert [one.said.what for one in speaker.hear([charged], NOON + 7 * DAY)] == [What.RECOVERED]

    def test_a_fall_is_told_though_all_else_is_switched_off(self, speaker: Speaker) -> None:
        for rule in Rule:
            if rule not in CRIES:
                speaker.apply(change(parameter(f"{rule.public_name}.enabled", 0.0)))
        readings = [beat(NOON, battery_pct=3.0), Told(0, Kind.FALL, NOON, NOON, fields={"confidence": 0.8})]
        said = [one.said for one in speaker.hear(readings, NOON)]
        assert [(one.rule, one.severity) for one in said] == [(Rule.FALL_DEVICE, Severity.CRITICAL)]
