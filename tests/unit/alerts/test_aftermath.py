"""What belongs to a fall: later looks at the same motion, a second detector, a second band, a walk."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alerts.alarm import Alarm, Episode, State, TimelineEntry
from alerts.asking import may_be_asked
from alerts.folding import FoldContext, active_for, fold
from tests.support.alarms import HOUR, MINUTE, SECOND, T0, an_episode, nth_uuid


def folded(active: Alarm | None, episode: Episode, now: int | None = None, **context: Any) -> Alarm:
    alarm = fold(active, episode, episode.t if now is None else now, context=FoldContext(**context)).alarm
    assert alarm is not None
    return alarm


def seen(after_s: int, severity: str = "high", **evidence: float) -> Episode:
    """What the engine tells of the motion so long after the jolt."""
    told = {"probability": 0.7, "peak_g": 4.0, "still_s": 0, "walking_s": 0, **evidence}
    t = T0 + after_s * SECOND
    return an_episode("fall.motion", t, opening_t=T0, what="evidence", severity=severity, evidence=told)


def probable(rule: str = "fall.motion", **fields: Any) -> Alarm:
    """A fall that may be one, two seconds after the jolt."""
    key = {"fall.motion": "probability", "fall.device": "confidence"}[rule]
    evidence = {key: 0.7, **({"still_s": 0, "walking_s": 0} if rule == "fall.motion" else {})}
    episode = an_episode(rule, severity="high", evidence=evidence)
    return msgspec.structs.replace(folded(None, episode, T0 + 2 * SECOND), **fields)


def said(alarm: Alarm) -> list[tuple[str, str | None]]:
    return [(entry.event, entry.note) for entry in alarm.timeline[1:]]


class TestSeenAfterwards:
    def test_stillness_a_walk_and_a_heart_rate_stand_on_the_timeline_once(self) -> None:
        alarm = probable()
        for _ in range(2):
            alarm = folded(alarm, seen(31, still_s=30))
            alarm = folded(alarm, seen(90, still_s=30, heart_rate_bpm=112))
        assert said(alarm) == [("lies_still", "30"), ("heart_rate", "112")]
        assert (alarm.evidence["still_s"], alarm.evidence["heart_rate_bpm"], alarm.count) == (30, 112, 5)

    def test_a_walk_lowers_the_severity_step_by_step_and_never_below_medium(self) -> None:
        alarm = probable(severity="critical")
        walks = [seen(40, "critical", walking_s=10), seen(50, "critical", walking_s=20), seen(99, walking_s=60)]
        for walk in walks:
            alarm = folded(alarm, walk)
        assert said(alarm) == [
            ("walks", "10"), ("severity_lowered", "high"), ("walks", "60"), ("severity_lowered", "medium"),
        ]  # fmt: skip
        assert folded(alarm, seen(120, walking_s=600)).severity == "medium"

    def test_what_is_told_again_with_the_old_certainty_undoes_no_walk(self) -> None:
        walked = folded(probable(severity="critical"), seen(40, "critical", walking_s=10))
        assert folded(walked, seen(60, "critical", walking_s=10, still_s=30)).severity == "high"
        surer = folded(walked, seen(1, "critical", walking_s=10, probability=0.9))
        assert (surer.severity, surer.evidence["probability"]) == ("critical", 0.9)

    @pytest.mark.parametrize("state", ["acknowledged", "dispatched", "on_scene"])
    def test_what_is_seen_of_a_fall_that_somebody_took_is_no_new_cry(self, state: State) -> None:
        taken = probable(state=state, assignee="li")
        later = folded(taken, seen(240, still_s=30, heart_rate_bpm=60), T0 + 240 * SECOND)
        assert (later.state, later.assignee, later.last_event_time) == (state, "li", T0)
        assert "again" not in [entry.event for entry in later.timeline]

    def test_another_fall_minutes_later_is_a_new_cry_whatever_was_seen_between(self) -> None:
        taken = folded(probable(state="acknowledged", assignee="li"), seen(200, still_s=30))
        t = T0 + 230 * SECOND
        again = folded(taken, an_episode("fall.motion", t, evidence={"probability": 0.6}), t)
        assert (again.state, again.timeline[-1].event) == ("open", "again")

    @pytest.mark.parametrize("state", ["resolved", "closed", "cancelled"])
    def test_what_is_seen_of_a_fall_that_is_over_opens_nothing(self, state: State) -> None:
        ended = probable(state=state)
        for episode in (seen(1, probability=0.99), seen(40, still_s=30), seen(200, walking_s=10)):
            result = fold(None, episode, episode.t, context=FoldContext(ended=ended, falls_ended=(ended,)))
            assert (result.alarm, result.change) == (ended, "nothing")

    def test_a_surer_jolt_after_the_end_is_heard(self) -> None:
        ended = probable(state="cancelled")
        again = seen(40, probability=0.9)
        follower = folded(None, again, ended=ended, falls_ended=(ended,))
        assert (follower.previous, follower.state) == (ended.id, "open")


class TestOneFallToldTwice:
    @pytest.mark.parametrize(("first", "second"), [("fall.device", "fall.motion"), ("fall.motion", "fall.device")])
    def test_both_rules_within_a_minute_are_one_alarm_that_names_the_other(self, first: str, second: str) -> None:
        alarm = probable(first)
        key = {"fall.motion": "probability", "fall.device": "confidence"}[second]
        episode = an_episode(second, T0 + MINUTE, severity="high", evidence={key: 0.4})
        assert active_for(episode, {(alarm.subject, first): alarm}) == alarm
        both = folded(alarm, episode)
        assert (both.evidence["other_rules"], both.evidence[key], both.rule) == ([second], 0.4, first)

    def test_the_greatest_certainty_counts_and_the_numbers_of_the_first_stay(self) -> None:
        alarm = folded(probable(), an_episode("fall.motion", T0 + SECOND, severity="high", evidence={
            "probability": 0.75, "peak_g": 9.0,
        }))  # fmt: skip
        assert alarm.evidence["probability"] == 0.75

    def test_what_is_seen_later_finds_the_devices_alarm_that_took_the_motion_in(self) -> None:
        alarm = folded(probable("fall.device"), an_episode("fall.motion", evidence={"probability": 0.7}))
        later = seen(240, walking_s=10)
        assert active_for(later, {(alarm.subject, "fall.device"): alarm}) == alarm
        stranger = probable("fall.device")
        assert active_for(later, {(stranger.subject, "fall.device"): stranger}) is None


class TestTheWearersWordCovers:
    def answered(self, rule: str, at_s: int = 20, actor: str = "wearer") -> Alarm:
        entry = TimelineEntry(t=T0 + at_s * SECOND, actor=actor, event="cancel")
        alarm = probable(rule)
        return msgspec.structs.replace(alarm, state="cancelled", timeline=(*alarm.timeline, entry))

    @pytest.mark.parametrize("rule", ["fall.device", "fall.motion"])
    @pytest.mark.parametrize("told_by", ["fall.device", "fall.motion"])
    def test_the_same_fall_told_after_the_answer_opens_nothing(self, rule: str, told_by: str) -> None:
        ended = self.answered(rule)
        again = an_episode(told_by, T0 + 5 * SECOND, id=nth_uuid(7), device="band-2")
        result = fold(None, again, T0 + 4 * MINUTE, context=FoldContext(falls_ended=(ended,)))
        assert (result.alarm, result.change) == (ended, "nothing")

    @pytest.mark.parametrize(
        ("ended_at_s", "jolt_s", "actor"),
        [(20, 21, "wearer"), (120, 61, "wearer"), (20, 5, "zhang")],
        ids=["after the word", "another minute", "staff called it off"],
    )
    def test_another_fall_is_heard(self, ended_at_s: int, jolt_s: int, actor: str) -> None:
        ended = self.answered("fall.motion", ended_at_s, actor)
        again = an_episode("fall.device", T0 + jolt_s * SECOND, id=nth_uuid(7))
        alarm = folded(None, again, T0 + HOUR, falls_ended=(ended,))
        assert (alarm.id, alarm.state) == (nth_uuid(7), "open")

    def spoken(self, said_s: int, arrives_s: int, alarm: Alarm) -> Alarm:
        """The word "ok", said and heard so long after the fall."""
        word = an_episode("fall.motion", T0 + said_s * SECOND, id=alarm.id, what="answered", evidence={"answer": "ok"})
        word = msgspec.structs.replace(word, received=T0 + arrives_s * SECOND)
        return folded(alarm, word, T0 + arrives_s * SECOND)

    def test_a_word_that_arrives_late_does_not_cover_a_fall_that_came_after_it(self) -> None:
        ended = self.spoken(12, 25, probable(asked_until=T0 + 35 * SECOND))
        assert (ended.state, ended.evidence["answered_after_s"]) == ("cancelled", 12)
        for jolt_s, state in ((11, "cancelled"), (13, "open")):
            again = an_episode("fall.motion", T0 + jolt_s * SECOND, id=nth_uuid(7), severity="high")
            told = folded(None, again, T0 + 31 * SECOND, falls_ended=(ended,))
            assert told.state == state

    def test_a_word_from_before_a_second_fall_ends_nothing_and_lessens_nothing(self) -> None:
        asked = probable(asked_until=T0 + 35 * SECOND)
        twice = folded(asked, an_episode("fall.motion", T0 + 15 * SECOND, id=nth_uuid(7), severity="high"))
        for arrives_s in (20, 50):
            heard = self.spoken(10, arrives_s, twice)
            assert (heard.state, heard.severity, heard.asked_until) == ("open", "high", T0 + 35 * SECOND)
            assert said(heard)[-1] == ("answered", "ok")
        assert self.spoken(16, 20, twice).state == "cancelled"


def test_nobody_is_asked_after_a_fall_from_which_they_go_on_as_usual() -> None:
    assert [may_be_asked(probable(severity=severity)) for severity in ("low", "high")] == [False, True]
