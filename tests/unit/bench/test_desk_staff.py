"""What counts as a sound at the desk, and how alarms are taken and ended there."""

from __future__ import annotations

import numpy as np

from alerts.engine import EPISODE_EVENT, Rule, Severity, What
from bench.desk.day import Cause
from bench.desk.staff import GIVEN_UP_AFTER_MS, HASTY_AFTER_MS, TAKEN_AFTER_MS, Manner, Staff
from devices.clock import MINUTE_MS

T = 1_767_196_800_000


class Desk:
    """A desk that hears events one by one."""

    def __init__(self, manner: Manner = "patient") -> None:
        self.staff = Staff(manner, lambda alarm: Cause.NOTHING_KNOWN)

    def hears(
        self, t: int, rule: Rule, what: What, severity: Severity, *, resident: int = 7, opening: int = T
    ) -> None:  # fmt: skip
        event = np.zeros(1, EPISODE_EVENT)
        event["t"], event["opening_t"], event["opening_seq"] = t, opening, -1
        event["resident"] = event["device"] = resident
        event["rule"], event["what"], event["severity"] = rule, what, severity
        self.staff.hear(event, t)

    def works(self, until: int, since: int = T) -> None:
        for now in range(since, until + 1, MINUTE_MS):
            self.staff.work(now)

    @property
    def heard(self) -> list[tuple[int, str, str]]:
        return [(sound.t - T, sound.rule, sound.kind) for sound in self.staff.sounds]


def test_a_low_alarm_is_raised_without_a_sound() -> None:
    desk = Desk()
    desk.hears(T, Rule.MISSED_CHECK_SILENT, What.OPENED, Severity.LOW)
    assert desk.heard == [(0, "missed_check.silent", "silent")]


def test_more_evidence_of_an_alarm_that_sounds_is_no_second_sound() -> None:
    desk = Desk()
    desk.hears(T, Rule.WANDERING_ZONE_EXIT, What.OPENED, Severity.HIGH)
    desk.hears(T + MINUTE_MS, Rule.WANDERING_ZONE_EXIT, What.EVIDENCE, Severity.HIGH)
    assert desk.heard == [(0, "wandering.zone_exit", "new")]


def test_a_silence_of_the_night_that_grows_worse_in_the_morning_sounds_then() -> None:
    desk = Desk()
    desk.hears(T, Rule.MISSED_CHECK_SILENT, What.OPENED, Severity.LOW)
    desk.works(T + 10 * MINUTE_MS)
    desk.hears(T + 60 * MINUTE_MS, Rule.MISSED_CHECK_SILENT, What.EVIDENCE, Severity.MEDIUM)
    assert desk.heard[1:] == [(60 * MINUTE_MS, "missed_check.silent", "again")]


def test_a_second_press_after_the_first_was_taken_sounds_again() -> None:
    desk = Desk()
    desk.hears(T, Rule.SOS_BUTTON, What.OPENED, Severity.CRITICAL)
    desk.works(T + TAKEN_AFTER_MS)
    later = T + 5 * MINUTE_MS
    desk.hears(later, Rule.SOS_BUTTON, What.OPENED, Severity.CRITICAL, opening=later)
    assert desk.heard == [(0, "sos.button", "new"), (5 * MINUTE_MS, "sos.button", "again")]


def test_a_patient_desk_keeps_what_stands_until_it_recovers() -> None:
    desk = Desk("patient")
    desk.hears(T, Rule.WANDERING_ZONE_EXIT, What.OPENED, Severity.HIGH)
    desk.works(T + 120 * MINUTE_MS)
    desk.hears(T + 120 * MINUTE_MS, Rule.WANDERING_ZONE_EXIT, What.EVIDENCE, Severity.HIGH)
    desk.hears(T + 121 * MINUTE_MS, Rule.WANDERING_ZONE_EXIT, What.RECOVERED, Severity.HIGH)
    desk.works(T + 150 * MINUTE_MS, T + 121 * MINUTE_MS)
    later = T + 200 * MINUTE_MS
    desk.hears(later, Rule.WANDERING_ZONE_EXIT, What.OPENED, Severity.HIGH, opening=later)
    assert [kind for _, _, kind in desk.heard] == ["new", "new"]


def test_what_outlives_a_hasty_desks_close_is_a_new_alarm() -> None:
    desk = Desk("hasty")
    desk.hears(T, Rule.WANDERING_ZONE_EXIT, What.OPENED, Severity.HIGH)
    desk.works(T + TAKEN_AFTER_MS + HASTY_AFTER_MS)
    later = T + TAKEN_AFTER_MS + HASTY_AFTER_MS + 15 * MINUTE_MS
    desk.hears(later, Rule.WANDERING_ZONE_EXIT, What.EVIDENCE, Severity.HIGH)
    assert desk.heard[1:] == [(later - T, "wandering.zone_exit", "follows")]


def test_an_alarm_without_an_end_is_given_up() -> None:
    desk = Desk()
    desk.hears(T, Rule.WANDERING_ZONE_EXIT, What.OPENED, Severity.HIGH)
    desk.works(T + GIVEN_UP_AFTER_MS + 30 * MINUTE_MS)
    later = T + GIVEN_UP_AFTER_MS + 60 * MINUTE_MS
    desk.hears(later, Rule.WANDERING_ZONE_EXIT, What.OPENED, Severity.HIGH, opening=later)
    assert [kind for _, _, kind in desk.heard] == ["new", "new"]
