"""Who is told of an alarm that nobody takes, where nobody wrote a policy."""

from __future__ import annotations

import pytest

from tests.support.escalation.centre import PHONES
from tests.support.escalation.deeds import (
    fall,
    flat_battery,
    misses_checkin,
    of_the_site,
    shows_no_life,
    silent,
    sos,
    takes,
    wanders,
)
from tests.support.escalation.story import Deed, Story
from tests.support.escalation.wants import band, call, group, hours, line, minutes, ring, sms


@pytest.mark.parametrize("cry", [sos("wang"), fall("wang")], ids=["sos", "fall"])
async def test_a_cry_for_help_that_nobody_takes_reaches_one_after_the_other(story: Story, cry: Deed) -> None:
    story.at(0, cry)
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
    story.silence()
    await story.plays(until=hours(12))


async def test_who_has_wandered_off_is_looked_for_by_staff_family_and_grid_workers(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.want(60, sms("zhang"))
    story.want(120, sms("daughter"))
    story.want(180, sms("wu"))
    story.want(240, sms("son"))
    story.want(360, sms("grid worker liu"), sms("grid worker of all"))
    story.silence()
    await story.plays(until=hours(12))


async def test_of_silent_devices_the_resident_and_the_desk_hear_and_no_family(story: Story) -> None:
    await story.centre.phone("wang", PHONES["wang"])
    story.at(0, silent("wang", "medium"))
    story.want(0, sms("wang", "收不到您手环的信号"))
    story.want(60, sms("zhang"), call("wang"))
    story.want(180, sms("wu"))
    story.silence()
    await story.plays(until=hours(12))


async def test_of_a_silence_that_is_grave_people_at_hand_hear_too_and_no_family(story: Story) -> None:
    story.at(0, silent("wang", "high"))
    story.want(60, sms("zhang"))
    story.want(180, sms("wu"), sms("neighbour chen"))
    story.want(360, sms("grid worker liu"), sms("grid worker of all"))
    story.silence()
    await story.plays(until=hours(12))


@pytest.mark.parametrize("missed", [misses_checkin("wang"), shows_no_life("wang")], ids=["checkin", "inactivity"])
async def test_who_missed_a_check_is_asked_first_and_then_the_circle(story: Story, missed: Deed) -> None:
    await story.centre.wears("wang")
    await story.centre.phone("wang", PHONES["wang"])
    story.at(0, missed)
    story.want(0, ring("wang"), band("wang", "请按平安键"), sms("wang", "王秀兰您好"))
    story.want(60, sms("zhang"), call("wang", "平安请按1"))
    story.want(120, sms("daughter"))
    story.want(180, sms("wu"), sms("neighbour chen"))
    story.want(240, sms("son"))
    story.want(360, sms("grid worker liu"), sms("grid worker of all"))
    story.silence()
    await story.plays(until=hours(12))


async def test_who_has_neither_band_nor_telephone_hurries_nobody(story: Story) -> None:
    story.at(0, misses_checkin("wang", device=None))
    story.want(60, sms("zhang"))
    story.want(120, sms("daughter"))
    story.silence("wang", "zhang", "daughter")
    await story.plays(until=minutes(2.9))
    assert [entry.event for entry in (await story.alarm_of("wang")).timeline] == ["opened", "told", "family_told"]


async def test_a_landline_is_called_at_once_instead_of_texted(story: Story) -> None:
    await story.centre.phone("wang", PHONES["landline uncle"])
    story.can(landlines=False)
    story.at(0, misses_checkin("wang"))
    story.want(0, call("landline uncle", "王秀兰您好"), line("step_skipped", note="resident sms: landline"))
    await story.plays(until=minutes(1))


@pytest.mark.parametrize("mild", [flat_battery("wang"), silent("wang", "low")], ids=["battery", "silent"])
async def test_a_low_alarm_waits_at_the_console(story: Story, mild: Deed) -> None:
    story.at(0, mild)
    story.silence()
    await story.plays(until=hours(12))
    assert await story.alarms_of("wang")


async def test_of_the_system_the_supervisor_hears_at_once_and_nobody_outside(story: Story) -> None:
    story.at(0, of_the_site("system.detector_failed"))
    story.want(0, sms("wu"))
    story.silence()
    await story.plays(until=hours(12))


async def test_an_alarm_that_is_taken_in_time_is_told_to_nobody(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.at(59, takes("zhang"))
    story.silence()
    await story.plays(until=minutes(5))


async def test_what_was_said_stands_in_the_timeline(story: Story) -> None:
    story.at(0, fall("wang"))
    story.want(60, line("told", actor="system", note="duty sms", to="zhang"))
    story.want(120, line("family_told", actor="system", to="daughter"))
    story.want(240, line("told", actor="system", note="neighbour sms", to="neighbour chen"))
    story.want(300, line("family_told", actor="system", to="daughter"))
    story.want(480, line("told", actor="system", note="chat chat"))
    await story.plays(until=minutes(20))
    assert (await story.alarm_of("wang")).family_told


async def test_a_text_says_whom_it_is_about_and_how_to_answer_and_a_group_hears_no_name(story: Story) -> None:
    story.at(0, fall("wang"))
    story.want(60, sms("zhang", "王秀兰"))
    story.want(240, sms("neighbour chen", "601"))
    story.want(480, group("3栋"))
    await story.plays(until=minutes(9))
    texts = {heard.who: heard.text for heard in story.phones.heard if heard.how != "voice"}
    assert "https://anxin.example/a/" in texts["daughter"]
    assert "回1" in texts["zhang"]
    assert "王秀兰" not in texts["chat"]
    assert "601" not in texts["chat"]
