"""How a kernel ended, and how it writes a row of its output."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numba import njit

from alerts.engine.rules import EVIDENCE_SLOTS
from devices.batch import Records


class Status(IntEnum):
    """How a call of a kernel ended."""

    OK = 0
    GROW = 1
    """A device's slot is beyond the arrays; nothing was changed."""
    BAD_SLOT = 2
    BAD_ROW = 3
    """``header.row`` points outside the array of its kind."""
    BAD_VALUE = 4
    """A value that the decoder must have refused."""
    BAD_LINK = 5
    """The engine's own records contradict each other."""


class Outcome(NamedTuple):
    """What a kernel did. ``needed``: with GROW the device slots wanted; else room wanted for events."""

    status: int
    reading: int
    rule: int
    events: int
    needed: int


NO_RULE = -1


@njit(cache=True)
def emit(  # noqa: PLR0917 - one row, written at once
    out: Records, k: int, rule: int, what: int, severity: int, t: int, opening_t: int, opening_seq: int,
    reading: int, resident: int, device: int, late: bool,
) -> None:  # fmt: skip
    """Write row ``k`` of the output, its evidence still unknown."""
    event = out[k]
    event["t"] = t
    event["opening_t"] = opening_t
    event["opening_seq"] = opening_seq
    event["reading"] = reading
    event["resident"] = resident
    event["device"] = device
    event["rule"] = rule
    event["what"] = what
    event["severity"] = severity
    event["late"] = 1 if late else 0
    values = event["values"]
    for i in range(EVIDENCE_SLOTS):
        values[i] = np.nan
