"""How episodes become alarms (contract section 3, from "One active alarm per subject and rule")."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alerts.alarm import Alarm, Episode, Latency, Place, State, follower_id
from alerts.folding import FoldContext, active_for, fold
from alerts.policy import MISSED_RULES
from tests.support.alarms import HOUR, MINUTE, SECOND, T0, an_alarm, an_episode


def folded(active: Alarm | None, episode: Episode, now: int | None = None, **context: Any) -> Alarm:
    alarm = fold(active, episode, episode.t if now is None else now, context=FoldContext(**context)).alarm
    assert alarm is not None
    return alarm


def in_state(state: State, rule: str = "sos.button", **fields: Any) -> Alarm:
    return an_alarm(rule, state=state, assignee="li", **fields)


class TestOpening:
    def test_an_episode_without_an_active_alarm_opens_one_with_its_id(self) -> None:
        episode = an_episode(t=T0, late=True, evidence={"lat_deg": 1.0})
        alarm = folded(None, episode, T0 + 20 * MINUTE, latency=Latency(transport=1, decided=2, commit_issued=3))
        assert alarm.id == alarm.case == episode.id
        assert (alarm.state, alarm.version, alarm.count, alarm.kind) == ("open", 1, 1, "sos")
        assert (alarm.event_time, alarm.raised_at, alarm.late) == (T0, T0 + 20 * MINUTE, True)
        assert [entry.event for entry in alarm.timeline] == ["opened"]
        assert alarm.latency_ms is not None

    def test_an_alarm_keeps_the_version_of_the_parameters_under_which_it_was_decided(self) -> None:
        opened = folded(None, an_episode(parameters=17))
        assert opened.parameters_version == 17
        later = an_episode(what="evidence", t=T0 + MINUTE, opening_t=T0, parameters=23)
        assert folded(opened, later).parameters_version == 17

    def test_a_replayed_opening_changes_nothing(self) -> None:
        alarm = an_alarm()
        assert fold(alarm, an_episode(), T0 + HOUR).change == "nothing"

    @pytest.mark.parametrize("state", ["resolved", "closed", "cancelled", "suppressed"])
    def test_an_episode_whose_alarm_has_ended_opens_no_second_one(self, state: State) -> None:
        ended = in_state(state)
        result = fold(None, an_episode(), T0 + HOUR, context=FoldContext(ended=ended))
        assert (result.alarm, result.change) == (ended, "nothing")

    @pytest.mark.parametrize("state", ["resolved", "closed", "cancelled"])
    @pytest.mark.parametrize("rule", ["sos.button", "fall.device", "fall.motion"])
    def test_a_cry_right_after_its_alarm_was_ended_opens_a_follower(self, rule: str, state: State) -> None:
        ended = in_state(state, rule)
        again = an_episode(rule, T0 + 20 * SECOND, opening_t=T0, what="evidence")
        follower = folded(None, again, ended=ended)
        assert (follower.id, follower.previous, follower.state) == (follower_id(ended.id), ended.id, "open")

    def test_evidence_soon_after_the_end_opens_nothing(self) -> None:
        ended = in_state("resolved", "wandering.zone_exit")
        episode = an_episode("wandering.zone_exit", what="evidence")
        assert fold(None, episode, T0 + 10 * MINUTE - 1, context=FoldContext(ended=ended)).change == "nothing"

    @pytest.mark.parametrize(
        ("rule", "wait_ms"),
        [
            ("wandering.zone_exit", 10 * MINUTE),
            ("missed_check.silent", 30 * MINUTE),
            ("device.battery_low", 24 * HOUR),
        ],
    )
    def test_an_episode_that_outlives_its_alarm_opens_a_follower(self, rule: str, wait_ms: int) -> None:
        ended = in_state("resolved", rule)
        follower = folded(None, an_episode(rule, what="evidence"), T0 + wait_ms, ended=ended)
        assert (follower.id, follower.previous, follower.state) == (follower_id(ended.id), ended.id, "open")

    def test_alarms_of_the_same_resident_and_kind_share_a_case(self) -> None:
        first = an_alarm("missed_check.silent")
        other_kind = an_alarm("sos.button")
        second = folded(None, an_episode("missed_check.checkin"), of_resident=(other_kind, first))
        assert second.case == first.case != second.id

    def test_silence_is_high_while_a_cry_for_help_is_active(self) -> None:
        alone = folded(None, an_episode("missed_check.silent", severity="low"))
        after_sos = folded(None, an_episode("missed_check.silent", severity="low"), of_resident=(an_alarm(),))
        assert (alone.severity, after_sos.severity) == ("low", "high")

    @pytest.mark.parametrize("severity", ["critical", "high"])
    def test_how_certain_a_fall_must_be_is_the_engines_matter(self, severity: str) -> None:
        episode = an_episode("fall.device", severity=severity, evidence={"confidence": 0.5})
        assert folded(None, episode).severity == severity

    def test_a_cry_from_nobodys_device_is_high(self) -> None:
        assert folded(None, an_episode(resident=None, subject="device:band-1")).severity == "high"

    def test_recovery_and_cancel_without_an_alarm_open_nothing(self) -> None:
        for what in ("recovered", "cancelled"):
            assert fold(None, an_episode(what=what), T0).alarm is None


class TestMoreEvidence:
    def test_evidence_raises_only_the_count(self) -> None:
        alarm = an_alarm("wandering.zone_exit")
        result = fold(alarm, an_episode("wandering.zone_exit", T0 + MINUTE, what="evidence"), T0 + MINUTE)
        assert result.alarm is not None
        assert result.count_only
        assert (result.alarm.count, result.alarm.last_event_time, result.alarm.version) == (2, T0 + MINUTE, 2)
        assert result.alarm.timeline == alarm.timeline

    def test_severity_only_rises(self) -> None:
        alarm = an_alarm("missed_check.silent")
        worse = folded(alarm, an_episode("missed_check.silent", severity="high", what="evidence"))
        milder = folded(worse, an_episode("missed_check.silent", severity="low", what="evidence"))
        assert (worse.severity, worse.timeline[-1].event, worse.timeline[-1].note) == (
            "high",
            "severity_raised",
            "high",
        )
        assert milder.severity == "high"

    @pytest.mark.parametrize(
        ("state", "after", "events"),
        [
            ("open", "open", ["severity_raised"]),
            ("acknowledged", "open", ["severity_raised", "again"]),
            ("dispatched", "dispatched", ["severity_raised", "again"]),
            ("on_scene", "on_scene", ["severity_raised", "again"]),
        ],
    )
    def test_a_silence_of_the_night_that_still_stands_in_the_morning_sounds_again(
        self, state: State, after: State, events: list[str]
    ) -> None:
        rule, morning = "missed_check.silent", T0 + 7 * HOUR
        night = folded(None, an_episode(rule, severity="low"))
        night = msgspec.structs.replace(night, state=state, assignee="li")
        result = fold(night, an_episode(rule, morning, opening_t=T0, what="evidence", severity="medium"), morning)
        assert result.alarm is not None
        assert (result.change, result.count_only) == ("changed", False)
        assert (result.alarm.id, result.alarm.severity, result.alarm.state) == (night.id, "medium", after)
        assert result.alarm.assignee == (None if state == "acknowledged" else "li")
        assert (result.alarm.version, result.alarm.last_event_time) == (night.version + 1, morning)
        entries = result.alarm.timeline[len(night.timeline) :]
        assert [entry.event for entry in entries] == events
        assert (entries[0].t, entries[0].actor, entries[0].note) == (morning, "engine", "medium")

    def test_a_silence_that_is_expected_in_the_morning_too_is_only_counted(self) -> None:
        rule, morning = "missed_check.silent", T0 + 7 * HOUR
        night = folded(None, an_episode(rule, severity="low"))
        result = fold(night, an_episode(rule, morning, opening_t=T0, what="evidence", severity="low"), morning)
        assert result.count_only

    def test_the_numbers_that_made_the_rule_fire_stay_until_worse_ones_come(self) -> None:
        alarm = an_alarm("missed_check.silent", evidence={"silent_for_s": 600})
        same = an_episode("missed_check.silent", what="evidence", evidence={"silent_for_s": 900, "worn": 1})
        worse = msgspec.structs.replace(same, severity="high")
        assert folded(alarm, same).evidence == {"silent_for_s": 600, "worn": 1}
        assert folded(alarm, worse).evidence["silent_for_s"] == 900

    def test_the_newest_position_is_shown(self) -> None:
        alarm = an_alarm(position=Place(lat=1, lon=1, t=T0))
        newer = folded(alarm, an_episode(t=T0 + SECOND, position=Place(lat=2, lon=2, t=T0 + SECOND)))
        older = folded(newer, an_episode(t=T0 - SECOND, position=Place(lat=3, lon=3, t=T0 - SECOND)))
        assert newer.position == older.position == Place(lat=2, lon=2, t=T0 + SECOND)

    @pytest.mark.parametrize("state", ["acknowledged", "dispatched"])
    def test_a_new_press_after_a_minute_puts_a_taken_alarm_back_to_open(self, state: State) -> None:
        again = folded(in_state(state), an_episode(t=T0 + MINUTE + 1))
        assert (again.state, again.assignee, again.timeline[-1].event) == ("open", None, "again")

    def test_a_press_within_a_minute_of_the_last_does_not_sound_again(self) -> None:
        alarm = in_state("acknowledged")
        for at in (T0 + 30 * SECOND, T0 + 90 * SECOND):
            alarm = folded(alarm, an_episode(t=at))
        assert (alarm.state, alarm.count) == ("acknowledged", 3)

    def test_a_press_while_on_scene_sounds_and_is_noted_but_stays(self) -> None:
        again = folded(in_state("on_scene"), an_episode(t=T0 + 2 * MINUTE))
        assert (again.state, again.assignee, again.timeline[-1].event) == ("on_scene", "li", "again")

    def test_a_press_behind_one_of_a_fast_clock_sounds_again(self) -> None:
        ahead = in_state("acknowledged", t=T0 + 4 * MINUTE)
        assert folded(ahead, an_episode(t=T0 + 2 * MINUTE), T0 + 2 * MINUTE).state == "open"
        assert folded(ahead, an_episode(t=T0 + 4 * MINUTE + 1), T0 + 2 * MINUTE).state == "acknowledged"
        assert folded(ahead, an_episode(t=T0 - HOUR, late=True), T0 + 2 * MINUTE).state == "acknowledged"

    def test_a_late_press_that_happened_before_does_not_sound_again(self) -> None:
        again = folded(in_state("acknowledged"), an_episode(t=T0 - HOUR, late=True))
        assert (again.state, again.count, again.last_event_time) == ("acknowledged", 2, T0)

    def test_a_fall_that_becomes_more_certain_within_a_minute_does_not_sound_again(self) -> None:
        doubtful = in_state("acknowledged", "fall.device", severity="high")
        certain = folded(doubtful, an_episode("fall.device", T0 + 30 * SECOND, evidence={"confidence": 0.9}))
        assert (certain.severity, certain.state) == ("critical", "acknowledged")

    def test_other_rules_do_not_go_back_to_open_for_more_of_the_same(self) -> None:
        alarm = in_state("acknowledged", "wandering.zone_exit")
        assert folded(alarm, an_episode("wandering.zone_exit", T0 + HOUR)).state == "acknowledged"

    def test_a_real_press_makes_a_drill_real(self) -> None:
        real = folded(in_state("acknowledged", drill=True), an_episode(t=T0 + SECOND))
        assert (real.drill, real.state) == (False, "open")

    def test_a_drill_press_does_not_make_a_real_alarm_a_drill(self) -> None:
        assert not folded(an_alarm(), an_episode(t=T0 + SECOND, drill=True)).drill

    def test_a_live_press_takes_the_lateness_away(self) -> None:
        assert not folded(an_alarm(late=True), an_episode(t=T0 + SECOND)).late

    @pytest.mark.parametrize(("rule", "related"), [("fall.device", "fall.motion"), ("fall.motion", "fall.device")])
    def test_motion_and_device_falls_within_a_minute_are_one_alarm(self, rule: str, related: str) -> None:
        alarm = an_alarm(related)
        active = {(alarm.subject, related): alarm}
        assert active_for(an_episode(rule, T0 + MINUTE), active) == alarm
        assert active_for(an_episode(rule, T0 - MINUTE), active) == alarm
        assert active_for(an_episode(rule, T0 + MINUTE + 1), active) is None

    def test_an_alarm_of_the_own_rule_comes_before_a_related_one(self) -> None:
        own, related = an_alarm("fall.device"), an_alarm("fall.motion")
        active = {(a.subject, a.rule): a for a in (related, own)}
        assert active_for(an_episode("fall.device", T0 + SECOND), active) == own


class TestRecovery:
    @pytest.mark.parametrize("rule", ["device.battery_low", "missed_check.silent"])
    @pytest.mark.parametrize("state", ["open", "acknowledged", "dispatched", "on_scene"])
    def test_maintenance_and_mild_silence_resolve_by_themselves(self, rule: str, state: State) -> None:
        ended = folded(in_state(state, rule), an_episode(rule, T0 + HOUR, what="recovered"))
        assert (ended.state, ended.recovered_at) == ("resolved", T0 + HOUR)
        assert [(entry.actor, entry.event) for entry in ended.timeline[-2:]] == [
            ("engine", "recovered"),
            ("engine", "resolve"),
        ]

    @pytest.mark.parametrize(("rule", "severity"), [("wandering.zone_exit", "high"), ("missed_check.silent", "high")])
    def test_what_was_serious_waits_for_people(self, rule: str, severity: str) -> None:
        alarm = an_alarm(rule, severity=severity)
        recovered = folded(alarm, an_episode(rule, T0 + HOUR, what="recovered"))
        assert (recovered.state, recovered.recovered_at, recovered.timeline[-1].event) == (
            "open",
            T0 + HOUR,
            "recovered",
        )

    def test_recovering_twice_changes_nothing(self) -> None:
        episode = an_episode("wandering.zone_exit", T0 + HOUR, what="recovered")
        once = folded(an_alarm("wandering.zone_exit"), episode)
        assert fold(once, episode, T0 + HOUR).change == "nothing"

    def test_what_comes_back_stands_again(self) -> None:
        alarm = an_alarm("wandering.zone_exit", recovered_at=T0 + MINUTE)
        back = folded(alarm, an_episode("wandering.zone_exit", T0 + HOUR))
        assert (back.recovered_at, back.timeline[-1].event) == (None, "stands_again")


class TestPressedWell:
    def press(self, rule: str, after_ms: int) -> Episode:
        return an_episode(rule, T0 + after_ms, what="recovered", pressed_well=True)

    @pytest.mark.parametrize("rule", MISSED_RULES)
    @pytest.mark.parametrize("severity", ["low", "medium", "high"])
    @pytest.mark.parametrize("state", ["open", "acknowledged", "dispatched", "on_scene"])
    def test_it_ends_what_was_missed_however_bad(self, rule: str, severity: str, state: State) -> None:
        alarm = msgspec.structs.replace(in_state(state, rule), severity=severity)
        ended = folded(alarm, self.press(rule, HOUR))
        assert (ended.state, ended.recovered_at) == ("resolved", T0 + HOUR)
        assert (ended.timeline[-1].actor, ended.timeline[-1].event) == ("wearer", "resolve")

    def test_it_ends_what_had_recovered_and_still_waited_for_somebody(self) -> None:
        rule = "missed_check.inactivity"
        alarm = an_alarm(rule, severity="high", recovered_at=T0 + MINUTE)
        ended = folded(alarm, self.press(rule, HOUR))
        assert (ended.state, ended.recovered_at) == ("resolved", T0 + MINUTE)

    def test_a_press_of_before_says_nothing_of_what_was_missed_since(self) -> None:
        rule = "missed_check.inactivity"
        assert fold(an_alarm(rule), self.press(rule, -1), T0 + HOUR).change == "nothing"

    def test_where_nothing_is_missed_it_opens_nothing(self) -> None:
        assert fold(None, self.press("missed_check.silent", HOUR), T0 + HOUR).change == "nothing"


class TestWearersCancel:
    def cancel(self, after_ms: int, **fields: Any) -> Episode:
        return an_episode(t=T0 + after_ms, what="cancelled", **fields)

    def test_within_15_s_and_open_it_cancels(self) -> None:
        ended = folded(an_alarm(), self.cancel(15 * SECOND))
        assert (ended.state, ended.timeline[-1].actor, ended.timeline[-1].event) == ("cancelled", "wearer", "cancel")

    @pytest.mark.parametrize(("alarm", "after_ms"), [(an_alarm(), 15 * SECOND + 1), (in_state("acknowledged"), SECOND)])
    def test_later_or_taken_it_is_noted_and_staff_decide(self, alarm: Alarm, after_ms: int) -> None:
        noted = folded(alarm, self.cancel(after_ms))
        assert (noted.state, noted.timeline[-1].event) == (alarm.state, "wearer_cancelled")

    @pytest.mark.parametrize("after_ms", [10 * MINUTE + 1, -1])
    def test_a_press_that_is_too_old_or_yet_to_come_is_not_taken_back(self, after_ms: int) -> None:
        assert fold(an_alarm(), self.cancel(after_ms), T0 + HOUR).change == "nothing"

    def test_another_device_cannot_take_it_back(self) -> None:
        assert fold(an_alarm(), self.cancel(SECOND, device="band-2"), T0).change == "nothing"

    def test_it_does_not_cancel_a_press_that_came_after_it(self) -> None:
        pressed_twice = folded(an_alarm(), an_episode(t=T0 + 10 * SECOND))
        noted = folded(pressed_twice, self.cancel(5 * SECOND))
        assert (noted.state, noted.timeline[-1].event) == ("open", "wearer_cancelled")

    def test_it_does_not_cancel_what_another_device_said_as_well(self) -> None:
        two_bands = folded(an_alarm(), an_episode(t=T0 + SECOND, device="band-2"))
        assert folded(two_bands, self.cancel(2 * SECOND)).state == "open"

    def test_the_same_said_again_at_once_is_not_written_down_again(self) -> None:
        said = folded(in_state("acknowledged"), self.cancel(5 * SECOND))
        assert said.timeline[-1].event == "wearer_cancelled"
        pressed = folded(said, an_episode(t=T0 + 6 * SECOND))
        assert fold(pressed, self.cancel(7 * SECOND), T0 + 7 * SECOND).change == "nothing"
        later = folded(pressed, self.cancel(2 * MINUTE))
        assert [entry.event for entry in later.timeline[-2:]] == ["wearer_cancelled", "wearer_cancelled"]

    def test_it_does_not_cancel_what_sounded_again(self) -> None:
        again = folded(in_state("acknowledged"), an_episode(t=T0 + 2 * MINUTE))
        assert folded(again, self.cancel(2 * MINUTE + SECOND)).state == "open"
