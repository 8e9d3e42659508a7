"""It is over: everybody who was told hears it, in the same way, once, and nothing else is said after it."""

from __future__ import annotations

import asyncio

import pytest

from alerts.alarm import Alarm
from alerts.consequences import keep
from alerts.escalation import effects
from alerts.transitions import Resolve, apply
from tests.support.escalation.deeds import (
    answers,
    arrives,
    becomes,
    cancels,
    closes,
    fall,
    number_is_bad,
    number_works,
    provider_is_busy_for,
    resolves,
    sends,
    silent,
    sos,
    sos_by_phone,
    takes,
    takes_back,
    wanders,
)
from tests.support.escalation.story import Story
from tests.support.escalation.wants import all_clear, between, call, group, hours, minutes, sms, stand_down

TOLD_BY_500 = (
    "zhang", "daughter", "wu", "son", "neighbour chen", "grid worker liu", "grid worker of all", "chat",
)  # fmt: skip


def want_the_fall_of_wang(story: Story) -> None:
    """What is heard of it until the group has heard it."""
    story.want(60, sms("zhang"))
    story.want(120, sms("daughter"))
    story.want(180, sms("wu"))
    story.want(240, sms("son"), sms("neighbour chen"))
    story.want(300, call("daughter"))
    story.want(360, sms("grid worker liu"), sms("grid worker of all"))
    story.want(480, group())


async def test_everybody_who_was_told_hears_the_end_in_the_same_channel(story: Story) -> None:
    want_the_fall_of_wang(story)
    story.at(0, fall("wang"))
    story.at(500, takes("night zhao"))
    story.at(510, resolves("night zhao", "settled_by_phone"))
    how = "电话确认平安"
    story.want(between(510, 514), *(all_clear(who, how) for who in TOLD_BY_500 if who != "chat"))
    story.want(between(510, 514), all_clear("chat", how, how="chat"))
    story.silence()
    await story.plays(until=hours(1))


async def test_who_was_called_and_not_written_to_hears_the_end_in_a_call(story: Story) -> None:
    await story.centre.no_contact("wang")
    await story.centre.contact("wang", "landline uncle", order=1)
    story.can(landlines=False)
    story.at(0, fall("wang"))
    story.want(between(240, 300), call("landline uncle"))
    story.at(310, takes("zhang"))
    story.at(320, resolves("zhang"))
    story.want(between(320, 323), all_clear("landline uncle", how="voice"))
    await story.plays(until=minutes(9))


async def test_who_ended_it_hears_nothing(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.want(60, sms("zhang"))
    story.want(120, sms("daughter"))
    story.at(130, takes("zhang"), resolves("zhang", "found"))
    story.want(between(130, 132), all_clear("daughter", "人已找到"))
    story.silence()
    await story.plays(until=hours(1))


async def test_who_is_on_the_way_is_told_to_turn_back(story: Story) -> None:
    want_the_fall_of_wang(story)
    story.at(0, fall("wang"))
    story.at(490, answers("neighbour chen", "take"))
    story.at(500, answers("daughter", "take"))
    story.at(550, resolves("wu", "settled_by_phone"))
    story.want(between(550, 553), stand_down("neighbour chen"), stand_down("daughter"))
    story.want(between(550, 553), *map(all_clear, ("zhang", "son", "grid worker liu", "grid worker of all")))
    story.want(between(550, 553), all_clear("chat", how="chat"))
    story.silence()
    await story.plays(until=hours(1))


async def test_who_was_sent_by_the_desk_is_told_to_turn_back(story: Story) -> None:
    story.at(0, fall("wang"))
    story.want(240, sms("neighbour chen"))
    story.at(250, takes("zhang"), sends("zhang", "neighbour chen"))
    story.at(300, cancels("zhang"))
    story.want(between(300, 303), stand_down("neighbour chen"))
    await story.plays(until=minutes(9))


async def test_who_has_arrived_is_not_told_to_turn_back(story: Story) -> None:
    story.at(0, fall("wang"))
    story.want(240, sms("neighbour chen"))
    story.at(250, answers("neighbour chen", "take"))
    story.at(300, answers("neighbour chen", "there"))
    story.at(400, resolves("zhang", "helped_on_site"))
    story.want(between(400, 403), all_clear("neighbour chen"))
    await story.plays(until=minutes(9))


async def test_whoever_is_still_on_the_way_turns_back_though_another_is_there(story: Story) -> None:
    story.at(0, fall("wang"))
    story.want(120, sms("daughter"))
    story.want(240, sms("neighbour chen"))
    story.at(250, answers("neighbour chen", "take"), answers("daughter", "take"))
    story.at(300, answers("neighbour chen", "there"))
    story.at(400, resolves("zhang", "helped_on_site"))
    story.want(between(400, 403), all_clear("neighbour chen"), stand_down("daughter"))
    await story.plays(until=minutes(9))


async def test_who_could_not_come_has_nothing_to_turn_back_from(story: Story) -> None:
    story.at(0, fall("wang"))
    story.want(240, sms("neighbour chen"))
    story.at(250, answers("neighbour chen", "take"))
    story.at(260, answers("neighbour chen", "cannot"))
    story.at(262, takes("zhang"), sends("zhang"))
    story.at(400, resolves("zhang"))
    story.want(between(400, 403), all_clear("neighbour chen"))
    await story.plays(until=minutes(9))


async def test_of_a_death_people_tell_the_family_and_not_we(story: Story) -> None:
    want_the_fall_of_wang(story)
    story.at(0, fall("wang"))
    story.at(500, takes("night zhao"), sends("night zhao"), arrives("night zhao"))
    story.at(900, resolves("night zhao", "died"))
    story.at(1000, closes("night zhao"))
    story.want(between(900, 903), all_clear("zhang"), all_clear("wu"))
    story.silence()
    await story.plays(until=hours(24))


async def test_a_cancelled_alarm_is_no_longer_told_and_its_end_is(story: Story) -> None:
    story.at(0, fall("wang"))
    story.want(60, sms("zhang"))
    story.at(90, cancels("wu"))
    story.want(90, all_clear("zhang"))
    story.silence()
    await story.plays(until=hours(1))


async def test_what_the_wearer_takes_back_at_once_is_told_to_nobody(story: Story) -> None:
    story.at(0, sos("wang"))
    story.at(10, takes_back("wang"))
    story.silence()
    await story.plays(until=hours(1))


async def test_what_waits_to_be_sent_when_it_ends_is_never_sent(story: Story) -> None:
    story.at(0, provider_is_busy_for("daughter"), wanders("wang"))
    story.at(150, takes("zhang"))
    story.at(160, number_works("daughter"), resolves("zhang"))
    story.silence("daughter")
    await story.plays(until=hours(1))


@pytest.mark.parametrize("gone", [number_is_bad("daughter")])
async def test_who_never_heard_of_it_hears_of_no_end(story: Story, gone: object) -> None:
    story.at(0, number_is_bad("daughter"), wanders("wang"))
    story.want(120, sms("son"))
    story.at(150, takes("zhang"))
    story.at(160, number_works("daughter"), resolves("zhang"))
    story.want(between(160, 162), all_clear("son"))
    story.silence("daughter")
    await story.plays(until=hours(1))


async def test_who_was_last_told_the_end_hears_it_again_only_after_another_alarm(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.want(60, sms("zhang"))
    story.at(70, takes("wu"), resolves("wu"))
    story.want(between(70, 73), all_clear("zhang"))
    story.at(80, closes("wu"))
    story.at(1000, silent("wang"))
    story.want(1060, sms("zhang"))
    story.at(1070, takes("wu"), resolves("wu"))
    story.want(between(1070, 1073), all_clear("zhang"))
    story.silence("zhang", "daughter")
    await story.plays(until=hours(1))


@pytest.mark.parametrize("left", ["moved", "deceased"])
async def test_the_family_of_who_has_left_meanwhile_hears_no_more(story: Story, left: str) -> None:
    story.at(0, fall("wang"))
    story.want(120, sms("daughter"))
    story.at(130, becomes("wang", left))
    story.at(500, takes("zhang"), resolves("zhang"))
    story.silence("daughter", "son")
    await story.plays(until=hours(1))


async def test_a_relapse_after_the_end_is_another_alarm_for_all(story: Story) -> None:
    story.at(0, sos("wang"))
    story.want(60, sms("zhang"))
    story.at(70, takes("wu"), resolves("wu"))
    story.want(70, all_clear("zhang"))
    story.at(600, sos("wang"))
    story.want(660, sms("zhang"))
    story.want(720, sms("daughter"))
    story.silence("zhang", "daughter")
    await story.plays(until=minutes(13))


async def test_who_ends_the_last_alarms_of_a_case_at_the_same_moment_tells_the_end_once(story: Story) -> None:
    story.at(0, sos("wang"), sos_by_phone("wang"))
    story.at(70, takes("zhang", rule="sos.button"), takes("zhang", rule="sos.reported"))
    await story.passes(71)
    one, other = await story.alarms_of("wang")
    resolved, waiting = asyncio.Event(), asyncio.Event()

    async def resolve(alarm: Alarm, *, commits: asyncio.Event) -> None:
        async with story.store.transaction() as tx:
            before = await tx.lock(alarm.id)
            assert before is not None
            after = apply(before, Resolve(), "wu", story.now())
            assert isinstance(after, Alarm)
            await keep(tx, before, after, effects(before, after, story.now()), story.now())
            resolved.set()
            await commits.wait()

    async with asyncio.TaskGroup() as both:
        both.create_task(resolve(one, commits=waiting))
        await resolved.wait()
        both.create_task(resolve(other, commits=resolved))
        await story.centre.until("select 1 from pg_locks where locktype = 'advisory' and not granted")
        waiting.set()
    story.want(60, sms("zhang"))
    story.want(between(71, 74), all_clear("zhang"))
    await story.plays(until=80)
