"""What a short answer means: the words that people use, as data, and how a line is read.

An answer is one of the figures 0 to 3 or words for it, and perhaps the two-digit code of the alarm, in any order and
in whatever width the keyboard has. It is understood only when every word of it is known and it asks nothing: "not
there", "没事吗" or "at the door, it is locked" hold a word for an answer and mean something else; a person must read
them.

Residents who are asked how they are have words of their own: whatever sounds like a call for help is one.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal, NamedTuple

from alerts.replies import Verb

LONGEST: Final = 40
"""Characters; a longer text is a letter to somebody, not an answer. Assumption."""

WORDS: Final[dict[Verb, tuple[str, ...]]] = {
    "take": (
        "我去", "我来", "去了", "在路上", "路上", "马上去", "马上到", "马上来", "就去", "就来", "就到", "过去",
        "去看", "赶来", "出发", "接了", "我接", "我处理", "我来处理", "on my way", "on the way", "omw", "coming",
        "going", "i go", "i'll go", "i will go", "i'll take it", "i take it", "mine",
    ),
    "there": (
        "到了", "已到", "到达", "在现场", "到现场", "在她身边", "在他身边", "在她家", "在他家", "见到她", "见到他",
        "arrived", "i am there", "i'm there", "i am here", "i'm here", "there", "here", "with her", "with him",
        "on site",
    ),
    "with_me": (
        "在我这里", "在我这儿", "在我这", "在我身边", "在我旁边", "在我家", "跟我在一起", "和我在一起", "is with me",
        "is here with me", "is at my place", "is at my home", "with me", "at my place", "together",
    ),
    "well": (
        "没事", "没有事", "没问题", "平安", "正常", "安全", "误报", "误触", "误按", "按错", "按错了", "all well",
        "all is well", "all ok", "all good", "is fine", "is ok", "is well", "is safe", "fine", "safe", "false alarm",
        "no problem", "by mistake",
    ),
    "cannot": (
        "去不了", "来不了", "不能去", "不能来", "去不成", "来不成", "过不去", "过不来", "不去", "不来", "没空",
        "没时间", "没法去", "没办法去", "走不开", "我不在家", "我不在附近", "我在外地", "cannot", "can't", "can not",
        "unable", "not coming", "not going", "no time", "busy", "no",
    ),
}  # fmt: skip
"""Verb → what says it."""

SAYS_NOTHING: Final = (
    "好的", "好", "收到", "知道了", "知道", "嗯", "行", "可以", "我们", "我", "现在", "马上", "立刻", "已经", "已",
    "这就", "正", "正在", "一切", "都", "很", "了", "啦", "的", "看看", "看", "一下", "请放心", "放心", "谢谢",
    "您好", "你好", "回复", "回", "编号", "打通了", "电话打通了", "接电话了", "接了电话", "打过电话", "打了电话",
    "通过电话", "通了电话", "联系上了", "刚刚", "刚", "yes", "ok", "okay", "sure", "hi", "hello", "please", "thanks",
    "thank you",
    "i", "i'm", "i am", "we", "we're", "are", "now", "right", "just", "already", "all", "come", "go", "to her",
    "to him", "to mum", "to dad", "it", "and", "code",
    "spoke", "talked", "called", "phoned", "reached her", "reached him",
)  # fmt: skip
"""Words beside an answer. By themselves they answer nothing: to have heard of it is not to go."""

THEY: Final = (
    "老人家", "老人", "妈妈", "爸爸", "奶奶", "爷爷", "妈", "爸", "人", "她", "他", "she's", "he's", "she", "he", "mum",
    "mom", "dad", "everything",
)  # fmt: skip
"""Words for somebody else: "she is fine" is an answer, "she went" is not."""

OWN_WELL: Final = (
    *WORDS["well"], "没事儿", "没事的", "我很好", "很好", "好着呢", "好得很", "挺好的", "挺好", "都好",
    "am well", "am fine", "am ok", "am okay", "well", "very well", "i'm well", "good", "doing fine", "i'm ok",
    "i'm okay",
)  # fmt: skip
"""What residents say of themselves who are well."""

OWN_HELP: Final = (
    "救命", "救救我", "救我", "帮帮我", "帮我", "需要帮助", "要帮助", "需要人", "来人", "不舒服", "难受", "疼", "痛",
    "头晕", "晕", "胸闷", "喘不上气", "摔倒", "摔了", "摔伤", "跌倒", "跌了", "起不来", "站不起来", "动不了", "不能动",
    "走不动", "help",
    "not well", "not ok", "not okay", "not good", "unwell", "sick", "fell", "fallen", "hurt", "hurts", "pain", "dizzy",
    "cannot get up", "can't get up", "cannot move", "can't move",
)  # fmt: skip
"""What residents say who need somebody. One of these among other words is enough: better a call too many (ADR-31)."""

DENIES: Final = re.compile(r"不|没|別|别|无|\b(?:no|not|don't|didn't|without|never|nobody)\b")
"""What turns such words round; then a person must read them."""

OPT_OUT: Final = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "td", "t", "退订", "start", "help"}
)
"""Words that a carrier obeys, and answers by itself. Source: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
(English default keywords); ``TD`` and ``T`` are usual in mainland China."""

_FIGURES: Final[dict[str, Verb]] = {"1": "take", "2": "there", "3": "well", "0": "cannot"}
_OWN_FIGURES: Final[dict[str, Verb]] = {"1": "well", "3": "well", "0": "help"}
_SPELLED: Final[dict[str, str]] = {
    "一": "1",
    "二": "2",
    "三": "3",
    "零": "0",
    "〇": "0",
    "one": "1",
    "two": "2",
    "three": "3",
}
_NUMBERS: Final = re.compile(r"[0-9]+")
_SIGNS: Final = re.compile(r"[^\w' ]+|_")
_STRONGEST: Final[tuple[Verb, ...]] = ("well", "with_me", "there")
"""Who says several of these says the first of them."""
_OF_THEM: Final[frozenset[Verb]] = frozenset({"well", "with_me"})
"""What can be said of somebody else."""

_Known = list[tuple[str, Verb | None]]


def _longest_first(words: dict[Verb, tuple[str, ...]]) -> _Known:
    said: _Known = [(word, verb) for verb, several in words.items() for word in several]
    return sorted([*said, *((word, None) for word in (*SAYS_NOTHING, *THEY))], key=lambda each: -len(each[0]))


_BY_LENGTH: Final = _longest_first(WORDS)
_OWN_BY_LENGTH: Final = _longest_first({"well": OWN_WELL})


class Read(NamedTuple):
    """A line as it was read: what it says (None: it is not clear), and the code that it names."""

    verb: Verb | None
    code: int | None = None


class _Line(NamedTuple):
    """A line as the words are looked for in it, and the numbers that it holds."""

    plain: str
    text: str
    figures: list[str]
    code: int | None
    puzzling: bool
    """Whether it holds numbers that are neither a figure nor the one code."""


def read(body: str) -> Read | Literal["opt_out"]:
    """Read an answer."""
    line = _line(body, _FIGURES)
    if line.text in OPT_OUT:
        return "opt_out"
    if "?" in line.plain:
        return Read(None, line.code)
    said = {_FIGURES[figure] for figure in line.figures}
    return Read(_meant(line, said, _BY_LENGTH), line.code)


def read_own(body: str) -> Read:
    """Read what somebody says of themselves who was asked how they are."""
    line = _line(body, _OWN_FIGURES)
    if len(line.text) <= LONGEST and _cries(line.text):
        return Read("help", line.code)
    if "?" in line.plain:
        return Read(None, line.code)
    said = {_OWN_FIGURES[figure] for figure in line.figures}
    return Read(_meant(line, said, _OWN_BY_LENGTH), line.code)


def _line(body: str, known_figures: dict[str, Verb]) -> _Line:
    plain = unicodedata.normalize("NFKC", body[: 10 * LONGEST]).replace("’", "'").casefold()
    text = " ".join(_SIGNS.sub(" ", plain).split())
    text = _SPELLED.get(text, text)
    numbers = _NUMBERS.findall(text)
    codes = [int(number) for number in numbers if len(number) == 2 and number[0] != "0"]
    figures = [number for number in numbers if number in known_figures]
    puzzling = len(numbers) > len(figures) + min(len(codes), 1)
    return _Line(plain, text, figures, codes[0] if len(codes) == 1 else None, puzzling)


def _meant(line: _Line, said: set[Verb], words: _Known) -> Verb | None:
    known = _take_words(_NUMBERS.sub(" ", line.text), said, words)
    if len(line.text) > LONGEST or not known or line.puzzling:
        return None
    for strongest in _STRONGEST:
        if strongest in said and said <= set(_STRONGEST):
            return strongest
    return said.pop() if len(said) == 1 else None


def _cries(text: str) -> bool:
    """Whether it calls for help, and nothing in the rest of it turns that round."""
    rest, found = text, 0
    for word in sorted(OWN_HELP, key=len, reverse=True):
        rest, times = _pattern(word).subn(" ", rest)
        found += times
    return found > 0 and DENIES.search(rest) is None


def _take_words(line: str, said: set[Verb], words: _Known) -> bool:
    """Add what the words of a line say, the longest first; False when one is unknown, or speaks of somebody else."""
    they = False
    for word, verb in words:
        line, found = _pattern(word).subn(" ", line)
        they = they or (found > 0 and word in THEY)
        if found and verb is not None:
            said.add(verb)
    return not line.strip() and (not they or bool(said & _OF_THEM))


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z']){re.escape(word)}(?![a-z'])" if word.isascii() else re.escape(word))
