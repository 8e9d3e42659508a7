"""Who is on duty, who leads, who is at hand."""

from __future__ import annotations

from alerts.audit import audit
from gateway.store.audit import PostgresAuditStore
from tests.support.escalation.deeds import fall, hands_over, sends, takes, wanders
from tests.support.escalation.story import Deed, Story
from tests.support.escalation.wants import all_clear, between, hours, line, minutes, sms


async def test_who_is_on_duty_when_the_step_comes_is_told(story: Story) -> None:
    await story.centre.no_shifts()
    change = story.t0 + 60_000
    await story.centre.shift("zhang", end=change)
    await story.centre.shift("night zhao", start=change)
    story.at(0, wanders("wang"))
    story.want(60, sms("night zhao"))
    story.silence("zhang")
    await story.plays(until=minutes(2))


async def test_who_stands_in_is_told_instead(story: Story) -> None:
    await story.centre.no_shifts()
    await story.centre.shift("zhang", stand_in="night zhao")
    story.at(0, wanders("wang"))
    story.want(60, sms("night zhao"))
    story.silence("zhang")
    await story.plays(until=minutes(2))


async def test_all_who_are_on_duty_are_told(story: Story) -> None:
    await story.centre.shift("night zhao", start=1)
    story.at(0, wanders("wang"))
    story.want(60, sms("night zhao"), sms("zhang"))
    await story.plays(until=minutes(2))


async def test_a_supervisor_on_duty_is_told_before_any_other(story: Story) -> None:
    await story.centre.shift("night zhao", start=1, role="supervisor")
    story.at(0, wanders("wang"))
    story.want(60, sms("zhang"))
    story.want(180, sms("night zhao"))
    story.silence("wu", "zhang", "night zhao")
    await story.plays(until=minutes(4))


async def test_with_nobody_on_duty_the_plan_goes_on(story: Story) -> None:
    await story.centre.no_shifts()
    story.at(0, wanders("wang"))
    story.want(120, sms("daughter"))
    story.want(180, sms("wu"))
    story.silence("zhang", "night zhao", "daughter", "wu")
    await story.plays(until=minutes(4))


def audits() -> Deed:
    async def happens(story: Story) -> None:
        await audit(PostgresAuditStore(story.pool), story.store, story.now())

    return happens


async def test_that_nobody_is_on_duty_is_itself_an_alarm(story: Story) -> None:
    await story.centre.no_shifts()
    await story.centre.shift("zhang", end=story.t0 + 60_000)
    story.at(59, audits())
    story.at(70, audits())
    story.want(70, sms("wu"))
    story.at(80, audits())
    story.silence("wu", "daughter")
    await story.plays(until=minutes(4))


async def test_when_somebody_comes_on_duty_that_alarm_ends_and_who_was_told_hears_it(story: Story) -> None:
    async def zhao_comes(story: Story) -> None:
        await story.centre.shift("night zhao", start=story.now())

    await story.centre.no_shifts()
    await story.centre.shift("zhang", end=story.t0 + 60_000)
    story.at(70, audits())
    story.want(70, sms("wu"))
    story.at(300, zhao_comes)
    story.at(310, audits())
    story.want(between(310, 312), all_clear("wu"))
    story.silence()
    await story.plays(until=hours(1))
    assert (await story.alarm_of("north")).state == "resolved"


async def test_a_dispatcher_that_did_not_do_what_was_due_is_itself_an_alarm(story: Story) -> None:
    story.at(0, fall("wang"))
    await story.passes(1)
    story.clock.now = story.t0 + 91_000
    await audits()(story)
    alarm = await story.alarm_of("north", "system.step_overdue")
    assert alarm.severity == "high"


async def test_handing_over_passes_all_that_is_open_and_it_keeps_its_five_minutes(story: Story) -> None:
    story.at(0, wanders("wang"), wanders("li"))
    story.at(30, takes("zhang", "wang"), takes("zhang", "li"))
    story.at(200, hands_over("zhang", "night zhao"))
    story.want(200, line("assign", actor="night zhao", to="night zhao", of="wang"))
    story.want(200, line("assign", actor="night zhao", to="night zhao", of="li"))
    story.at(300, sends("night zhao", of="li"))
    story.want(500, line("again", actor="system", note="no_progress", of="wang"))
    await story.plays(until=minutes(9))
    assert (await story.alarm_of("li")).assignee == "night zhao"


async def test_neighbours_of_the_same_stairwell_and_grid_workers_of_the_building_are_at_hand(story: Story) -> None:
    story.at(0, fall("wang"))
    story.want(240, sms("neighbour chen"))
    story.want(360, sms("grid worker liu"), sms("grid worker of all"))
    story.silence("neighbour of another stair", "grid worker elsewhere", "neighbour chen", "volunteer qian")
    await story.plays(until=minutes(30))
