"""Text broken into lines: Chinese anywhere but before a closing mark, numbers and Latin words whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

_PIECES: Final = re.compile(r"[A-Za-z0-9_+.@:/\-]+|\s+|[^\s][，。、；：！？）】》」』”’·]*", re.UNICODE)
MORE: Final = "…"


def wrapped(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """``text`` in lines of at most ``width`` as ``measure`` has it; its own line ends stay, blanks at ends do not."""
    return [line for part in text.splitlines() for line in _broken(part.strip(), width, measure)]


def shortened(lines: list[str], at_most: int) -> list[str]:
    """The first lines; the last of them says where there are more."""
    return lines if len(lines) <= at_most else [*lines[: at_most - 1], lines[at_most - 1][:-1] + MORE]


def _broken(text: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    line, used = "", 0.0
    for piece in _fitting(text, width, measure):
        wide = measure(piece)
        if line and used + wide > width:
            yield line.rstrip()
            line, used = "", 0.0
            if piece.isspace():
                continue
        line, used = line + piece, used + wide
    if line:
        yield line.rstrip()


def _fitting(text: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    """The pieces that stay whole; one that is wider than a line goes character by character."""
    for piece in _PIECES.findall(text):
        if measure(piece) <= width:
            yield piece
        else:
            yield from piece
