"""Where somebody lives, as people say it: 3号楼2单元501, 3-2-501, 三栋 501 室 are one place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from devices.names import folded

PARTS: Final = ("building", "unit", "floor", "room")
"""The parts of an address that tell a door, from the outside in."""

_KIND: Final = re.compile(r"号楼|号院|楼层|单元|[栋幢座层室户号楼]")
_BETWEEN: Final = re.compile(r"[\s\-‐-―−/\\#、,.·]+")
_NUMERAL: Final = re.compile(r"[一二三四五六七八九十两]+")
_DIGITS: Final[dict[str, int]] = {numeral: value for value, numeral in enumerate("一二三四五六七八九", 1)} | {"两": 2}


def place_key(text: str) -> str:
    """A place as it is compared: its parts parted by ``-``, without the words for building, unit and room."""
    arabic = _NUMERAL.sub(_number, folded(text))
    return _BETWEEN.sub("-", _KIND.sub("-", arabic)).strip("-")


def door_keys(address: Mapping[str, object]) -> list[str]:
    """Each way in which the door of an address may be asked for; empty for an address that tells none."""
    building, unit, floor, room = (place_key(str(address.get(part) or "")) for part in PARTS)
    ways = [(building, unit, floor, room), (building, unit, room), (building, room), (unit, room), (room,)]
    if not room:
        ways = [(building, unit, floor), (building, unit), (building,)]
    keys = ["-".join(part for part in way if part) for way in ways]
    return [key for key in dict.fromkeys(keys) if key]


def _number(match: re.Match[str]) -> str:
    """Chinese numerals up to 99 as digits; whatever else they spell stays."""
    text = match.group()
    tens, ten, ones = text.partition("十")
    if not ten:
        return "".join(str(_DIGITS[numeral]) for numeral in text)
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return text
    return str((_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0))
