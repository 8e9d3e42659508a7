"""Text as people and spreadsheets leave it in cells, made plain; and the guard against formulas.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula. What we write is
guarded by an apostrophe in front, and one apostrophe more where there was one already: so undoing it gives
back exactly what was there.
"""

from __future__ import annotations

import re
from typing import Final

_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0x00A0: " "}
_INVISIBLE: Final = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD))
_PLAIN: Final = _WIDE | _INVISIBLE
_GUARDED: Final = re.compile(r"'+[=+\-@\t\r]")
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_HAN_ONLY: Final = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff·\s]+")
_SPACES: Final = re.compile(r"\s+")
_ASIDE: Final = re.compile(r"\([^()]*\)|\[[^][]*\]|【[^【】]*】")
"""No bracket within another: each opening one would else search a hostile cell to its end, and halt the console."""
_SEPARATORS: Final = re.compile(r"[\s_\-:：*·./、]+")


def plain(text: str) -> str:
    """Full-width letters, digits and signs made half-width, invisible characters dropped, blanks trimmed."""
    return text.translate(_PLAIN).strip()


def plain_name(text: str) -> str:
    """A name without the blanks that fill two-character names up in a table (``王　芳``)."""
    name = _SPACES.sub(" ", text.translate(_INVISIBLE | {0x3000: " ", 0x00A0: " "})).strip()
    return name.replace(" ", "") if _HAN_ONLY.fullmatch(name) else name


def header_key(text: str) -> str:
    """A header reduced to what it says: no case, blanks, marks, nor remarks in brackets (``* 电话（必填）``)."""
    bare = _ASIDE.sub("", plain(text))
    return _SEPARATORS.sub("", bare or plain(text)).lower()


def guarded(text: str, *, formulas: bool) -> str:
    """``text`` so that ``unguarded`` gives it back; with ``formulas``, so that no spreadsheet computes it either."""
    return "'" + text if (_FORMULA if formulas else _GUARDED).match(text) else text


def unguarded(text: str) -> str:
    """What was there before it was guarded."""
    return text[1:] if _GUARDED.match(text) else text
