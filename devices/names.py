"""How names are spelled in pinyin, so that a person is found by what a keyboard types quickest.

A character with several readings is spelled in each of them: 单 is Shan as a surname and dan elsewhere, and
nobody at the desk should have to know which one was entered.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import islice, product
from typing import Final

SPELLINGS: Final = 24
"""At most so many spellings of one name; the surname's readings come first. Source: assumption."""
_READINGS: Final = 2
"""At most so many readings of a character behind the first, the commonest. Source: assumption."""
_WORDS: Final = re.compile(r"[a-z0-9]+|[^a-z0-9\s]")
_UMLAUT: Final = {"lv": ("lv", "lu", "lyu"), "nv": ("nv", "nu", "nyu"), "lve": ("lve", "lue"), "nve": ("nve", "nue")}
"""What people type for lü and nü. Source: GB/T 28039-2011 (Chinese names in passports: LYU)."""


def prepare() -> None:
    """Load the dictionary now, not at the first name: for whoever must never pause later."""
    _readings("安")


def folded(text: str) -> str:
    """Text as it is compared: full-width signs made narrow, lower case, blanks at the ends removed."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def spellings(name: str) -> list[str]:
    """The name in pinyin, syllables parted by blanks, in each reading; Latin words stay as they are.

    A name without a letter or a Chinese character has none.
    """
    words = [word for each in _WORDS.findall(_latin(folded(name))) if (word := _readings(each))]
    if not words:
        return []
    kept = [words[0], *(readings[:_READINGS] for readings in words[1:])]
    # The last one turns slowest: whatever is cut off, the readings of the surname are not.
    turned = product(*reversed(kept))
    return list(dict.fromkeys(" ".join(reversed(each)) for each in islice(turned, SPELLINGS * 4)))[:SPELLINGS]


@lru_cache(maxsize=8192)
def _readings(word: str) -> tuple[str, ...]:
    if word.isascii():
        return (word,) if word.isalnum() else ()
    # Its dictionary takes 0.3 s and 60 MB, and most processes spell no name.
    from pypinyin import Style, pinyin  # noqa: PLC0415

    found = pinyin(word, style=Style.NORMAL, heteronym=True, errors="ignore")
    plain = [reading for each in found for reading in each if reading.isascii() and reading.isalpha()]
    return tuple(dict.fromkeys(typed for reading in plain for typed in _UMLAUT.get(reading, (reading,))))


def _latin(text: str) -> str:
    """Latin letters without their accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
