"""Every text fits one SMS segment and says nothing that a stranger must not read."""

from __future__ import annotations

import itertools
import re

import pytest

from alerts.alarm import Alarm
from alerts.messages import all_clear_params, local_time, text_of
from alerts.phrases import PATTERNS, WORDS
from alerts.segment import fits_one_segment
from alerts.transitions import Acknowledge, Arrive, Cancel, Command, Dispatch, Resolve, apply
from tests.support.alarms import T0, a_card, an_alarm

LONG_NAMES = {
    "zh": ("阿卜杜热合曼·买买提吐尔逊江", "北京市海淀区中关村街道黄庄社区居家养老服务中心"),
    "en": ("Bartholomew Featherstonehaugh-Cholmondeley", "Northern Gardens Community Centre for Elder Care"),
}
ILLNESS = re.compile(r"痴呆|失智|高血压|糖尿病|心脏|血压|dement|diabet|alzheimer|stroke|heart|blood", re.IGNORECASE)
COORDINATES = re.compile(r"-?\d{1,3}\.\d{2,}")
CODES = {
    field: sorted({code for parameter, code, _ in WORDS if parameter == field}) for field in ("kind", "todo", "how")
}


@pytest.mark.parametrize(("template", "language"), sorted(PATTERNS))
@pytest.mark.parametrize("names", ["zh", "en"])
def test_every_text_fits_one_segment(template: str, language: str, names: str) -> None:
    name, site = LONG_NAMES[names]
    for kind, todo, how in itertools.product(*CODES.values()):
        params = {"name": name, "site": site, "time": "23:59", "kind": kind, "todo": todo, "how": how}
        text = text_of(template, params, language)
        assert fits_one_segment(text), text
        assert len(text) <= (70 if language == "zh" or names == "zh" else 160)
        assert "23:59" in text
        assert name[:4] in text
        assert text.startswith("【安心】" if language == "zh" else "Anxin: ")
        assert not ILLNESS.search(text)
        assert not COORDINATES.search(text)


def test_ordinary_chinese_names_are_not_cut() -> None:
    params = {"name": "欧阳秀兰", "site": "北苑社区养老服务中心", "time": "09:15", "kind": "sos", "todo": "call_them"}
    text = text_of("alarm", params, "zh")
    assert text == "【安心】欧阳秀兰09:15按了求助键，请尽快联系本人或服务中心。北苑社区养老服务中心"


def test_each_code_has_words_in_each_language() -> None:
    languages = {language for _, language in PATTERNS}
    for parameter, code, _ in WORDS:
        assert {lang for p, c, lang in WORDS if (p, c) == (parameter, code)} == languages


def test_an_unknown_language_is_answered_in_chinese() -> None:
    assert text_of("all_clear", {"name": "王秀兰", "time": "09:15", "site": "北苑"}, "fr").startswith("【安心】")


def test_an_unknown_code_still_makes_a_sentence() -> None:
    text = text_of("alarm", {"name": "王秀兰", "time": "09:15", "site": "北苑", "kind": "new", "todo": "x"}, "zh")
    assert "需要关注" in text


def test_line_breaks_in_names_do_not_reach_the_text() -> None:
    assert "\n" not in text_of("all_clear", {"name": "王\n秀兰", "time": "09:15", "site": "北\r\n苑"}, "zh")


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
