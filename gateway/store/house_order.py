"""The order in which somebody walks from door to door."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

_PLACES: Final = ("community", "building", "unit", "floor", "room")
_PARTS: Final = re.compile(r"\d+|\D+")
_REMEMBERED: Final = 20_000
"""Names of places: more than the largest centre has."""


def house_order(address: Mapping[str, Any] | None) -> tuple[object, ...]:
    """A key that sorts addresses by community, building, unit, floor and room; building 9 stands before building 10."""
    return tuple(_counted(None if (place := (address or {}).get(each)) is None else str(place)) for each in _PLACES)


@lru_cache(maxsize=_REMEMBERED)
def _counted(text: str | None) -> tuple[tuple[int, str], ...]:
    return tuple((int(part) if part.isdecimal() else -1, part) for part in _PARTS.findall(text or ""))
