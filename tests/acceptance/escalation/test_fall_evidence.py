"""What comes in while the wearer is asked, and later: another detector, a walk, restarts, clocks, staff who ask too."""

from __future__ import annotations

import pytest

from alerts.policies import Policy, PolicyStep
from tests.acceptance.escalation.conftest import Telling
from tests.support.escalation.deeds import (
    clock_jumps,
    device_thinks_of_a_fall,
    fall,
    is_seen,
    number_is_bad,
    seems_to_fall,
    staff_ask,
    takes,
    wearer_says,
)
from tests.support.escalation.laws import broken
from tests.support.escalation.story import Deed, Story
from tests.support.escalation.wants import between, hours, line, minutes, question, sms

END = 35

AT_ONCE = Policy(
    id="at once",
    name="at once",
    applies_to="fall",
    steps=(PolicyStep(after_s=0, who="family", how="sms", nth=1), PolicyStep(after_s=40, who="neighbours", how="sms")),
)


@pytest.fixture
async def family_would_hear_at_once(story: Story) -> None:
    await story.centre.policy(AT_ONCE)


def restarts() -> Deed:
    """The dispatchers are killed, and others begin."""

    async def happens(story: Story) -> None:
        story.restart()

    return happens


@pytest.mark.usefixtures("family_would_hear_at_once")
class TestOneEpisode:
    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (device_thinks_of_a_fall("wang"), seems_to_fall("wang")),
            (seems_to_fall("wang"), device_thinks_of_a_fall("wang")),
        ],
        ids=["device first", "motion first"],
    )
    async def test_two_detectors_of_one_fall_ask_once(self, story: Story, first: Deed, second: Deed) -> None:
        story.at(0, first)
        story.at(6, second)
        story.at(20, wearer_says("wang", "ok"))
        story.want(0, question("wang"))
        story.silence()
        await story.plays(until=hours(1))
        (alarm,) = await story.alarms_of("wang")
        assert (alarm.state, len(alarm.evidence["other_rules"])) == ("cancelled", 1)

    @pytest.mark.parametrize(
        "second",
        [seems_to_fall("wang", ago_s=20), device_thinks_of_a_fall("wang", ago_s=20), fall("wang", ago_s=20)],
        ids=["motion", "device", "device without a doubt"],
    )
    @pytest.mark.parametrize(
        "first", [device_thinks_of_a_fall("wang"), seems_to_fall("wang")], ids=["device first", "motion first"]
    )
    async def test_what_is_told_of_it_after_the_answer_asks_and_calls_nobody(
        self, story: Story, first: Deed, second: Deed
    ) -> None:
        story.at(0, first)
        story.at(8, wearer_says("wang", "ok"))
        story.at(20, second)
        story.want(0, question("wang"))
        story.silence()
        await story.plays(until=hours(1))
        assert [alarm.state for alarm in await story.alarms_of("wang")] == ["cancelled"]

    async def test_who_falls_again_after_they_said_that_they_are_well_is_asked_again(self, story: Story) -> None:
        story.at(0, device_thinks_of_a_fall("wang"))
        story.at(8, wearer_says("wang", "ok"))
        story.at(30, seems_to_fall("wang"))
        story.want(0, question("wang"))
        story.want(30, question("wang"))
        await story.plays(until=40)
        assert [alarm.state for alarm in await story.alarms_of("wang")] == ["cancelled", "open"]

    @pytest.mark.parametrize(
        "certain",
        [seems_to_fall("wang", 0.97, what="evidence"), fall("wang"), device_thinks_of_a_fall("wang", 0.9)],
        ids=["surer motion", "a device without doubt", "a sure device"],
    )
    async def test_what_would_not_have_been_asked_about_ends_the_waiting(self, story: Story, certain: Deed) -> None:
        story.at(0, seems_to_fall("wang"))
        story.at(5, certain)
        story.want(5, line("not_awaited"), line("severity_raised", note="critical"), sms("daughter"))
        story.want(40, sms("neighbour chen"))
        story.silence("daughter", "neighbour chen")
        await story.plays(until=minutes(3))
        assert await broken(story) == []

    async def test_evidence_that_is_worse_and_still_in_doubt_goes_on_waiting(self, story: Story) -> None:
        story.at(0, seems_to_fall("wang", 0.6))
        story.at(5, is_seen("wang", probability=0.85))
        story.want(5, line("severity_raised", note="critical"))
        story.want(END, line("unanswered"), sms("daughter"))
        story.want(40, sms("neighbour chen"))
        story.silence("daughter", "neighbour chen")
        await story.plays(until=minutes(3))
        assert await broken(story) == []


@pytest.mark.usefixtures("family_would_hear_at_once")
class TestSeenAfterwards:
    async def test_a_walk_lowers_it_and_silence_then_raises_nothing(self, story: Story) -> None:
        story.at(0, seems_to_fall("wang", 0.85))
        story.at(20, is_seen("wang", probability=0.85, walking_s=10))
        story.want(20, line("walks", note="10"), line("severity_lowered", note="high"))
        story.want(END, line("unanswered"), sms("daughter"))
        story.want(40, sms("neighbour chen"))
        story.silence("daughter", "neighbour chen")
        await story.plays(until=minutes(3))
        assert (await story.alarm_of("wang")).severity == "high"
        assert await broken(story) == []

    async def test_stillness_and_a_heart_rate_stand_on_the_timeline_and_wake_nobody_again(self, story: Story) -> None:
        story.at(0, seems_to_fall("wang"))
        story.at(1, takes("zhang"))
        story.at(32, is_seen("wang", jolt_s=32, still_s=30))
        story.at(200, is_seen("wang", jolt_s=200, still_s=180, heart_rate_bpm=48))
        story.want(32, line("lies_still", note="30"))
        story.want(200, line("heart_rate", note="48"))
        await story.plays(until=minutes(5))
        alarm = await story.alarm_of("wang")
        assert (alarm.state, alarm.evidence["still_s"], alarm.evidence["heart_rate_bpm"]) == ("acknowledged", 180, 48)

    async def test_what_is_seen_after_the_answer_opens_nothing(self, story: Story) -> None:
        story.at(0, seems_to_fall("wang"))
        story.at(9, wearer_says("wang", "ok"))
        story.at(45, is_seen("wang", jolt_s=45, still_s=30))
        story.at(200, is_seen("wang", jolt_s=200, walking_s=60))
        story.silence("daughter", "zhang")
        await story.plays(until=hours(1))
        assert [alarm.state for alarm in await story.alarms_of("wang")] == ["cancelled"]


@pytest.mark.usefixtures("family_would_hear_at_once")
class TestWhateverHappensToUs:
    async def test_a_dispatcher_killed_between_question_and_answer_changes_nothing(self, story: Story) -> None:
        story.at(0, seems_to_fall("wang"), seems_to_fall("li"))
        story.at(3, restarts())
        story.at(9, wearer_says("wang", "ok"))
        story.at(11, restarts())
        story.want(0, question("wang"), question("li"))
        story.want(END, line("unanswered", of="li"), sms("li's son"))
        story.silence("wang", "li", "daughter", "li's son")
        await story.plays(until=minutes(2))
        assert await broken(story) == []

    async def test_an_answer_after_the_end_cancels_nothing_though_no_dispatcher_ended_it(self, story: Story) -> None:
        await seems_to_fall("wang")(story)
        story.clock.now += 1000 * (END + 1)
        await wearer_says("wang", "ok")(story)
        alarm = await story.alarm_of("wang")
        assert (alarm.state, alarm.asked_until, alarm.timeline[-1].event) == ("open", None, "severity_lowered")
        story.want(between(END + 1, END + 2), sms("daughter"))
        await story.plays(until=minutes(1))

    @pytest.mark.parametrize("jump_s", [-3600, 3600])
    async def test_a_clock_that_is_set_makes_nobody_wait_longer(self, story: Story, jump_s: int) -> None:
        story.at(0, seems_to_fall("wang"))
        story.at(10, clock_jumps(jump_s))
        story.want(between(10, END + 2), sms("daughter"))
        await story.plays(until=60)
        alarm = await story.alarm_of("wang")
        assert (alarm.asked_until, [e.event for e in alarm.timeline].count("unanswered")) == (None, 1)

    async def test_a_number_that_is_wrong_hurries_nobody_before_the_answer(self, story: Story) -> None:
        steps = (PolicyStep(after_s=0, who="duty", how="sms"), PolicyStep(after_s=60, who="family", how="sms", nth=1))
        await story.centre.policy(Policy(id="own", name="own", site="north", applies_to="fall", steps=steps))
        story.at(0, number_is_bad("zhang"), seems_to_fall("wang", 0.85))
        story.want(between(END, END + 1), sms("daughter"))
        await story.plays(until=minutes(3))


async def test_two_dispatchers_end_a_question_once(tell: Telling) -> None:
    story = await tell(dispatchers=2)
    await story.centre.policy(AT_ONCE)
    story.at(0, seems_to_fall("wang"))
    story.want(END, sms("daughter"))
    story.want(40, sms("neighbour chen"))
    story.silence("daughter", "neighbour chen")
    await story.plays(until=minutes(2))
    events = [entry.event for entry in (await story.alarm_of("wang")).timeline]
    assert (events.count("unanswered"), events.count("severity_raised")) == (1, 1)


@pytest.mark.usefixtures("family_would_hear_at_once")
class TestStaffAskToo:
    @pytest.fixture(autouse=True)
    async def wang_wears_the_band(self, story: Story) -> None:
        await story.centre.wears("wang")

    async def test_an_answer_to_their_question_counts_like_one_to_ours(self, story: Story) -> None:
        story.at(0, seems_to_fall("wang"))
        story.at(5, staff_ask("wang"))
        story.at(12, wearer_says("wang", "ok"))
        await story.passes(13)
        assert (await story.alarm_of("wang")).state == "cancelled"

    async def test_of_a_fall_that_nobody_doubted_the_answer_is_noted(self, story: Story) -> None:
        story.at(0, fall("wang"))
        story.at(5, staff_ask("wang"))
        story.at(12, wearer_says("wang", "ok"))
        story.want(12, line("answered", note="ok"), line("severity_lowered", note="high"))
        await story.plays(until=13)
        assert (await story.alarm_of("wang")).state == "open"

    async def test_what_they_asked_before_the_fall_says_nothing_of_it(self, story: Story) -> None:
        story.at(0, staff_ask("wang"))
        story.at(5, fall("wang"))
        story.at(12, wearer_says("wang", "ok"))
        await story.passes(13)
        assert "answered" not in [entry.event for entry in (await story.alarm_of("wang")).timeline]
