"""What a short answer means: the words that people use, as data, and how a line is read.

An answer is one of the figures 0 to 3 or words for it, and perhaps the two-digit code of the alarm, in any order and
in whatever width the keyboard has. It is understood only when every word of it is known and it asks nothing: "not
there", "没事吗" or "at the door, it is locked" hold a word for an answer and mean something else; a person must read
them.
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
    "您好", "你好", "回复", "回", "编号", "yes", "ok", "okay", "sure", "hi", "hello", "please", "thanks", "thank you",
    "i", "i'm", "i am", "we", "we're", "are", "now", "right", "just", "already", "all", "come", "go", "to her",
    "to him", "to mum", "to dad", "it", "and", "code",
)  # fmt: skip
"""Words beside an answer. By themselves they answer nothing: to have heard of it is not to go."""

THEY: Final = (
    "老人家", "老人", "妈妈", "爸爸", "奶奶", "爷爷", "妈", "爸", "人", "她", "他", "she's", "he's", "she", "he", "mum",
    "mom", "dad", "everything",
)  # fmt: skip
"""Words for somebody else: "she is fine" is an answer, "she went" is not."""

OPT_OUT: Final = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "td", "t", "退订", "start", "help"}
)
"""Words that a carrier obeys, and answers by itself. Source: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
(English default keywords); ``TD`` and ``T`` are usual in mainland China."""

_FIGURES: Final[dict[str, Verb]] = {"1": "take", "2": "there", "3": "well", "0": "cannot"}
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
_BY_LENGTH: Final = sorted(
    [(word, verb) for verb, words in WORDS.items() for word in words]
    + [(word, None) for word in (*SAYS_NOTHING, *THEY)],
    key=lambda each: -len(each[0]),
)


class Read(NamedTuple):
    """A line as it was read: what it says (None: it is not clear), and the code that it names."""

    verb: Verb | None
    code: int | None = None


def read(body: str) -> Read | Literal["opt_out"]:
    """Read an answer."""
    plain = unicodedata.normalize("NFKC", body[: 10 * LONGEST]).replace("’", "'").casefold()
    line = " ".join(_SIGNS.sub(" ", plain).split())
    if line in OPT_OUT:
        return "opt_out"
    if "?" in plain:
        return Read(None)
    line = _SPELLED.get(line, line)
    numbers = _NUMBERS.findall(line)
    codes = [int(number) for number in numbers if len(number) == 2 and number[0] != "0"]
    code = codes[0] if len(codes) == 1 else None
    figures = [number for number in numbers if number in _FIGURES]
    said = {_FIGURES[figure] for figure in figures}
    known = _take_words(_NUMBERS.sub(" ", line), said)
    if len(line) > LONGEST or not known or len(numbers) > len(figures) + min(len(codes), 1):
        return Read(None, code)
    if said == {"there", "well"}:
        return Read("well", code)
    return Read(said.pop() if len(said) == 1 else None, code)


def _take_words(line: str, said: set[Verb]) -> bool:
    """Add what the words of a line say, the longest first; False when one is unknown, or speaks of somebody else."""
    they = False
    for word, verb in _BY_LENGTH:
        line, found = _pattern(word).subn(" ", line)
        they = they or (found > 0 and word in THEY)
        if found and verb is not None:
            said.add(verb)
    return not line.strip() and (not they or "well" in said)


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z']){re.escape(word)}(?![a-z'])" if word.isascii() else re.escape(word))
