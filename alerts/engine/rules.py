"""The rules of contract section 3 with the codes under which the engine emits them."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import numpy as np


class Rule(IntEnum):
    """A rule; the numbers live in snapshots and must never change."""

    SOS_BUTTON = 0
    FALL_DEVICE = 1
    WANDERING_ZONE_EXIT = 2
    MISSED_CHECK_SILENT = 3
    DEVICE_BATTERY_LOW = 4
    DEVICE_FAULT = 5
    DEVICE_NOT_WORN = 6
    VITALS_HEART_RATE = 7
    VITALS_SPO2 = 8
    VITALS_BLOOD_PRESSURE = 9
    VITALS_TEMPERATURE = 10
    FALL_MOTION = 11
    WANDERING_NIGHT_EXIT = 12
    WANDERING_PATTERN = 13
    WANDERING_LOST = 14
    MISSED_CHECK_CHECKIN = 15
    MISSED_CHECK_INACTIVITY = 16
    SYSTEM_SITE_SILENT = 17

    @property
    def public_name(self) -> str:
        """The contract's name, for example ``wandering.zone_exit``."""
        return PUBLIC_NAMES[self]


def _public_name(rule: Rule) -> str:
    kind = next(kind for kind in ("missed_check", *_KINDS) if rule.name.lower().startswith(kind + "_"))
    return f"{kind}.{rule.name.lower().removeprefix(kind + '_')}"


_KINDS: Final = ("sos", "fall", "wandering", "vitals", "device", "system")
PUBLIC_NAMES: Final[dict[Rule, str]] = {rule: _public_name(rule) for rule in Rule}


class What(IntEnum):
    """What an episode event says."""

    OPENED = 0
    EVIDENCE = 1
    RECOVERED = 2
    CANCELLED = 3
    """The wearer took a press or a fall back."""
    KEPT = 4
    """A promised check was kept: nothing of an alarm, but the news that the day's list waits for."""
    EXCUSED = 5
    """A promised check was not asked for: the resident was not looked after as usual, or the rule was off."""


class Severity(IntEnum):
    """How bad it is, in rising order."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2
    CRITICAL = 3


EVIDENCE_SLOTS: Final = 8

EPISODE_EVENT: Final[np.dtype[Any]] = np.dtype(
    [
        ("t", "i8"),  # event time of this evidence, or the deadline, ms
        ("opening_t", "i8"),  # with opening_seq: what the episode's id is derived from
        ("opening_seq", "i8"),
        ("parameters", "i8"),  # version of the parameters that it was decided under, 0 the defaults
        ("reading", "i4"),  # index into the batch's header, -1 for a deadline
        ("resident", "i4"),  # slot, -1 none
        ("device", "i4"),  # slot, -1 none
        ("site", "i4"),  # index into the directory's sites, of what concerns a whole site; -1 none
        ("rule", "i1"),
        ("what", "i1"),
        ("severity", "i1"),
        ("late", "i1"),  # 1: more than 10 minutes old on arrival
        ("_spare", "i4"),
        ("values", "f8", (EVIDENCE_SLOTS,)),  # named by EVIDENCE_FIELDS of the rule, NaN = absent
    ],
    align=True,
)
"""One row of the engine's output."""
