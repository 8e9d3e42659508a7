"""What people answer by SMS: the four words, whose alarm they mean, and that no answer is lost, doubled or endless."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from alerts.inbox import ANSWERS_A_DAY, ANSWERS_A_DAY_TO_STRANGERS, Inbound, InboxTransaction, receive
from alerts.phrases import Template
from alerts.replies import MOST_WORDS, Verb
from gateway.store.replies import PostgresInboxStore, PostgresInboxTransaction
from tests.support.escalation.answering import OUR_NUMBER, Answering
from tests.support.escalation.deeds import answers, cancels, fall, resolves, sends, silent, sos, takes, wanders
from tests.support.escalation.story import Story
from tests.support.escalation.wants import all_clear, line, minutes, sms, stand_down

CHEN = "neighbour chen"
TOLD = 245
"""By then duty, daughter, supervisor, son and the neighbour were told of an alarm that nobody took."""


@pytest.fixture
def phones(story: Story) -> Answering:
    return Answering(story)


async def events(story: Story, of: str = "wang") -> list[tuple[str, str]]:
    return [(entry.event, entry.actor) for entry in (await story.alarm_of(of)).timeline]


async def inbox(story: Story) -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in await story.centre.rows(
            "select sender, meaning from inbound_message order by received_at, provider_id"
        )
    ]


async def test_whoever_takes_it_is_on_the_way_and_nobody_else_is_told(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, phones.texts_us(CHEN, "1"))
    story.want(240, sms(CHEN))
    story.want(245, line("acknowledge", actor=f"responder:{CHEN}"), line("dispatch", to=CHEN))
    story.silence("wu", "grid worker liu", "chat")
    story.want(180, sms("wu"))
    await story.plays(until=minutes(4.5))
    alarm = await story.alarm_of("wang")
    assert (alarm.state, alarm.assignee) == ("dispatched", f"responder:{CHEN}")
    assert phones.texts[CHEN] == ["【安心】收到，您去看王秀兰。3栋2单元601室。到了请回2，去不了回0。北苑"]


async def test_whoever_is_there_took_it_and_went(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, phones.texts_us(CHEN, "我到了"))
    await story.passes(TOLD + 1)
    assert (await story.alarm_of("wang")).state == "on_scene"
    assert [event for event, who in await events(story) if who.startswith("responder")] == [
        "acknowledge", "dispatch", "arrive",
    ]  # fmt: skip
    assert phones.said[CHEN] == [Template.REPLY_THERE]


async def test_well_resolves_and_never_closes(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, phones.texts_us(CHEN, "3"))
    story.at(TOLD + 70, phones.texts_us(CHEN, "3"))
    story.want(60, sms("zhang"))
    story.want(120, sms("daughter"))
    story.want(245, all_clear("daughter"), all_clear("zhang"))
    await story.plays(until=minutes(10))
    alarm = await story.alarm_of("wang")
    assert (alarm.state, alarm.outcome) == ("resolved", None)
    assert phones.said[CHEN] == [Template.REPLY_NOTED, Template.REPLY_NOTED]
    assert [event for event, _ in await events(story)].count("resolve") == 1


async def test_who_cannot_come_makes_the_next_step_due_at_once(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, phones.texts_us(CHEN, "去不了"))
    await story.passes(TOLD + 1)
    assert ("cannot_come", f"responder:{CHEN}") in await events(story)
    calls = [heard for heard in story.heard_by("daughter") if heard.how == "voice"]
    assert [heard.t for heard in calls] == [TOLD], "the call that was planned for 300 s"
    assert (await story.alarm_of("wang")).state == "open"


async def test_saying_again_that_one_cannot_come_hurries_nobody_twice(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    for second, words in enumerate(("0", "0", "去不了")):
        story.at(TOLD + second, phones.texts_us(CHEN, words))
    await story.passes(TOLD + 4)
    assert [event for event, _ in await events(story)].count("cannot_come") == 1
    assert not story.heard_by("grid worker liu")


async def test_who_went_and_cannot_come_gives_the_alarm_back(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, phones.texts_us(CHEN, "1"))
    story.at(TOLD + 30, phones.texts_us(CHEN, "0"))
    await story.passes(TOLD + 32)
    assert (await story.alarm_of("wang")).state == "open"
    assert story.heard_by("daughter")[-1].t == TOLD + 30


async def test_the_alarm_stays_with_another_who_is_on_the_way(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, phones.texts_us(CHEN, "1"))
    story.at(TOLD + 10, phones.texts_us("wu", "1"))
    story.at(TOLD + 30, phones.texts_us(CHEN, "0"))
    await story.passes(TOLD + 32)
    assert (await story.alarm_of("wang")).state == "dispatched"


async def test_whom_the_desk_had_sent_may_say_that_they_cannot_come(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, takes("zhang"), sends("zhang", CHEN))
    story.at(TOLD + 30, phones.texts_us(CHEN, "0"))
    await story.passes(TOLD + 31)
    assert (await story.alarm_of("wang")).state == "open"


async def test_familys_going_stops_no_step_to_staff(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(130, phones.texts_us("daughter", "在路上"))
    story.want(130, line("family_going", to="daughter"))
    story.want(180, sms("wu"))
    story.want(240, sms(CHEN))
    await story.plays(until=minutes(4.5))
    alarm = await story.alarm_of("wang")
    assert (alarm.state, alarm.assignee) == ("open", None)
    assert phones.said["daughter"] == [Template.REPLY_NOTED]


async def test_familys_words_put_off_no_second_look(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(130, takes("zhang"))
    for second in (200, 300, 400):
        story.at(second, phones.texts_us("daughter", "1" if second != 300 else "2"))
    story.want(430, line("again", note="no_progress"))
    await story.plays(until=431)


async def test_who_cannot_come_and_whom_nobody_understands_put_off_no_second_look(
    story: Story, phones: Answering
) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, takes("zhang"))
    story.at(TOLD + 100, phones.texts_us(CHEN, "门锁着"))
    story.at(TOLD + 200, phones.texts_us(CHEN, "0"))
    story.want(TOLD + 300, line("again", note="no_progress"))
    await story.plays(until=TOLD + 301)


async def test_family_on_the_way_is_told_to_turn_back(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(130, phones.texts_us("daughter", "1"))
    story.at(150, takes("zhang"), resolves("zhang", "settled_by_phone"))
    story.want(120, sms("daughter"))
    story.want(150, stand_down("daughter"))
    await story.plays(until=minutes(3))


@pytest.mark.parametrize("cry", [sos, fall])
async def test_familys_well_is_a_note_where_a_life_may_hang_on_it(story: Story, phones: Answering, cry: Any) -> None:
    story.at(0, cry("wang"))
    story.at(130, phones.texts_us("daughter", "3"))
    story.want(130, line("family_says_well", to="daughter"))
    story.want(180, sms("wu"))
    await story.plays(until=minutes(3.5))
    assert (await story.alarm_of("wang")).state == "open"
    assert "他们会再核实" in phones.texts["daughter"][0]


async def test_familys_well_ends_what_is_less_than_critical(story: Story, phones: Answering) -> None:
    story.at(0, wanders("wang"))
    story.at(130, phones.texts_us("daughter", "没事"))
    await story.passes(131)
    alarm = await story.alarm_of("wang")
    assert (alarm.state, alarm.outcome, alarm.timeline[-1].actor) == ("resolved", None, "contact:wang/daughter")


async def test_an_answer_that_fits_several_alarms_gets_their_codes_and_changes_nothing(
    story: Story, phones: Answering
) -> None:
    story.at(0, sos("wang"), sos("li"))
    story.at(TOLD, phones.texts_us("zhang", "1"))
    await story.passes(TOLD + 1)
    assert phones.said["zhang"] == [Template.REPLY_LIST]
    codes = {h.message.code for h in story.heard_by("zhang") if h.message is not None}
    assert len(codes) == 2
    text = phones.texts["zhang"][0]
    assert all(str(code) in text for code in codes)
    assert "王秀兰" in text
    assert "李建国" in text
    for who in ("wang", "li"):
        assert (await story.alarm_of(who)).state == "open"


async def test_the_code_says_which_alarm_is_meant(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"), sos("li"))
    story.at(TOLD, phones.answers_by_code("zhang", "1", "li"))
    await story.passes(TOLD + 1)
    assert (await story.alarm_of("li")).state == "dispatched"
    assert (await story.alarm_of("wang")).state == "open"


async def test_a_code_that_was_never_given_moves_nothing(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    await story.passes(TOLD)
    message = story.heard_by("zhang")[0].message
    assert message is not None
    assert message.code is not None
    wrong = 10 if message.code != 10 else 11
    story.at(TOLD, phones.texts_us("zhang", f"1 {wrong}"))
    await story.passes(TOLD + 1)
    assert phones.said["zhang"] == [Template.REPLY_LIST]
    assert (await story.alarm_of("wang")).state == "open"


async def test_an_answer_that_comes_too_late_wakes_nothing(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, cancels("zhang"))
    story.at(TOLD + 60, phones.texts_us(CHEN, "1"))
    await story.passes(TOLD + 61)
    assert (await story.alarm_of("wang")).state == "cancelled"
    assert phones.said[CHEN] == [Template.REPLY_NONE]


async def test_thanks_of_the_day_after_are_kept_under_the_name_of_whoever_sent_them(
    story: Story, phones: Answering
) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, cancels("zhang"))
    story.at(TOLD + 25 * 3600, phones.texts_us("daughter", "谢谢"), phones.texts_us(CHEN, "3"))
    await story.passes(TOLD + 25 * 3600 + 1)
    assert sorted(await inbox(story)) == [("13700000001", "none"), ("13800000001", "none")]
    names = await story.centre.rows("select m.name from inbound_message i join message m on m.id = i.message")
    assert {row[0] for row in names} == {"daughter", CHEN}
    assert (await story.alarm_of("wang")).timeline[-1].event == "cancel"


async def test_an_alarm_that_is_still_active_may_be_answered_days_later(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, takes("zhang"), sends("zhang", "wu"))
    story.at(TOLD + 30 * 3600, phones.texts_us(CHEN, "3"))
    await story.passes(TOLD + 30 * 3600 + 1)
    assert (await story.alarm_of("wang")).state == "resolved"


async def test_an_ended_alarms_code_never_moves_another(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(70, sos("li"))
    story.at(140, cancels("zhang", "wang"))
    story.at(TOLD, phones.answers_by_code("zhang", "1", "wang"))
    await story.passes(TOLD + 1)
    assert (await story.alarm_of("li")).state == "open"
    assert phones.said["zhang"] == [Template.REPLY_NONE]


async def test_a_strangers_words_are_kept_and_touch_nothing(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, phones.texts_us("+8613600000009", "1"))
    await story.passes(TOLD + 1)
    assert await inbox(story) == [("13600000009", "unknown_sender")]
    assert (await story.alarm_of("wang")).state == "open"
    assert phones.said["+8613600000009"] == [Template.REPLY_NONE]


async def test_what_only_a_person_can_read_stands_on_the_alarm(story: Story, phones: Answering) -> None:
    words = "我到了楼下，门锁着，谁有钥匙？"
    story.at(0, sos("wang"))
    story.at(TOLD, phones.texts_us(CHEN, words))
    story.want(245, line("replied", note=words, to=CHEN))
    await story.passes(TOLD + 1)
    assert phones.said[CHEN] == [Template.REPLY_UNCLEAR]
    assert (await story.alarm_of("wang")).state == "open"


async def test_what_comes_twice_is_done_once_and_answered_alike(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, phones.texts_us(CHEN, "1", sid="SMtwice"), phones.texts_us(CHEN, "1", sid="SMtwice"))
    story.at(TOLD + 5, phones.texts_us("wu", "1"))
    story.at(TOLD + 10, phones.texts_us(CHEN, "1", sid="SMtwice"))
    await story.passes(TOLD + 11)
    assert [event for event, who in await events(story) if who == f"responder:{CHEN}"] == ["acknowledge", "dispatch"]
    assert len(set(phones.texts[CHEN])) == 1
    assert len(phones.texts[CHEN]) == 3


async def test_an_answer_that_was_interrupted_is_done_when_it_comes_again(
    story: Story, phones: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.at(0, sos("wang"))
    await story.passes(TOLD)
    conclude = PostgresInboxTransaction.conclude

    async def dies(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(PostgresInboxTransaction, "conclude", dies)
    with pytest.raises(ConnectionError):
        await phones.texts_us(CHEN, "1", sid="SMcut")(story)
    assert (await story.alarm_of("wang")).state == "open"
    monkeypatch.setattr(PostgresInboxTransaction, "conclude", conclude)
    await phones.texts_us(CHEN, "1", sid="SMcut")(story)
    assert (await story.alarm_of("wang")).state == "dispatched"


async def test_many_who_answer_at_once_are_all_heard(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    await story.passes(TOLD)
    going = [CHEN, "zhang", "wu"]
    await asyncio.gather(*(phones.texts_us(who, "1")(story) for who in going), phones.texts_us("son", "1")(story))
    alarm = await story.alarm_of("wang")
    assert {entry.to for entry in alarm.timeline if entry.event == "dispatch"} == set(going)
    assert [entry.event for entry in alarm.timeline].count("acknowledge") == 1
    assert "family_going" in {entry.event for entry in alarm.timeline}


async def test_the_same_answer_at_the_same_time_is_one(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    await story.passes(TOLD)
    await asyncio.gather(*(phones.texts_us(CHEN, "1", sid="SMsame")(story) for _ in range(4)))
    assert [event for event, _ in await events(story)].count("dispatch") == 1
    assert len(phones.texts[CHEN]) == 4


async def test_two_machines_do_not_talk_for_long(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    for minute in range(180):
        story.at(300 + 61 * minute, phones.texts_us("daughter", "正在开会"), phones.texts_us("+8613600000009", "hi"))
    await story.passes(300 + 61 * 181)
    assert len(phones.texts["daughter"]) == ANSWERS_A_DAY
    assert len(phones.texts["+8613600000009"]) == ANSWERS_A_DAY_TO_STRANGERS


async def test_one_answer_a_minute_to_what_changed_nothing_and_always_one_to_what_did(
    story: Story, phones: Answering
) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, *(phones.texts_us(CHEN, "??") for _ in range(3)), phones.texts_us(CHEN, "1"))
    await story.passes(TOLD + 1)
    assert phones.said[CHEN] == [Template.REPLY_UNCLEAR, None, None, Template.REPLY_TAKEN]


async def test_services_and_ourselves_are_never_answered(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(TOLD, phones.texts_us("10086", "1"), phones.texts_us("AnyCarrier", "1"), phones.texts_us(OUR_NUMBER, "1"))
    story.at(TOLD, phones.texts_us("daughter", "STOP"))
    await story.passes(TOLD + 1)
    assert {who: said for who, said in phones.said.items() if said != [None]} == {}
    assert sorted(meaning for _, meaning in await inbox(story)) == [
        "opt_out", "own_number", "unknown_sender", "unknown_sender",
    ]  # fmt: skip
    assert (await story.alarm_of("wang")).state == "open"


async def test_who_is_told_as_staff_and_as_family_answers_as_staff(story: Story, phones: Answering) -> None:
    await story.centre.rows("update contact set phone = '13900000001' where id = 'wang/daughter' returning 1")
    story.at(0, sos("wang"))
    story.at(130, phones.texts_us("zhang", "1"))
    await story.passes(131)
    alarm = await story.alarm_of("wang")
    assert (alarm.state, alarm.assignee) == ("dispatched", "zhang")


async def test_the_only_alarm_of_a_bundle_may_be_answered_without_a_code(story: Story, phones: Answering) -> None:
    for who in ("a", "b", "c", "d", "e"):
        await story.centre.resident(who, who * 3)
        story.at(0, silent(who))
    story.at(61, *(cancels("zhang", who) for who in ("a", "b", "c")))
    await story.passes(100)
    assert "bundle" in {heard.template for heard in story.heard_by("zhang")}
    story.at(110, phones.texts_us("zhang", "1"))
    await story.passes(111)
    assert phones.said["zhang"] == [Template.BUNDLE]
    story.at(120, cancels("zhang", "d"))
    story.at(180, phones.texts_us("zhang", "1"))
    await story.passes(181)
    assert (await story.alarm_of("e")).state == "dispatched"


async def test_an_answer_from_a_number_kept_in_another_spelling_is_theirs(story: Story, phones: Answering) -> None:
    await story.centre.rows("update account set phone = '13900000001' where id = 'zhang' returning 1")
    story.at(0, sos("wang"))
    story.at(TOLD, phones.texts_us("zhang", "1"))
    await story.passes(TOLD + 1)
    assert (await story.alarm_of("wang")).state == "dispatched"


async def test_an_inbox_is_one_of_the_ports(story: Story) -> None:
    async with PostgresInboxStore(story.pool).transaction() as tx:
        work: InboxTransaction = tx
        assert await work.message(0) is None
    assert await receive(PostgresInboxStore(story.pool), Inbound(provider_id="SM0", sender="", body=""), 0) is None


async def test_whose_number_was_taken_out_answers_as_a_stranger(story: Story, phones: Answering) -> None:
    story.at(0, wanders("wang"))
    await story.passes(TOLD)
    await story.centre.no_contact("wang")
    await story.centre.dismiss("zhang")
    for who in ("daughter", "zhang"):
        story.at(TOLD + 1, phones.texts_us(who, "3"))
    await story.passes(TOLD + 2)
    assert (await story.alarm_of("wang")).state == "open"
    assert [meaning for _, meaning in await inbox(story)] == ["unknown_sender", "unknown_sender"]
    assert phones.said["daughter"] == phones.said["zhang"] == [Template.REPLY_NONE]


@pytest.mark.parametrize("who", ["daughter", CHEN])
async def test_who_changes_their_mind_without_end_fills_no_timeline_and_keeps_nobody_from_going(
    story: Story, who: str
) -> None:
    story.at(0, sos("wang"))
    await story.passes(TOLD)
    for n in range(MOST_WORDS + 20):
        turn: tuple[Verb, Verb] = ("take", "cannot")
        for verb in turn:
            story.at(TOLD + n, answers(who, verb))
    await story.passes(TOLD + MOST_WORDS + 20)
    lines = [event for event, actor in await events(story) if who in actor]
    assert len(lines) < 5 * MOST_WORDS
    assert (await story.alarm_of("wang")).state == "open"
    story.at(TOLD + MOST_WORDS + 21, answers(who, "well"))
    await story.passes(TOLD + MOST_WORDS + 22)
    assert (await events(story))[-1][0] in ("family_says_well", "resolve")
