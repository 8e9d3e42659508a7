"""The call round of a missed check: who answers what by telephone, and what that ends."""

from __future__ import annotations

import pytest

from alerts.phrases import Template
from alerts.policies import Policy, PolicyStep
from devices.clock import HOUR_MS, MINUTE_MS
from gateway.store.sightings import last_sighting
from tests.support.escalation.answering import Answering
from tests.support.escalation.centre import PHONES
from tests.support.escalation.deeds import (
    answers,
    cancels,
    fall,
    misses_checkin,
    resolves,
    shows_no_life,
    silent,
    takes,
    wanders,
)
from tests.support.escalation.story import Story
from tests.support.escalation.wants import all_clear, call, hours, line, minutes, sms, stand_down

CHEN = "neighbour chen"
CHEN_TOLD = 185


@pytest.fixture
def phones(story: Story) -> Answering:
    return Answering(story)


@pytest.fixture(autouse=True)
async def wang_has_a_telephone(story: Story) -> None:
    await story.centre.phone("wang", PHONES["wang"])


@pytest.mark.parametrize("words", ["1", "3", "平安", "我没事", "好着呢，我很好", "I'm fine"])
async def test_who_answers_that_they_are_well_ends_all_that_was_missed_of_them(
    story: Story, phones: Answering, words: str
) -> None:
    await story.centre.promise("wang", story.t0 - HOUR_MS, story.t0 - 15 * MINUTE_MS)
    story.at(0, misses_checkin("wang"), shows_no_life("wang"))
    story.at(30, phones.texts_us("wang", words))
    story.silence("zhang", "daughter", CHEN)
    await story.plays(until=minutes(10))
    alarms = await story.alarms_of("wang")
    assert {(alarm.state, alarm.result, alarm.timeline[-1].actor) for alarm in alarms} == {
        ("resolved", "settled_by_phone", "resident:wang")
    }
    assert await story.centre.kept("wang") == [("王秀兰", "sms")]
    assert [text.split("。")[0] for text in phones.texts["wang"]] == ["【安心】王秀兰：收到您的平安，谢谢您"]


@pytest.mark.parametrize("words", ["好的", "收到", "ok", "在家", "2", "没按", "我平安吗？", "不知道", "10"])
async def test_words_of_theirs_that_are_not_clear_end_nothing_and_stand_there_for_staff(
    story: Story, phones: Answering, words: str
) -> None:
    story.at(0, misses_checkin("wang"))
    story.at(30, phones.texts_us("wang", words))
    story.want(30, line("replied", note=words, actor="resident:wang"))
    story.want(60, sms("zhang"))
    await story.plays(until=70)
    assert (await story.alarm_of("wang")).state == "open"
    assert phones.said["wang"] == [Template.REPLY_UNCLEAR_RESIDENT]


@pytest.mark.parametrize("words", ["0", "救命", "我摔倒了起不来", "头晕，不舒服", "help", "I fell"])
async def test_who_answers_that_they_need_help_has_called_for_help(story: Story, phones: Answering, words: str) -> None:
    story.at(0, misses_checkin("wang"))
    story.at(30, phones.texts_us("wang", words))
    story.want(90, sms("zhang"))
    story.want(150, sms("daughter"))
    await story.passes(200)
    cry = await story.alarm_of("wang", "sos.reported")
    assert (cry.severity, cry.state, cry.timeline[0].actor, cry.timeline[0].note) == (
        "critical", "open", "resident:wang", words,
    )  # fmt: skip
    assert (await story.alarm_of("wang", "missed_check.checkin")).state == "open"
    assert phones.said["wang"] == [Template.REPLY_NOTED]
    assert "已告诉值班员您要帮助" in phones.texts["wang"][0]


async def test_a_call_for_help_is_heard_however_late_it_comes(story: Story, phones: Answering) -> None:
    story.at(0, misses_checkin("wang"))
    story.at(30, takes("zhang"), resolves("zhang", "settled_by_phone"))
    story.at(hours(5), phones.texts_us("wang", "0"))
    await story.passes(hours(5) + 1)
    assert (await story.alarm_of("wang", "sos.reported")).state == "open"


@pytest.mark.parametrize("words", ["不需要帮助", "没有摔倒", "I don't need help"])
async def test_who_says_that_they_need_no_help_calls_for_none(story: Story, phones: Answering, words: str) -> None:
    story.at(0, misses_checkin("wang"))
    story.at(30, phones.texts_us("wang", words))
    await story.passes(31)
    assert [alarm.rule for alarm in await story.alarms_of("wang")] == ["missed_check.checkin"]


async def test_the_keys_of_the_call_say_the_same(story: Story, phones: Answering) -> None:
    story.at(0, misses_checkin("wang"), misses_checkin("li"))
    await story.centre.phone("li", PHONES["li"])
    story.at(61, phones.presses("wang", "1"), phones.presses("li", "0"), phones.presses("li", "7"))
    await story.passes(62)
    assert (await story.alarm_of("wang")).state == "resolved"
    assert {alarm.rule for alarm in await story.alarms_of("li")} == {"missed_check.checkin", "sos.reported"}
    assert await story.centre.seen("wang") == [(story.t0 + 61_000, "resident:wang", "call")]


@pytest.mark.parametrize(
    ("words", "how"),
    [("3", "sms"), ("平安", "sms"), ("打通了，她没事", "sms"), ("她在我这儿", "seen"), ("she is with me", "seen")],
)
@pytest.mark.parametrize("who", ["daughter", CHEN, "zhang"])
async def test_anybody_of_the_circle_ends_it_with_a_name_and_a_time(
    story: Story, phones: Answering, who: str, words: str, how: str
) -> None:
    await story.centre.promise("wang", story.t0 - HOUR_MS, story.t0 - 15 * MINUTE_MS)
    story.at(0, misses_checkin("wang"), silent("wang", "high"))
    story.at(CHEN_TOLD, phones.texts_us(who, words))
    await story.passes(CHEN_TOLD + 1)
    alarms = await story.alarms_of("wang")
    assert {alarm.state for alarm in alarms} == {"resolved"}
    last = alarms[0].timeline[-1]
    actor = {"daughter": "contact:wang/daughter", CHEN: f"responder:{CHEN}", "zhang": "zhang"}[who]
    assert (last.t, last.actor, last.to) == (story.t0 + 1000 * CHEN_TOLD, actor, who)
    assert await story.centre.kept("wang") == [(who, how)]
    assert "平安已记下" in phones.texts[who][0]


@pytest.mark.parametrize(
    "words", ["1", "2", "好的", "在她身边", "打通了", "她没接电话", "她平安吗", "联系上了，她摔倒了"]
)
async def test_words_that_do_not_say_that_they_are_well_end_nothing(
    story: Story, phones: Answering, words: str
) -> None:
    story.at(0, misses_checkin("wang"))
    story.at(130, phones.texts_us("daughter", words))
    await story.passes(131)
    assert (await story.alarm_of("wang")).state == "open"
    assert await story.centre.seen("wang") == []


@pytest.mark.parametrize("who", ["wang", "daughter", CHEN, "zhang"])
async def test_of_the_last_who_vouched_people_read_the_name(story: Story, phones: Answering, who: str) -> None:
    story.at(0, misses_checkin("wang"))
    story.at(CHEN_TOLD, phones.texts_us(who, "平安"))
    await story.passes(CHEN_TOLD + 1)
    async with story.pool.connection() as connection:
        seen = await last_sighting(connection, "wang")
    assert seen == (story.t0 + 1000 * CHEN_TOLD, "王秀兰" if who == "wang" else who, "sms")


async def test_with_me_says_of_a_fall_no_more_than_that_somebody_is_there(story: Story, phones: Answering) -> None:
    story.at(0, fall("wang"), wanders("li"))
    story.at(245, phones.texts_us(CHEN, "她在我这里"), phones.texts_us("li's son", "他在我家"))
    await story.passes(246)
    assert (await story.alarm_of("wang")).state == "on_scene"
    assert (await story.alarm_of("li")).state == "resolved"


async def test_who_went_there_and_says_well_was_on_a_visit(story: Story, phones: Answering) -> None:
    story.at(0, misses_checkin("wang"))
    story.at(CHEN_TOLD, phones.texts_us(CHEN, "1"))
    story.at(CHEN_TOLD + 60, phones.texts_us(CHEN, "2"))
    story.at(CHEN_TOLD + 90, phones.texts_us(CHEN, "3"))
    story.want(CHEN_TOLD + 90, all_clear("daughter", "已有人到场帮助"))
    await story.passes(CHEN_TOLD + 91)
    assert (await story.alarm_of("wang")).result == "helped_on_site"
    assert await story.centre.seen("wang") == [(story.t0 + 1000 * (CHEN_TOLD + 90), f"responder:{CHEN}", "visit")]


async def test_who_is_on_the_way_is_told_to_turn_back_and_the_resident_nothing(story: Story, phones: Answering) -> None:
    story.at(0, misses_checkin("wang"))
    story.at(CHEN_TOLD, phones.texts_us(CHEN, "1"))
    story.at(CHEN_TOLD + 30, phones.texts_us("daughter", "她在我家"))
    story.want(0, sms("wang"))
    story.want(60, call("wang"))
    story.want(180, sms(CHEN))
    story.want(CHEN_TOLD + 30, stand_down(CHEN, "有人见到了，平安"))
    await story.plays(until=minutes(10))


async def test_saying_it_twice_is_saying_it_once(story: Story, phones: Answering) -> None:
    story.at(0, misses_checkin("wang"))
    story.at(130, phones.texts_us("daughter", "3"), phones.texts_us("daughter", "3"))
    await story.passes(131)
    alarm = await story.alarm_of("wang")
    assert [entry.event for entry in alarm.timeline].count("resolve") == 1
    assert len(await story.centre.seen("wang")) == 1
    assert "平安已记下" in phones.texts["daughter"][-1]


async def test_who_answers_too_late_is_thanked_and_nothing_changes(story: Story, phones: Answering) -> None:
    story.at(0, misses_checkin("wang"))
    story.at(130, phones.texts_us("daughter", "3"))
    story.at(hours(1), phones.texts_us("wang", "1"), phones.texts_us("zhang", "1"))
    await story.passes(hours(1) + 1)
    assert len(await story.centre.seen("wang")) == 1
    assert "已经结束，谢谢您" in phones.texts["wang"][0]
    assert "已经结束，谢谢您" in phones.texts["zhang"][0]


async def test_of_what_only_people_tell_no_machine_thanks(story: Story, phones: Answering) -> None:
    story.at(0, misses_checkin("wang"))
    story.at(130, takes("zhang"), resolves("zhang", "died"))
    story.at(200, phones.texts_us("daughter", "3"))
    await story.passes(201)
    assert phones.said["daughter"] == [Template.REPLY_NONE]


async def test_the_familys_telephone_under_the_residents_name_speaks_as_family(story: Story, phones: Answering) -> None:
    """A "1" there may mean "I am going": it must not stand for "I am well"."""
    await story.centre.phone("wang", PHONES["daughter"])
    story.at(0, misses_checkin("wang"))
    story.at(130, phones.texts_us("daughter", "1"))
    story.want(0, sms("daughter", "您好"))
    story.want(120, sms("daughter", "没有按时报平安"))
    await story.passes(131)
    assert (await story.alarm_of("wang")).state == "open"


async def test_a_telephone_that_two_share_answers_by_code(story: Story, phones: Answering) -> None:
    await story.centre.phone("li", PHONES["wang"])
    story.at(0, misses_checkin("wang"), misses_checkin("li"))
    story.at(30, phones.texts_us("wang", "1"))
    story.at(40, phones.answers_by_code("wang", "1", "li"))
    await story.passes(41)
    assert phones.said["wang"] == [Template.REPLY_LIST, Template.REPLY_NOTED]
    assert (await story.alarm_of("wang")).state == "open"
    assert (await story.alarm_of("li")).state == "resolved"


async def test_a_telephone_that_is_no_longer_theirs_ends_nothing(story: Story, phones: Answering) -> None:
    story.at(0, misses_checkin("wang"))
    await story.passes(1)
    await story.centre.phone("wang", None)
    story.at(30, phones.texts_us("wang", "1"))
    await story.passes(31)
    assert (await story.alarm_of("wang")).state == "open"


async def test_what_somebody_says_of_themselves_after_a_fall_staff_confirm(story: Story, phones: Answering) -> None:
    ask = PolicyStep(after_s=0, who="resident", how="sms")
    await story.centre.policy(Policy(id="ask", name="ask", applies_to="fall", steps=(ask,)))
    story.at(0, fall("wang"))
    story.at(20, phones.texts_us("wang", "1"))
    story.want(20, line("resident_says_well", actor="resident:wang"))
    await story.plays(until=30)
    assert (await story.alarm_of("wang")).state == "open"


async def test_of_a_household_each_is_asked_and_whoever_answers_speaks_for_the_box_alone(
    story: Story, phones: Answering
) -> None:
    await story.centre.household("zhou")
    for who in ("wang", "li"):
        await story.centre.rows("update resident set household = 'zhou' where id = %s returning 1", who)
    await story.centre.phone("li", PHONES["li"])
    story.at(0, silent("zhou", "medium", subject="household:zhou", resident=None, household="zhou"))
    story.want(0, sms("wang", "王秀兰您好"), sms("li", "李建国您好"))
    story.at(20, phones.texts_us("li", "1"))
    await story.plays(until=30)
    alarm = await story.alarm_of("zhou")
    assert (alarm.state, alarm.timeline[-1].actor) == ("resolved", "resident:li")
    assert await story.centre.seen("li") == await story.centre.seen("wang") == []


async def test_an_alarm_that_staff_called_off_is_vouched_for_by_nobody(story: Story, phones: Answering) -> None:
    story.at(0, misses_checkin("wang"))
    story.at(70, cancels("zhang"))
    story.at(80, answers("zhang", "well"))
    await story.passes(81)
    assert await story.centre.seen("wang") == []
    assert (await story.alarm_of("wang")).state == "cancelled"
