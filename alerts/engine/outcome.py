"""How a kernel ended, what it knows of a reading, and how it writes a row of its output."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import inner
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
    MORE = 6
    """The output or the journal is full: call again, there is more to judge."""


class Outcome(NamedTuple):
    """What a kernel did. ``needed``: with GROW the device slots wanted."""

    status: int
    reading: int
    rule: int
    events: int
    needed: int


NO_RULE = -1
BROKEN = -1
"""Instead of a number of events: the engine's own records contradict each other."""


class Heard(NamedTuple):
    """A reading, as the detectors hear it."""

    i: int
    """Index into the batch's header."""
    d: int
    """The device's slot."""
    wearer: int
    """Who wore it then: a resident's slot, NOBODY, or HOUSEHOLD and below."""
    worn_since: int
    """Since when without a break, ms."""
    rules: int
    """Row of ``State.rules`` that is in force for the wearer."""
    t: int
    seq: int
    order: int
    """``min(t, received)``, ms: by which time spans are measured."""
    before: int
    """The ``order`` of the newest reading of its device and kind before it, ms."""
    late: bool
    newer: bool
    """Newer than every reading of its device and kind before it: the others move no detector (design rule 5)."""
    trusted: bool
    now: int
    kind: int
    """``devices.kinds.Kind``."""


class Window(NamedTuple):
    """A window of motion, as the detectors hear it: what other kinds tell in a record of their own."""

    samples: npt.NDArray[np.int16]
    """Shape (n, 3), mg; the first of them at the reading's ``t``. There may be none."""
    rate_hz: float
    """As it was told: nothing is known of it."""


@inner
def unfinished(k: int) -> int:
    """Instead of a number of events: so many, and there is more to judge for which there is no room. And back again.

    Whoever judges next then leaves it alone: what is said of residents stands before what is said of devices, however
    often a scan has to be gone on with.
    """
    return -2 - k


@inner
def emit(  # noqa: PLR0917 - one row, written at once
    out: Records, k: int, rule: int, what: int, severity: int, t: int, opening_t: int, opening_seq: int,
    reading: int, resident: int, device: int, late: bool, p: Any,
) -> None:  # fmt: skip
    """Write row ``k`` of the output, its evidence still unknown. ``p``: the row of parameters in force."""
    event = out[k]
    event["t"] = t
    event["opening_t"] = opening_t
    event["opening_seq"] = opening_seq
    event["parameters"] = p["version"]
    event["reading"] = reading
    event["resident"] = resident
    event["device"] = device
    event["site"] = -1
    event["rule"] = rule
    event["what"] = what
    event["severity"] = severity
    event["late"] = 1 if late else 0
    event["_spare"] = 0
    values = event["values"]
    for i in range(EVIDENCE_SLOTS):
        values[i] = np.nan
