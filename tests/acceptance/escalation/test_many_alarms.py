"""Many alarms: those of one case tell once, those of a storm come bundled, and none is hidden."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from alerts.ports import NewMessage
from gateway.store.alarms import PostgresAlarmTransaction
from tests.acceptance.escalation.conftest import Telling
from tests.support.escalation.centre import PHONES, SITE
from tests.support.escalation.deeds import (
    cancels,
    fall,
    fall_by_motion,
    number_is_bad,
    releases,
    resolves,
    silent,
    sos,
    takes,
    wanders,
)
from tests.support.escalation.story import Story
from tests.support.escalation.wants import all_clear, between, bundle, call, group, hours, line, minutes, sms

STORM = ("a", "b", "c", "d", "e", "f")


async def live_there(story: Story, *residents: str) -> None:
    """People of the same stairwell who have no family."""
    for resident in residents:
        await story.centre.resident(resident, f"住户{resident}")


async def test_of_two_alarms_of_one_case_everybody_is_told_once(story: Story) -> None:
    story.at(0, fall("wang"))
    story.at(100, fall_by_motion("wang"))
    story.want(60, sms("zhang"))
    story.want(120, sms("daughter"))
    story.want(180, sms("wu"))
    story.want(240, sms("son"), sms("neighbour chen"))
    story.want(300, call("daughter"))
    story.want(360, sms("grid worker liu"), sms("grid worker of all"))
    story.want(480, group())
    story.want(600, call("wu"))
    story.want(900, call("wu"))
    story.want(1200, call("wu"))
    story.silence("zhang", "daughter", "son", "neighbour chen", "chat", "grid worker liu", "grid worker of all")
    await story.plays(until=hours(1))
    first, second = await story.alarms_of("wang")
    assert first.case == second.case


async def test_the_end_of_a_case_is_told_once_when_its_last_alarm_has_ended(story: Story) -> None:
    story.at(0, fall("wang"))
    story.at(70, fall_by_motion("wang"))
    story.want(60, sms("zhang"))
    story.at(80, cancels("wu"))
    story.at(90, takes("wu", rule="fall.device"), resolves("wu", rule="fall.device"))
    story.want(90, all_clear("zhang"))
    story.silence()
    await story.plays(until=hours(1))


async def test_another_alarm_of_another_kind_is_another_matter(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.at(30, sos("wang"))
    story.want(60, sms("zhang"))
    story.want(90, sms("zhang"))
    story.want(120, sms("daughter"))
    story.want(150, sms("daughter"))
    await story.plays(until=170)


async def test_of_a_storm_three_come_alone_and_the_rest_in_one_message(story: Story) -> None:
    await live_there(story, *STORM)
    story.at(0, *(silent(who) for who in STORM))
    story.want(between(60, 66), sms("zhang"), sms("zhang"), sms("zhang"))
    story.want(between(80, 82), bundle("zhang", "3起"))
    story.want(between(180, 186), sms("wu"), sms("wu"), sms("wu"))
    story.want(between(200, 202), bundle("wu", "3起"))
    story.silence()
    await story.plays(until=hours(1))


async def test_two_dispatchers_in_one_storm_count_together(tell: Telling) -> None:
    story = await tell(dispatchers=2)
    many = [f"storm-{n}" for n in range(30)]
    await live_there(story, *many)
    story.at(0, *(silent(who) for who in many))
    story.want(between(60, 66), sms("zhang"), sms("zhang"), sms("zhang"))
    story.want(between(80, 82), bundle("zhang", "27起"))
    await story.plays(until=100)


async def test_none_of_a_storm_is_hidden_from_the_console(story: Story) -> None:
    await live_there(story, *STORM)
    story.at(0, *(silent(who) for who in STORM))
    await story.passes(minutes(5))
    for who in STORM:
        alarm = await story.alarm_of(who)
        assert [entry.to for entry in alarm.timeline if entry.event == "told"] == ["zhang", "wu"]


async def test_the_first_of_a_critical_kind_is_never_held_back_by_a_storm(story: Story) -> None:
    await live_there(story, *STORM)
    story.at(0, *(silent(who) for who in STORM))
    story.at(10, sos("wang"))
    story.at(11, fall("li"))
    story.want(between(60, 66), sms("zhang"), sms("zhang"), sms("zhang"))
    story.want(between(70, 71), sms("zhang", "求助"))
    story.want(between(71, 72), sms("zhang", "摔倒"))
    story.want(between(80, 86), bundle("zhang"))
    await story.plays(until=100)


async def test_further_cries_of_a_storm_are_bundled_for_the_desk_and_never_for_the_door(story: Story) -> None:
    await live_there(story, *STORM)
    story.at(0, *(fall(who) for who in STORM))
    story.want(between(60, 62), sms("zhang"), sms("zhang"), sms("zhang"))
    story.want(between(80, 82), bundle("zhang", "3起"))
    story.want(between(240, 246), *(sms("neighbour chen", f"住户{who}") for who in STORM))
    await story.plays(until=minutes(5))


async def test_family_is_never_bundled(story: Story) -> None:
    await live_there(story, *STORM)
    for who in STORM:
        await story.centre.contact(who, "niece", order=1)
    story.at(0, *(wanders(who) for who in STORM))
    story.want(between(120, 140), *(sms("niece", f"住户{who}") for who in STORM))
    await story.plays(until=minutes(3))


async def test_a_storm_that_is_over_comes_alone_again(story: Story) -> None:
    await live_there(story, *STORM)
    story.at(0, *(silent(who) for who in STORM[:5]))
    story.at(200, silent("f"))
    story.want(between(60, 66), sms("zhang"), sms("zhang"), sms("zhang"))
    story.want(between(80, 82), bundle("zhang", "2起"))
    story.want(between(260, 262), sms("zhang", "住户f"))
    await story.plays(until=minutes(5))


async def test_what_is_taken_leaves_a_bundle_before_it_is_sent(story: Story) -> None:
    await live_there(story, *STORM)
    story.at(0, *(silent(who) for who in STORM))
    story.at(70, takes("wu", "f"))
    story.want(between(60, 66), sms("zhang"), sms("zhang"), sms("zhang"))
    story.want(between(80, 82), bundle("zhang", "2起"))
    await story.plays(until=100)


async def test_a_bundle_of_which_all_are_taken_is_not_sent(story: Story) -> None:
    await live_there(story, *STORM)
    story.at(0, *(silent(who) for who in STORM))
    story.at(70, *(takes("wu", who) for who in STORM))
    story.want(between(60, 66), sms("zhang"), sms("zhang"), sms("zhang"))
    await story.plays(until=100)


async def test_a_bundle_has_its_all_clear_when_all_of_it_is_over(story: Story) -> None:
    await live_there(story, *STORM)
    story.at(0, *(silent(who) for who in STORM[:5]))
    story.want(between(60, 66), sms("zhang"), sms("zhang"), sms("zhang"))
    story.want(between(80, 82), bundle("zhang"))
    story.at(100, *(takes("wu", who) for who in STORM[:5]))
    story.at(110, resolves("wu", of="d"))
    story.at(120, resolves("wu", of="e"))
    story.want(between(120, 122), all_clear("zhang"))
    story.silence()
    await story.plays(until=130)


async def test_of_three_alone_each_end_is_told(story: Story) -> None:
    await live_there(story, *STORM)
    story.at(0, *(silent(who) for who in STORM[:3]))
    story.want(between(60, 66), *(sms("zhang", f"住户{who}") for who in STORM[:3]))
    story.at(100, *(takes("wu", who) for who in STORM[:3]), *(resolves("wu", of=who) for who in STORM[:3]))
    story.want(between(100, 106), *(all_clear("zhang", f"住户{who}") for who in STORM[:3]))
    story.silence("zhang")
    await story.plays(until=130)


async def test_a_bundle_that_never_arrives_hurries_the_next_step_of_all_its_alarms(story: Story) -> None:
    await live_there(story, *STORM)
    story.at(0, *(silent(who) for who in STORM))
    story.at(70, number_is_bad("zhang"))
    story.want(between(80, 90), sms("wu"), sms("wu"), sms("wu"))
    for who in STORM[3:]:
        story.want(between(80, 82), line("not_delivered", of=who, to="zhang"))
    await story.plays(until=100)


async def test_who_was_told_in_a_bundle_is_told_again_in_the_next_round(story: Story) -> None:
    await live_there(story, *STORM)
    story.at(0, *(silent(who) for who in STORM))
    story.at(100, *(takes("wu", who) for who in STORM))
    story.at(110, *(resolves("wu", of=who) for who in STORM[:5]))
    story.want(400, line("again", of="f", note="no_progress"))
    story.want(460, sms("zhang", "住户f"))
    story.want(between(60, 66), sms("zhang"), sms("zhang"), sms("zhang"))
    story.want(between(80, 82), bundle("zhang"))
    story.want(between(110, 122), *(all_clear("zhang"),) * 3)
    await story.plays(until=minutes(9))


async def test_given_back_in_a_storm_it_is_not_told_again_in_the_same_round(story: Story) -> None:
    await live_there(story, *STORM)
    story.at(0, *(silent(who) for who in STORM))
    story.at(100, takes("wu", "f"))
    story.at(110, releases("wu", "f"))
    story.want(between(60, 66), sms("zhang"), sms("zhang"), sms("zhang"))
    story.want(between(80, 82), bundle("zhang", "3起"))
    await story.plays(until=minutes(4))


async def two_at_once(
    story: Story,
    work: Callable[[PostgresAlarmTransaction, int], Awaitable[object]],
    then: Callable[..., Awaitable[object]],
) -> None:
    """Two transactions do the first half of their work, and the second when both have done the first."""
    halfway = asyncio.Barrier(2)

    async def one(which: int) -> None:
        async with story.store.transaction() as tx:
            await work(tx, which)
            await halfway.wait()
            await then(tx, which)

    await asyncio.gather(one(0), one(1))


def to_duty(alarm: UUID, recipient: str = PHONES["zhang"]) -> NewMessage:
    return NewMessage(
        alarm=alarm, site=SITE, resident=None, contact=None, role="duty", recipient=recipient, template="alarm_staff",
        params={}, language="zh",
    )  # fmt: skip


async def test_two_who_tell_a_phone_at_the_same_moment_give_no_code_twice(story: Story) -> None:
    residents = [f"r{n}" for n in range(40)]
    await live_there(story, *residents)
    story.at(0, *(sos(resident) for resident in residents))
    await story.passes(1)
    alarms = [(await story.alarm_of(resident)).id for resident in residents]

    async def tell(tx: PostgresAlarmTransaction, which: int) -> None:
        for alarm in alarms[which::2]:
            await tx.queue(to_duty(alarm), story.now())

    async def nothing_more(*_: object) -> None:
        pass

    await two_at_once(story, tell, nothing_more)
    codes = [row[0] for row in await story.centre.rows("select code from message where template = 'alarm_staff'")]
    assert len(codes) == len(set(codes)) == 40
    assert None not in codes


async def test_two_who_bundle_for_the_same_people_do_not_wait_for_each_other(story: Story) -> None:
    await live_there(story, *STORM)
    story.at(0, *(sos(resident) for resident in STORM))
    await story.passes(1)
    alarms = [(await story.alarm_of(resident)).id for resident in STORM]
    people = [PHONES["zhang"], PHONES["wu"]]

    async def tell(tx: PostgresAlarmTransaction, alarm: UUID, who: str) -> None:
        await tx.bundle(to_duty(alarm, who), story.now(), due_at=story.now())

    async with story.store.transaction() as tx:
        for who in people:
            await tell(tx, alarms[2], who)
    await two_at_once(
        story,
        lambda tx, which: tell(tx, alarms[which], people[which]),
        lambda tx, which: tell(tx, alarms[which], people[1 - which]),
    )
    for who in people:
        rows = await story.centre.rows("select unnest(alarms) from message where recipient = %s", who)
        assert {row[0] for row in rows} == set(alarms[:3])
