"""An answer is understood when it leaves no doubt, and only then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.messages import text_of
from alerts.phrases import PATTERNS
from alerts.replies import Verb
from alerts.reply_words import OPT_OUT, SAYS_NOTHING, WORDS, Read, read, read_own

SAYS: dict[Verb, tuple[str, ...]] = {
    "take": (
        "1", "１", " 1 。", "①", "1️⃣", "一", "好的我去", "我马上过去看看", "在路上", "On my way!",
        "I'm on my way to her", "收到，1", "Coming now", "one",
    ),
    "there": ("2", "到了", "我到了", "已经到了", "I’m here", "Arrived", "二", "在她身边"),
    "well": ("3", "没事", "她没事，谢谢", "All is well", "误报", "she's fine", "2 3", "我到了，没事", "妈妈没事 3",
        "打通了，她没事", "她在我这，平安", "spoke to her, she is fine"),
    "with_me": (
        "她在我这儿", "妈妈在我身边", "老人在我家", "她跟我在一起", "She is with me", "she's with me",
        "he is at my place", "他在我家，到了", "we are together",
    ),
    "cannot": ("0", "去不了", "我去不了", "Can’t come", "not going", "没时间", "我在外地", "no", "〇"),
}  # fmt: skip

DOUBTFUL = (
    "", "好的", "ok", "收到", "1 3", "1 2", "12345", "137", "没到", "还没到了", "I am not there",
    "there is a problem", "不是误报", "not a false alarm", "没事吗？", "她没事吧", "到了?", "我到了楼下但进不去门",
    "At the door, it is locked", "她不在家", "她去了", "he's going", "正在开会，稍后回复",
    "I am driving and will answer later", "她不在我这", "she is not with me", "打通了", "她没接电话",
    "spoke to her", "👍", "不", "00", "1 37 52",
)  # fmt: skip


@pytest.mark.parametrize(("verb", "line"), [(verb, line) for verb, lines in SAYS.items() for line in lines])
def test_figures_and_words_are_read_in_both_languages_and_any_width(verb: Verb, line: str) -> None:
    assert read(line) == Read(verb)


@pytest.mark.parametrize("line", DOUBTFUL)
def test_what_leaves_a_doubt_is_left_to_a_person(line: str) -> None:
    answer = read(line)
    assert answer != "opt_out"
    assert answer.verb is None


@pytest.mark.parametrize(
    "line", ["1 37", "37 1", "１　３７", "1,37", "1，编号37", "1.37", "1\n37", "我去37", "37 on my way"]
)
def test_the_code_stands_before_or_behind(line: str) -> None:
    assert read(line) == Read("take", 37)


@pytest.mark.parametrize("code", range(10, 100))
def test_every_code_is_read(code: int) -> None:
    assert read(f"2 {code}") == Read("there", code)
    assert read(str(code)) == Read(None, code)


@given(st.text(max_size=200))
def test_no_line_breaks_the_reader(line: str) -> None:
    answer = read(line)
    assert answer == "opt_out" or answer.code is None or 10 <= answer.code <= 99


@given(
    st.sampled_from([(verb, word) for verb, words in WORDS.items() for word in words]),
    st.sampled_from(["不", "没", "别", "not ", "n't ", "never ", "吗", "？", "?"]),
    st.booleans(),
)
def test_a_denied_or_questioned_word_never_says_what_it_says_alone(
    said: tuple[Verb, str], denial: str, before: bool
) -> None:
    verb, word = said
    answer = read(f"{denial}{word}" if before else f"{word}{denial}")
    assert answer == "opt_out" or answer.verb != verb or denial.strip() + word in WORDS[verb]


@pytest.mark.parametrize("verb", list(WORDS))
def test_each_word_alone_says_what_it_stands_for(verb: Verb) -> None:
    for word in WORDS[verb]:
        assert read(word) == Read(verb), word


def test_words_that_answer_nothing_answer_nothing() -> None:
    for word in SAYS_NOTHING:
        assert read(word) == Read(None), word


def test_what_a_carrier_obeys_is_no_answer() -> None:
    for word in OPT_OUT:
        assert read(f" {word.upper()}. ") == "opt_out"


@pytest.mark.parametrize(("template", "language"), sorted(PATTERNS))
def test_our_own_texts_sent_back_to_us_are_no_answer(template: str, language: str) -> None:
    params = {"name": "王秀兰", "site": "北苑", "time": "09:15", "count": 2, "alarms": [[37, "王秀兰"], [52, "李明"]]}
    answer = read(text_of(template, params, language, code=37))
    assert answer != "opt_out"
    assert answer.verb is None


OWN: dict[Verb | None, tuple[str, ...]] = {
    "well": ("1", "3", "１", "平安", "我没事", "我很好，谢谢", "好着呢", "I am fine", "I'm ok", "all well", "1 3"),
    "help": (
        "0", "救命", "我摔倒了", "头晕，起不来", "你们能来帮我吗？", "not well", "HELP",
        "I fell and cannot get up", "0 0",
    ),
    None: (
        "", "好的", "ok", "2", "在家", "1 0", "没摔", "我没有摔倒", "不需要帮助", "I don't need help", "我没事吧？",
        "10", "not fine", "没按平安键",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("verb", "line"), [(verb, line) for verb, lines in OWN.items() for line in lines])
def test_who_is_asked_how_they_are_has_words_of_their_own(verb: Verb | None, line: str) -> None:
    assert read_own(line).verb == verb


@pytest.mark.parametrize("code", range(10, 100))
def test_their_words_too_may_name_an_alarm(code: int) -> None:
    assert read_own(f"1 {code}") == Read("well", code)
    assert read_own(f"{code} 救命") == Read("help", code)


@given(st.text(max_size=200))
def test_no_line_of_theirs_breaks_the_reader(line: str) -> None:
    answer = read_own(line)
    assert answer.verb in (None, "well", "help")
    assert answer.code is None or 10 <= answer.code <= 99


def test_a_letter_that_only_mentions_help_calls_for_none() -> None:
    letter = "谢谢你们上个月帮我修好了水管，邻居们也都问起你们的电话号码，我把号码写在冰箱上面了，大家都很高兴"
    assert read_own(letter).verb is None
