"""The words in which engine and oracle are compared: what a device told, and what a rule says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from math import nan
from typing import Any, NamedTuple

from alerts.engine import What
from devices.kinds import Kind

SECOND = 1000
LATE_AFTER = 600 * SECOND
"""Older than this on arrival is late (contract section 1)."""

WORN = ("band", "watch", "pendant")
"""Types of devices that are on a person: their silence is the person's."""

WATCHED = (*WORN, "box")
"""Types whose own silence is worth a look."""

Wearer = int | str | None
"""A resident's slot, a household's id, or nobody."""


class Rule(IntEnum):
    """The rules of the contract by the numbers under which they are told."""

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
        family, _, rest = self.name.lower().partition("_")
        if family == "missed":
            family, rest = "missed_check", rest.removeprefix("check_")
        return f"{family}.{rest}"


CRIES = (Rule.SOS_BUTTON, Rule.FALL_DEVICE, Rule.FALL_MOTION)
"""Rules that cannot be switched off."""
OF_WAYS = (Rule.WANDERING_NIGHT_EXIT, Rule.WANDERING_PATTERN, Rule.WANDERING_LOST)
"""Rules that look at a whole way: what the community lives through has none, ``test_patterns_against_oracle`` has."""


class Said(NamedTuple):
    """One episode event, as far as two engines must agree on it exactly."""

    rule: int
    what: int
    severity: int
    t: int
    opening_t: int
    opening_seq: int
    reading: int
    resident: int
    device: int
    late: int
    parameters: int = 0
    site: int = -1


class Verdict(NamedTuple):
    """What is said, and the numbers behind it, as many as the oracle knows."""

    said: Said
    evidence: Mapping[str, float]


@dataclass(frozen=True)
class Told:
    """One reading; fields of its kind by name, absent = unknown."""

    device: int
    kind: Kind
    t: int
    received: int
    seq: int = -1
    trusted: bool = True
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> int:
        return min(self.t, self.received)

    @property
    def late(self) -> bool:
        return self.received - self.t > LATE_AFTER

    def number(self, name: str) -> float:
        value = self.fields.get(name)
        return nan if value is None else float(value)


class Claim(NamedTuple):
    """What a rule makes of a reading: its episode is named by the reading that opened it, or by a deadline."""

    rule: Rule
    what: What
    severity: int
    opening: tuple[int, int]
    """Time and sequence number."""
    evidence: Mapping[str, float]


def named_by(told: Told) -> tuple[int, int]:
    """The name of an episode that this reading opens."""
    return told.t, told.seq
