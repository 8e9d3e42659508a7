"""Every text fits one SMS segment, is of use by itself, and says nothing that a stranger must not read."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alarm import Alarm, TimelineEntry
from alerts.messages import (
    alarm_params,
    all_clear_params,
    band_text,
    emergency_params,
    local_time,
    render,
    text_of,
    values_of,
)
from alerts.phrases import KEYS, LENGTHS, PATTERNS, STAND_IN, WORDS, Template
from alerts.ports import Message, Role
from alerts.segment import fits_one_segment
from alerts.transitions import Acknowledge, Arrive, Cancel, Command, Dispatch, Resolve, apply
from tests.support.alarms import T0, a_card, an_alarm

LINK = "https://anxin.example/a/AbCdEfGhIjK"
LONG_NAMES = {
    "zh": ("阿卜杜热合曼·买买提吐尔逊江", "北京市海淀区中关村街道黄庄社区居家养老服务中心"),
    "en": ("Bartholomew Featherstonehaugh-Cholmondeley", "Northern Gardens Community Centre for Elder Care"),
}
ADDRESS = {"building": "3", "unit": "2", "floor": "6", "room": "601"}
ILLNESS = re.compile(
    r"痴呆|失智|高血压|糖尿病|心脏|心率|血压|血氧|体温|dement|diabet|alzheimer|stroke|heart|blood|oxygen", re.IGNORECASE
)
COORDINATES = re.compile(r"-?\d{1,3}\.\d{2,}")
CODES = {field: sorted({code for parameter, code, _ in WORDS if parameter == field}) for field in STAND_IN}
TODO = sorted({code for parameter, code, _ in LENGTHS if parameter == "todo"})
ROLES: tuple[Role, ...] = (
    "resident", "family", "neighbour", "grid_worker", "volunteer", "staff", "duty", "supervisor", "chat", "emergency",
)  # fmt: skip
ALARM_TEMPLATES = [Template.ALARM, Template.ALARM_RESPONDER, Template.ALARM_STAFF]


def of_another_rule(rule: str, **fields: Any) -> Alarm:
    return msgspec.structs.replace(an_alarm(), rule=rule, kind=rule.partition(".")[0], **fields)


def some_params(name: str = "王秀兰", site: str = "北苑", **fields: Any) -> dict[str, Any]:
    base = {"name": name, "site": site, "time": "23:59", "kind": "sos", "todo": "call_them", "how": "settled"}
    return {**base, **ADDRESS, "alarms": [[37, name], [52, name], [11, name]], "count": 3, **fields}


@pytest.mark.parametrize(("template", "language"), sorted(PATTERNS))
@pytest.mark.parametrize("names", ["zh", "en"])
def test_every_text_fits_one_segment_with_code_and_link(template: str, language: str, names: str) -> None:
    name, site = LONG_NAMES[names]
    one_changed = [(field, code) for field, codes in {**CODES, "todo": TODO}.items() for code in codes]
    longest = {"kind": "wandering", "todo": "stay_reachable", "how": "call_centre", "noted": "somebody_is_there"}
    for field, code in one_changed:
        text = text_of(template, some_params(name, site, **{**longest, field: code}), language, code=37, link=LINK)
        assert fits_one_segment(text), text
        assert text.startswith("【安心】" if language == "zh" else "Anxin: ")
        assert not ILLNESS.search(text)
        assert not COORDINATES.search(text)


@given(
    template=st.sampled_from(sorted(PATTERNS)),
    name=st.text(max_size=60),
    site=st.text(max_size=60),
    address=st.fixed_dictionaries({part: st.text(max_size=20) for part in ADDRESS}),
    link=st.none() | st.integers(min_value=20, max_value=200).map(lambda n: f"{LINK}{'x' * n}") | st.just(LINK),
    signature=st.none() | st.text(min_size=1, max_size=20),
    code=st.none() | st.integers(min_value=10, max_value=99),
)
def test_no_name_address_signature_or_link_makes_a_second_segment(
    template: tuple[str, str],
    name: str,
    site: str,
    address: dict[str, str],
    link: str | None,
    signature: str | None,
    code: int | None,
) -> None:
    key, language = template
    text = text_of(key, {**some_params(name, site), **address}, language, code=code, link=link, signature=signature)
    assert fits_one_segment(text), text
    assert text.strip()
    if link is not None and "https" in text:
        assert link in text


@pytest.mark.parametrize("template", ALARM_TEMPLATES)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("names", ["zh", "en"])
def test_whom_what_when_and_what_to_do_are_said_without_link_and_answer(
    template: Template, language: str, names: str
) -> None:
    name, site = LONG_NAMES[names]
    todo = {"alarm": "call_them", "alarm_responder": "go", "alarm_staff": "take"}[template]
    text = text_of(template, some_params(name, site, todo=todo), language, code=37, link=f"{LINK}{'x' * 200}")
    assert (name[:4] if language == "zh" or names == "en" else "A Bo") in text
    assert WORDS["kind", "sos", language] in text
    assert "23:59" in text
    assert any(words in text for words in LENGTHS["todo", todo, language])


@pytest.mark.parametrize("template", [Template.ALARM_RESPONDER, Template.ALARM_STAFF])
def test_whoever_goes_there_reads_where_and_how_to_say_so(template: Template) -> None:
    text = text_of(template, some_params(), "zh", code=37, link=f"{LINK}/so/long/that/it/does/not/fit")
    assert "3栋2单元601室" in text
    assert "37" in text
    assert "https" not in text


@pytest.mark.parametrize("rule", ["missed_check.checkin", "missed_check.silent", "missed_check.inactivity"])
@pytest.mark.parametrize(("language", "well", "help_"), [("zh", "平安", "要帮助"), ("en", "well", "help")])
def test_who_missed_a_check_reads_that_they_are_asked_and_how_to_answer(
    rule: str, language: str, well: str, help_: str
) -> None:
    card = a_card(name="欧阳娜塔莎", site_name="北苑街道社区养老服务中心")
    params = alarm_params(of_another_rule(rule), card, "resident")
    text = text_of("alarm_resident", params, language, code=37)
    assert fits_one_segment(text)
    assert (
        WORDS["asked", params["asked"] if ("asked", params["asked"], language) in WORDS else "well", language] in text
    )
    for words in ("37", "1", "0", well, help_):
        assert words in text
    spoken = text_of("alarm_resident", params, language, channel="voice")
    assert "1" in spoken
    assert "0" in spoken


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("missed_check.checkin", "没有按时报平安"),
        ("missed_check.silent", "手环没有信号"),
        ("missed_check.inactivity", "很久没有动静"),
        ("missed_check.reported", "联系不上"),
    ],
)
def test_of_a_missed_check_a_text_says_what_was_missed(rule: str, words: str) -> None:
    assert words in text_of("alarm", alarm_params(of_another_rule(rule), a_card(), "family"), "zh")


def test_the_end_of_a_missed_check_says_how_they_were_heard_of() -> None:
    def text(rule: str, actor: str, **fields: Any) -> str:
        over = TimelineEntry(t=T0, actor=actor, event="resolve")
        alarm = of_another_rule(rule, state="resolved", timeline=(over,), **fields)
        return text_of("all_clear", all_clear_params(alarm, a_card()), "zh")

    assert "已有本人的消息" in text("missed_check.checkin", "engine")
    assert "手环信号已恢复" in text("missed_check.silent", "engine")
    assert "有人见到了，平安" in text("missed_check.silent", "zhang", result="helped_on_site")
    assert "已电话确认平安" in text("missed_check.checkin", "contact:c1", result="settled_by_phone")


def test_family_reads_the_page_rather_than_how_to_answer() -> None:
    text = text_of(Template.ALARM, some_params(), "zh", code=37, link=f"{LINK}/longer")
    assert f"{LINK}/longer" in text
    assert "回1" not in text


def test_the_centre_gives_way_before_anything_else() -> None:
    text = text_of(Template.ALARM_STAFF, some_params(site="北京市海淀区中关村街道黄庄社区", todo="take"), "zh", code=37)
    assert "北京" not in text
    assert "回1我接2已到3平安0不能，编号37" in text


def test_no_answer_is_asked_for_where_none_comes_back() -> None:
    for template, language in PATTERNS:
        text = text_of(template, some_params(), language, code=37, replies=False)
        if not template.startswith("reply"):
            assert "回1" not in text
            assert "Reply" not in text


def test_without_a_code_no_answer_is_asked_for() -> None:
    assert "回1" not in text_of(Template.ALARM, some_params(), "zh")


def test_ordinary_chinese_names_are_not_cut() -> None:
    text = text_of("alarm", some_params("欧阳秀兰", "北苑社区养老服务中心", time="09:15"), "zh")
    assert text == "【安心】欧阳秀兰09:15按了求助键，请尽快联系本人或服务中心。北苑社区养老服务中心"


def test_an_english_text_spells_chinese_names_where_that_makes_room() -> None:
    text = text_of("alarm", some_params(), "en", code=37, link=LINK)
    assert text == (
        "Anxin: Wang Xiu Lan pressed SOS, 23:59. Call them or the centre."
        f" Reply 1 going, 2 there, 3 well, code 37. {LINK} Bei Yuan"
    )
    assert "王秀兰" in text_of("alarm", some_params(), "en")


def test_a_group_hears_no_name_and_no_more_than_the_building() -> None:
    alarm = an_alarm()
    card = a_card(address=ADDRESS)
    for params in (alarm_params(alarm, card, "chat"), all_clear_params(alarm, card, "chat")):
        for template in ("alarm_chat", "all_clear", "all_clear_cancelled"):
            text = text_of(template, params, "zh", channel="chat", link=LINK)
            assert "王秀兰" not in text
            assert "601" not in text
            assert "3栋" in text


def test_a_chat_message_keeps_its_link_however_long() -> None:
    link = f"{LINK}{'x' * 100}"
    assert link in text_of("alarm_chat", some_params(todo="who_can"), "zh", channel="chat", link=link)


@pytest.mark.parametrize(("language", "asks"), [("zh", "请点开链接接手"), ("en", "take it on this page")])
def test_a_group_is_asked_to_take_it_behind_the_link_only_where_there_is_one(language: str, asks: str) -> None:
    params = some_params(todo="who_can")
    assert asks in text_of("alarm_chat", params, language, channel="chat", link=LINK)
    assert asks not in text_of("alarm_chat", params, language, channel="chat")


def test_family_hears_no_address() -> None:
    params = alarm_params(an_alarm(), a_card(address=ADDRESS), "family")
    assert not params.keys() & ADDRESS.keys()


@pytest.mark.parametrize("role", ROLES)
def test_no_parameter_holds_an_illness_or_a_place_by_coordinates(role: Role) -> None:
    alarm = of_another_rule("vitals.heart_rate")
    text = text_of("alarm_staff", alarm_params(alarm, a_card(), role), "en")
    assert not ILLNESS.search(text)
    assert set(alarm_params(alarm, a_card(), role)) <= {
        "name", "who", "site", "time", "kind", "asked", "todo", "building", "unit", "floor", "room",
    }  # fmt: skip


@pytest.mark.parametrize(("template", "language"), sorted(KEYS))
def test_a_call_names_the_keys_and_neither_link_nor_code(template: str, language: str) -> None:
    text = text_of(template, some_params(), language, channel="voice", code=37, link=LINK)
    assert "https" not in text
    assert "37" not in text
    assert text.endswith(KEYS[template, language].strip())
    assert "【" not in text


def test_a_call_in_english_spells_what_an_english_voice_cannot_read() -> None:
    assert text_of("alarm", some_params(), "en", channel="voice").startswith("This is Anxin. Wang Xiu Lan pressed SOS")


def test_who_has_no_name_is_called_what_they_are() -> None:
    stranger = an_alarm(resident=None, household=None)
    assert "未登记的手环" in text_of("alarm_staff", alarm_params(stranger, a_card(name=""), "duty"), "zh")
    system = of_another_rule("system.nobody_on_duty", resident=None)
    params = alarm_params(system, a_card(name=""), "supervisor")
    assert text_of("system", params, "zh") == "【安心】23:06现在没有人值班，请马上查看系统。北苑社区"
    assert "系统" in text_of("all_clear", all_clear_params(system, a_card(name=""), "supervisor"), "zh")


def test_a_desk_that_nobody_hears_calls_people_to_the_desk() -> None:
    silent = of_another_rule("system.console_silent", resident=None)
    params = alarm_params(silent, a_card(name=""), "supervisor")
    assert text_of("system", params, "zh") == "【安心】23:06值班台听不到警报，请马上到值班台，打开声音。北苑社区"


def test_the_emergency_text_needs_nothing_from_the_database() -> None:
    params = emergency_params(kind="sos", event_time=T0, site_name="北苑", address=ADDRESS)
    assert (
        text_of("emergency", params, "zh")
        == "【安心】有人23:06按了求助键，系统数据库中断，请马上派人。3栋2单元601室。北苑"
    )


def test_each_code_has_words_in_each_language() -> None:
    languages = {language for _, language in PATTERNS}
    assert {key for key, _ in PATTERNS} == set(Template)
    for table in (WORDS, LENGTHS):
        for parameter, code, _ in table:
            assert {lang for p, c, lang in table if (p, c) == (parameter, code)} == languages


def test_an_unknown_language_is_answered_in_chinese() -> None:
    assert text_of("all_clear", some_params(), "fr").startswith("【安心】")
    assert band_text("help_comes", "fr") == band_text("help_comes", "zh")


def test_an_unknown_code_still_makes_a_sentence() -> None:
    assert "需要关注" in text_of("alarm", some_params(kind="new", todo="x"), "zh")


def test_line_breaks_and_invisible_signs_in_names_do_not_reach_the_text() -> None:
    text = text_of("all_clear", some_params("王\n秀\u202e兰", "北\r\n苑\x00"), "zh")
    assert text.isprintable()


def test_braces_in_a_name_are_a_name() -> None:
    assert "{site}" in text_of("all_clear", some_params("{site}"), "zh")


def test_another_signature_takes_the_place_of_ours() -> None:
    message = Message(
        id=1, alarm=None, site="north", resident=None, recipient="+8613800000001", template="bundle",
        params={"site": "北苑", "count": 4}, language="zh", attempts=0, created_at=T0, demo=False,
    )  # fmt: skip
    assert render(message, signature="【北苑养老】") == "【北苑养老】又有4起警报没有人接，请马上看值班台。北苑"


def test_a_providers_own_template_gets_what_the_text_is_made_of() -> None:
    message = Message(
        id=1, alarm=an_alarm().id, site="north", resident="r1", recipient="+8613800000001", template="alarm_responder",
        params=some_params(todo="go"), language="zh", attempts=0, created_at=T0, demo=False, code=37,
    )  # fmt: skip
    text = render(message, link=LINK)
    values = values_of(message, text)
    assert values == {
        "name": "王秀兰", "time": "23:59", "kind": "按了求助键", "todo": "请上门看看，危急请打120",
        "place": "3栋2单元601室", "site": "北苑", "code": "37", "text": text,
        **({"link": LINK} if LINK in text else {}),
    }  # fmt: skip
    assert all(values.values())
    assert max(map(len, values)) <= 16


def test_a_list_of_alarms_shows_as_many_as_fit() -> None:
    alarms = [[code, "欧阳秀兰"] for code in range(10, 40)]
    text = text_of("reply_list", {"count": 30, "alarms": alarms}, "zh")
    assert fits_one_segment(text)
    assert "10 欧阳秀兰、11" in text
    assert text.endswith("等")


def test_the_time_is_the_residents_own() -> None:
    assert local_time(T0, "Asia/Shanghai") == "23:06"
    assert local_time(T0, "Europe/Berlin") == "17:06"
    assert local_time(T0, "Nowhere/Atall") == "23:06"


def test_segments_are_counted_as_the_network_does() -> None:
    assert fits_one_segment("a" * 160)
    assert not fits_one_segment("a" * 161)
    assert not fits_one_segment("[" * 81)
    assert fits_one_segment("安" * 70)
    assert not fits_one_segment("安" * 71)
    assert not fits_one_segment("𠮷" * 36)


def test_the_all_clear_says_how_it_ended() -> None:
    card = a_card()
    alarm = an_alarm()
    ends: dict[str, list[Command]] = {
        "taken care of": [Acknowledge(), Resolve()],
        "safe, we phoned": [Acknowledge(), Resolve(result="settled_by_phone")],
        "helped on site": [Acknowledge(), Dispatch(), Arrive(), Resolve()],
        "please call the centre": [Acknowledge(), Dispatch(), Arrive(), Resolve(result="hospital")],
        "no emergency": [Cancel()],
    }
    for words, commands in ends.items():
        ended = alarm
        for command in commands:
            after = apply(ended, command, "zhang", T0)
            assert isinstance(after, Alarm)
            ended = after
        template = "all_clear_cancelled" if ended.state == "cancelled" else "all_clear"
        assert words in text_of(template, all_clear_params(ended, card), "en")


@pytest.mark.parametrize(
    ("language", "day", "said"),
    [
        (
            "zh",
            "12月12日",
            "【安心】李秀英暂停的日常查看将于12月12日07:00恢复。若到时还没回来，请提前致电服务中心。北社区",
        ),
        (
            "en",
            "12 Sept",
            "Anxin: Li Xiuying: our checks resume 12 Sept 07:00. Not back by then? Please call the centre. North",
        ),
    ],
)
def test_family_reads_when_checks_resume_and_what_to_do_and_not_where_somebody_is(
    language: str, day: str, said: str
) -> None:
    name, site = ("李秀英", "北社区") if language == "zh" else ("Li Xiuying", "North")
    assert text_of(Template.ABSENCE_ENDS, {"name": name, "day": day, "time": "07:00", "site": site}, language) == said
    name, site = LONG_NAMES[language]
    text = text_of(Template.ABSENCE_ENDS, {"name": name, "day": day, "time": "07:00", "site": site}, language)
    assert fits_one_segment(text)
    assert day in text
    assert "07:00" in text


@pytest.mark.parametrize("template", ALARM_TEMPLATES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_text_of_which_nobody_knows_what_to_do_says_whom_to_ask(template: str, language: str) -> None:
    for channel in ("sms", "voice"):
        text = text_of(template, {}, language, channel=channel)
        assert ("请联系服务中心" if language == "zh" else "Call the centre") in text
        assert "，。" not in text
        assert ". ." not in text
