"""Promised checks as rows of the engine's arrays, and what of them was said before they were laid out anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np

from alerts.engine.extents import Rows
from alerts.engine.layout import BY_BUTTON, BY_CALL, BY_SIGN, CHECK, State
from devices.registry import CheckWindow, KeptBy

_BY: Final[dict[KeptBy, int]] = {"button": BY_BUTTON, "sign": BY_SIGN, "call": BY_CALL}
_PARAMETER: Final = -1

Settled = dict[str, int]
"""What was said of each of a resident's checks (``CHECK.settled``), by the check's id."""


class Window(msgspec.Struct, array_like=True):
    """A promised check: whose, from when to when, and so much longer (ms, −1: the parameter), kept by what."""

    resident: int
    opens: int
    closes: int
    grace: int
    by: int


def window_of(record: CheckWindow) -> Window:
    """A record of the registry as the engine keeps it."""
    grace = _PARAMETER if record.grace_ms is None else record.grace_ms
    return Window(record.resident_slot, record.opens_ms, record.closes_ms, grace, _BY[record.by])


def in_order(windows: Mapping[str, Window]) -> list[str]:
    """The ids of one resident's checks in the order of their rows."""
    return sorted(windows, key=lambda key: (windows[key].closes, windows[key].opens, key))


def settled_of(state: State, slot: int, keys: list[str]) -> Settled:
    """What the rows of a resident say of their checks; ``keys`` in the order of the rows."""
    first, count = (int(state.resident[slot][name]) for name in ("check_first", "check_count"))
    assert count == len(keys)
    return dict(zip(keys, state.check["settled"][first : first + count].tolist(), strict=True))


def rows_of(promises: Mapping[int, tuple[Mapping[str, Window], Settled]]) -> Rows:
    """The rows of residents: of each their checks and what was said of them."""
    counts: list[int] = []
    rows: list[tuple[int, ...]] = []
    for windows, settled in promises.values():
        counts.append(len(windows))
        for key in in_order(windows):
            window = windows[key]
            rows.append((window.opens, window.closes, window.grace, window.resident, window.by, settled[key], 0))
    return Rows(list(promises), counts, np.array(rows, CHECK))
