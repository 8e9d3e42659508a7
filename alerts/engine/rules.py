"""The rules that the engine decides, with the codes under which it emits them."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import numpy as np


class Rule(IntEnum):
    """A rule of contract section 3; the numbers live in snapshots and must never change."""

    SOS_BUTTON = 0
    FALL_DEVICE = 1
    WANDERING_ZONE_EXIT = 2
    MISSED_CHECK_SILENT = 3
    DEVICE_BATTERY_LOW = 4
    DEVICE_FAULT = 5

    @property
    def public_name(self) -> str:
        """The contract's name, for example ``wandering.zone_exit``."""
        return PUBLIC_NAMES[self]


PUBLIC_NAMES: Final[dict[Rule, str]] = {
    Rule.SOS_BUTTON: "sos.button",
    Rule.FALL_DEVICE: "fall.device",
    Rule.WANDERING_ZONE_EXIT: "wandering.zone_exit",
    Rule.MISSED_CHECK_SILENT: "missed_check.silent",
    Rule.DEVICE_BATTERY_LOW: "device.battery_low",
    Rule.DEVICE_FAULT: "device.fault",
}


class What(IntEnum):
    """What an episode event says."""

    OPENED = 0
    EVIDENCE = 1
    RECOVERED = 2
    CANCELLED = 3
    """The wearer took a press or a fall back."""


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
        ("reading", "i4"),  # index into the batch's header, -1 for a deadline
        ("resident", "i4"),  # slot, -1 none
        ("device", "i4"),  # slot, -1 none
        ("rule", "i1"),
        ("what", "i1"),
        ("severity", "i1"),
        ("late", "i1"),  # 1: more than 10 minutes old on arrival
        ("values", "f8", (EVIDENCE_SLOTS,)),  # named by EVIDENCE_FIELDS of the rule, NaN = absent
    ],
    align=True,
)
"""One row of the engine's output."""

EVIDENCE_FIELDS: Final[dict[Rule, tuple[str, ...]]] = {
    Rule.SOS_BUTTON: ("lat_deg", "lon_deg", "accuracy_m"),
    Rule.FALL_DEVICE: ("confidence", "impact_g"),
    Rule.WANDERING_ZONE_EXIT: (
        "distance_outside_m", "accuracy_m", "fixes_outside", "seconds_outside", "dwell_s", "lat_deg", "lon_deg",
    ),
    Rule.MISSED_CHECK_SILENT: (
        "silent_for_s", "limit_s", "interval_s", "battery_pct", "charging", "worn", "at_home", "local_hour",
    ),
    Rule.DEVICE_BATTERY_LOW: ("battery_pct", "limit_pct"),
    Rule.DEVICE_FAULT: (
        "silent_for_s", "limit_s", "interval_s", "battery_pct", "charging", "worn", "others_reporting",
    ),
}  # fmt: skip
"""The names of ``values``, with their units; positions move into the alarm's ``position``."""
