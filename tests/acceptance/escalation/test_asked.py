"""After a probable fall the wearer is asked, and those outside wait for the answer or its end."""

from __future__ import annotations

from uuid import UUID

import pytest

from alerts import replies
from alerts.policies import Policy, PolicyStep
from gateway.store.commands import OPEN_AT_MOST, queue_command
from tests.support.escalation.deeds import (
    arrives,
    band_is,
    band_refuses,
    device_thinks_of_a_fall,
    fall,
    hands_the_band_on,
    releases,
    seems_to_fall,
    sends,
    sos,
    takes,
    takes_back,
    wearer_says,
)
from tests.support.escalation.laws import broken
from tests.support.escalation.story import Deed, Story
from tests.support.escalation.wants import all_clear, band, between, hours, line, minutes, question, sms

OTHER = UUID("11111111-1111-4111-8111-111111111111")
END = 35
"""When nobody waits for an answer any more: thirty seconds, and five for its way."""

AT_ONCE = Policy(
    id="at once",
    name="at once",
    applies_to="fall",
    steps=(
        PolicyStep(after_s=0, who="duty", how="sms"),
        PolicyStep(after_s=0, who="family", how="sms", nth=1),
        PolicyStep(after_s=0, who="band", how="message"),
        PolicyStep(after_s=20, who="neighbours", how="sms"),
        PolicyStep(after_s=50, who="family", how="sms", nth=2),
    ),
)


@pytest.fixture(params=["motion", "device"])
def maybe(request: pytest.FixtureRequest) -> Deed:
    """A fall that is probable and no more."""
    return seems_to_fall("wang") if request.param == "motion" else device_thinks_of_a_fall("wang")


@pytest.fixture
async def all_at_once(story: Story) -> None:
    """Everybody would hear at once."""
    await story.centre.policy(AT_ONCE)


@pytest.mark.usefixtures("all_at_once")
class TestAnswer:
    async def test_ok_cancels_and_nobody_outside_has_heard(self, story: Story, maybe: Deed) -> None:
        story.at(0, maybe)
        story.at(20, wearer_says("wang", "ok"))
        story.want(0, question("wang"), sms("zhang"), line("asked", actor="system", note="30", to="band-wang"))
        story.want(20, line("answered", actor="wearer", note="ok"), line("cancel", actor="wearer"), all_clear("zhang"))
        story.silence()
        await story.plays(until=hours(1))
        alarm = await story.alarm_of("wang")
        assert (alarm.state, alarm.asked_until, alarm.severity) == ("cancelled", None, "high")
        assert await broken(story) == []

    async def test_silence_makes_it_critical_and_those_who_waited_hear_at_once(self, story: Story, maybe: Deed) -> None:
        story.at(0, maybe)
        story.want(0, question("wang"), sms("zhang"))
        story.want(END, line("unanswered", actor="system"), line("severity_raised", note="critical"))
        story.want(END, sms("daughter"), sms("neighbour chen"), band("wang"))
        story.want(50, sms("son"))
        story.silence()
        await story.plays(until=minutes(4))
        alarm = await story.alarm_of("wang")
        assert (alarm.state, alarm.asked_until, alarm.severity) == ("open", None, "critical")
        assert await broken(story) == []

    async def test_a_band_that_says_that_nobody_answered_ends_the_waiting(self, story: Story, maybe: Deed) -> None:
        story.at(0, maybe)
        story.at(31, wearer_says("wang", "none"))
        story.want(31, line("unanswered"), line("severity_raised", note="critical"), sms("daughter"))
        await story.plays(until=minutes(1))
        assert [e.event for e in (await story.alarm_of("wang")).timeline].count("unanswered") == 1

    async def test_help_makes_it_critical_and_waits_for_nothing(self, story: Story, maybe: Deed) -> None:
        story.at(0, maybe)
        story.at(8, wearer_says("wang", "help"))
        story.want(0, question("wang"))
        story.want(8, line("answered", note="help"), line("severity_raised", note="critical"))
        story.want(8, sms("daughter"), band("wang"))
        story.want(20, sms("neighbour chen"))
        await story.plays(until=minutes(1))
        assert (await story.alarm_of("wang")).state == "open"

    async def test_an_answer_after_the_end_is_noted_and_lowers_what_silence_raised(
        self, story: Story, maybe: Deed
    ) -> None:  # fmt: skip
        story.at(0, maybe)
        story.at(END + 5, wearer_says("wang", "ok"))
        story.want(END, sms("daughter"), sms("neighbour chen"))
        story.want(END + 5, line("answered", note="ok"), line("severity_lowered", note="high"))
        story.want(50, sms("son"))
        story.silence("daughter", "son", "neighbour chen")
        await story.plays(until=minutes(4))
        alarm = await story.alarm_of("wang")
        assert (alarm.state, alarm.severity) == ("open", "high")
        assert await broken(story) == []

    async def test_staff_confirm_with_one_key_what_the_wearer_said_too_late(self, story: Story, maybe: Deed) -> None:
        story.at(0, maybe)
        story.at(END + 5, wearer_says("wang", "ok"))
        story.want(END, sms("daughter"))
        story.want(END + 9, all_clear("daughter"))
        await story.passes(END + 9)
        alarm = await story.alarm_of("wang")
        await replies.confirm(story.store, alarm.id, "zhang", story.now())
        await story.plays(until=minutes(1))
        assert (await story.alarm_of("wang")).state == "resolved"

    async def test_an_answer_of_the_last_second_may_take_its_time_on_the_way(self, story: Story, maybe: Deed) -> None:
        story.at(0, maybe)
        story.at(34, wearer_says("wang", "ok"))
        await story.passes(minutes(1))
        assert (await story.alarm_of("wang")).state == "cancelled"

    async def test_the_same_answer_twice_is_one(self, story: Story, maybe: Deed) -> None:
        story.at(0, maybe)
        story.at(END + 5, wearer_says("wang", "ok"), wearer_says("wang", "ok"))
        await story.passes(minutes(1))
        assert [e.event for e in (await story.alarm_of("wang")).timeline].count("answered") == 1

    async def test_once_staff_have_it_ok_is_a_note(self, story: Story, maybe: Deed) -> None:
        story.at(0, maybe)
        story.at(5, takes("zhang"))
        story.at(9, wearer_says("wang", "ok"))
        story.want(9, line("answered", actor="wearer", note="ok"), line("severity_lowered", note="medium"))
        await story.plays(until=minutes(1))
        alarm = await story.alarm_of("wang")
        assert (alarm.state, alarm.assignee) == ("acknowledged", "zhang")

    async def test_what_staff_gave_back_no_answer_cancels(self, story: Story, maybe: Deed) -> None:
        story.at(0, maybe)
        story.at(5, takes("zhang"), releases("zhang"))
        story.at(9, wearer_says("wang", "ok"))
        story.want(5, sms("daughter"))
        await story.plays(until=10)
        assert (await story.alarm_of("wang")).state == "open"
        assert await broken(story) == []

    async def test_who_is_there_reads_what_the_wearer_says(self, story: Story, maybe: Deed) -> None:
        story.at(0, maybe)
        story.at(1, takes("zhang"), sends("zhang"), arrives("zhang"))
        story.at(9, wearer_says("wang", "help"))
        story.want(9, line("answered", note="help"), line("severity_raised", note="critical"))
        await story.plays(until=10)
        assert (await story.alarm_of("wang")).state == "on_scene"

    async def test_taking_it_back_on_the_band_ends_the_question(self, story: Story) -> None:
        story.at(0, device_thinks_of_a_fall("wang"))
        story.at(9, takes_back("wang", "fall.device"))
        await story.passes(minutes(1))
        alarm = await story.alarm_of("wang")
        assert (alarm.state, alarm.asked_until) == ("cancelled", None)


class TestWhoIsAsked:
    @pytest.mark.parametrize(
        "certain",
        [
            seems_to_fall("wang", 0.95),
            device_thinks_of_a_fall("wang", 0.8),
            fall("wang"),
            seems_to_fall("wang", late=True),
            seems_to_fall("wang", resident=None, subject="device:band-wang"),
            sos("wang", evidence={"probability": 0.1}),
        ],
        ids=["sure motion", "sure device", "no doubt told", "late", "of nobody", "a press"],
    )
    @pytest.mark.usefixtures("all_at_once")
    async def test_who_fell_for_certain_or_long_ago_and_who_pressed_is_not_asked(
        self, story: Story, certain: Deed
    ) -> None:  # fmt: skip
        story.at(0, certain)
        await story.passes(10)
        assert await story.centre.rows("select from command where name = 'confirm_ok'") == []
        (alarm,) = [a for key in ("wang", "device:band-wang") for a in await story.alarms_of(key)]
        assert alarm.asked_until is None
        assert "asked" not in [entry.event for entry in alarm.timeline]

    @pytest.mark.usefixtures("all_at_once")
    async def test_a_very_probable_fall_does_not_wait(self, story: Story) -> None:
        story.at(0, seems_to_fall("wang", 0.97))
        story.want(0, sms("zhang"), sms("daughter"), band("wang"))
        story.silence("zhang", "daughter", "wang")
        await story.plays(until=minutes(3))

    @pytest.mark.usefixtures("all_at_once")
    async def test_who_has_called_for_help_is_not_asked_whether_they_are_well(self, story: Story) -> None:
        story.at(0, sos("wang"))
        story.at(3, seems_to_fall("wang"))
        story.want(3, sms("daughter"))
        await story.passes(4)
        assert await story.centre.rows("select from command where name = 'confirm_ok'") == []

    @pytest.mark.usefixtures("all_at_once")
    async def test_in_a_drill_the_question_is_tried_out_and_nobody_is_called(self, story: Story) -> None:
        story.at(0, seems_to_fall("wang", drill=True))
        story.at(60, seems_to_fall("li", drill=True))
        story.at(70, wearer_says("li", "ok"))
        story.want(0, question("wang"))
        story.want(60, question("li"))
        story.want(END, line("unanswered"), line("severity_raised", note="critical"))
        story.silence()
        await story.plays(until=hours(1))
        assert ((await story.alarm_of("wang")).state, (await story.alarm_of("li")).state) == ("open", "cancelled")

    async def test_from_when_on_nobody_is_asked_and_for_how_long_are_settings(self, story: Story) -> None:
        await story.centre.set_parameter("fall.motion.ask_below", 0.6)
        await story.centre.set_parameter("fall.motion.ask_below", 0.9, scope="resident", key="li")
        await story.centre.set_parameter("fall.motion.answer_s", 60, scope="site", key="north")
        story.at(0, seems_to_fall("wang"), seems_to_fall("li"))
        story.want(0, question("li"), line("asked", of="li", note="60"))
        story.silence("wang", "li")
        await story.plays(until=1)
        assert (await story.alarm_of("li")).asked_until == story.t0 + 65_000
        assert (await story.alarm_of("wang")).asked_until is None

    async def test_the_question_delays_nobody_of_the_ordinary_plan(self, story: Story, maybe: Deed) -> None:
        story.at(0, maybe)
        story.want(60, sms("zhang"))
        story.want(120, sms("daughter"))
        story.want(240, sms("son"), sms("neighbour chen"))
        story.silence("zhang", "daughter", "son", "neighbour chen")
        await story.plays(until=minutes(5) - 1)


@pytest.mark.usefixtures("all_at_once")
class TestBandsThatCannotAsk:
    async def test_a_band_that_is_offline_keeps_nobody_waiting(self, story: Story, maybe: Deed) -> None:
        story.at(0, band_is("wang", "offline"), maybe)
        story.want(0, line("not_asked", note="offline"), sms("daughter"))
        await story.plays(until=30)
        assert await story.centre.rows("select from command where name = 'confirm_ok'") == []

    async def test_a_band_that_goes_offline_meanwhile_ends_the_waiting(self, story: Story, maybe: Deed) -> None:
        story.at(0, maybe)
        story.at(7, band_is("wang", "offline"))
        story.want(between(7, 12), line("not_asked", note="offline"), sms("daughter"))
        await story.plays(until=20)
        assert (await story.alarm_of("wang")).severity == "high"
        assert await broken(story) == []

    async def test_a_band_that_refuses_ends_the_waiting(self, story: Story, maybe: Deed) -> None:
        story.at(0, maybe)
        story.at(2, band_refuses("wang"))
        story.want(between(2, 7), line("not_asked", note="refused"), sms("daughter"))
        await story.plays(until=20)

    async def test_a_question_that_does_not_leave_is_not_waited_for(self, story: Story, maybe: Deed) -> None:
        story.commands_leave = False
        story.at(0, maybe)
        story.want(between(10, 11), line("not_asked", note="not_sent"), sms("daughter"))
        await story.plays(until=20)

    async def test_a_band_that_leaves_all_commands_unanswered_is_not_asked(self, story: Story, maybe: Deed) -> None:
        async with story.pool.connection() as connection:
            for number in range(OPEN_AT_MOST):
                await queue_command(
                    connection, device="band-wang", name="message", args={"text": str(number)}, by="zhang",
                    now=story.now(),
                )  # fmt: skip
        story.at(0, maybe)
        story.want(0, line("not_asked", note="busy"), sms("daughter"))
        await story.plays(until=2)

    async def test_a_band_that_goes_to_somebody_else_is_not_waited_for(self, story: Story, maybe: Deed) -> None:
        await story.centre.wears("wang")
        story.at(0, maybe)
        story.at(2, hands_the_band_on("wang"))
        story.want(between(2, 7), line("not_asked", note="handed_over"), sms("daughter"))
        await story.plays(until=20)

    async def test_a_band_that_was_revoked_is_not_asked(self, story: Story, maybe: Deed) -> None:
        await story.centre.revoke("band-wang")
        story.at(0, maybe)
        story.want(0, line("not_asked", note="unknown"), sms("daughter"))
        await story.plays(until=2)


@pytest.mark.usefixtures("all_at_once")
class TestTwoBands:
    @pytest.fixture(autouse=True)
    async def wang_wears_two(self, story: Story) -> None:
        await story.centre.resident("spare", "备用")
        await story.centre.wears("wang")
        await story.centre.wears("wang", "band-spare")

    async def test_the_band_that_felt_it_first_asks_alone(self, story: Story) -> None:
        story.at(0, seems_to_fall("wang"))
        story.at(3, seems_to_fall("wang", device="band-spare", what="opened", id=OTHER))
        story.want(0, question("wang"))
        story.silence("wang", "spare")
        await story.plays(until=30)
        assert (await story.alarm_of("wang")).evidence["other_devices"] == ["band-spare"]

    async def test_the_other_one_asks_where_the_first_cannot(self, story: Story) -> None:
        story.at(0, band_is("wang", "offline"), seems_to_fall("wang"))
        story.at(9, wearer_says("wang", "ok", band="band-spare"))
        story.want(0, question("spare"), line("asked", to="band-spare"))
        story.silence("wang", "spare", "daughter")
        await story.plays(until=minutes(3))
        assert (await story.alarm_of("wang")).state == "cancelled"

    async def test_what_the_other_tells_of_the_same_fall_after_the_answer_is_answered_already(
        self, story: Story
    ) -> None:  # fmt: skip
        story.at(0, seems_to_fall("wang"))
        story.at(8, wearer_says("wang", "ok"))
        story.at(20, seems_to_fall("wang", ago_s=20, device="band-spare", what="opened", id=OTHER))
        await story.passes(30)
        assert [alarm.state for alarm in await story.alarms_of("wang")] == ["cancelled"]
