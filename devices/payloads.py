"""The payloads of contract section 1 as typed structs, with the physical ranges that are accepted.

The ranges keep out what a sensor cannot have measured, not what is unhealthy: thresholds for people
are the alert engine's. Source of every range that is not a definition (degrees, percent): assumption,
ADR-5 (docs/adr/0005-physical-ranges.md).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

MAX_READINGS_PER_PAYLOAD: Final = 1000
EARLIEST_T: Final = 1_577_836_800_000
"""2020-01-01T00:00:00Z in ms: a clock before this is a clock that was never set."""
LATEST_T: Final = 32_503_680_000_000
"""3000-01-01T00:00:00Z in ms: beyond it nothing is stored."""

_TEXT = r"^[^\x00-\x1f\x7f]*$"

T = Annotated[int, msgspec.Meta(ge=EARLIEST_T, le=LATEST_T)]
Seq = Annotated[int, msgspec.Meta(ge=-1, le=4_294_967_295)]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
AccuracyM = Annotated[float, msgspec.Meta(ge=0, le=100_000)]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=_TEXT)]
Note = Annotated[str, msgspec.Meta(max_length=500, pattern=_TEXT)]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What every reading has: event time ``t`` (Unix ms) and the device's own counter ``seq`` (−1: none)."""

    t: T
    seq: Seq = -1


class Position(Reading, frozen=True, kw_only=True):
    """A fix in WGS-84 degrees."""

    lat: Latitude
    lon: Longitude
    accuracy_m: AccuracyM | None = None
    source: Literal["gnss", "wifi", "cell"] | None = None
    speed_mps: Annotated[float, msgspec.Meta(ge=0, le=400)] | None = None
    heading_deg: Annotated[float, msgspec.Meta(ge=0, le=360)] | None = None
    altitude_m: Annotated[float, msgspec.Meta(ge=-500, le=20_000)] | None = None


class Heartbeat(Reading, frozen=True, kw_only=True):
    """The device's report of itself and of the wrist that wears it."""

    battery_pct: Percent | None = None
    charging: bool | None = None
    worn: bool | None = None
    rssi_dbm: Annotated[float, msgspec.Meta(ge=-200, le=50)] | None = None
    steps: Annotated[int, msgspec.Meta(ge=0, le=4_294_967_295)] | None = None
    activity: Annotated[float, msgspec.Meta(ge=0, le=1e9)] | None = None
    interval_s: Annotated[float, msgspec.Meta(ge=1, le=604_800)] | None = None


class Vitals(Reading, frozen=True, kw_only=True):
    """Any of the vital signs."""

    heart_rate_bpm: Annotated[float, msgspec.Meta(ge=0, le=350)] | None = None
    spo2_pct: Percent | None = None
    systolic_mmhg: Annotated[float, msgspec.Meta(ge=0, le=350)] | None = None
    diastolic_mmhg: Annotated[float, msgspec.Meta(ge=0, le=300)] | None = None
    temperature_c: Annotated[float, msgspec.Meta(ge=0, le=60)] | None = None


class Sos(Reading, frozen=True, kw_only=True):
    """The button was pressed, or (``cancel``) the wearer takes it back."""

    lat: Latitude | None = None
    lon: Longitude | None = None
    accuracy_m: AccuracyM | None = None
    cancel: bool | None = None


class Fall(Reading, frozen=True, kw_only=True):
    """A fall that the device itself detected, or (``cancel``) the wearer takes it back."""

    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    impact_g: Annotated[float, msgspec.Meta(ge=0, le=1000)] | None = None
    cancel: bool | None = None


class Motion(Reading, frozen=True, kw_only=True):
    """A window of accelerometer samples; ``t`` is the first sample's time."""

    rate_hz: Annotated[float, msgspec.Meta(ge=1, le=1000)]
    samples: Annotated[bytes, msgspec.Meta(max_length=65_536)]


class Checkin(Reading, frozen=True, kw_only=True):
    """The wearer pressed "I am well"."""


class Service(Reading, frozen=True, kw_only=True):
    """The wearer asks for something by a short code."""

    request: Code
    note: Note | None = None


class Exercise(Reading, frozen=True, kw_only=True):
    """One session on a smart fitness machine."""

    session: Code
    machine: Code
    duration_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)]
    count: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] | None = None
    distance_m: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)] | None = None
    energy_kcal: Annotated[float, msgspec.Meta(ge=0, le=100_000)] | None = None
    heart_rate_bpm: Annotated[float, msgspec.Meta(ge=0, le=350)] | None = None
    user: Code | None = None


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """Retained connection status of a device, also its last will; never a sign of life."""

    state: Literal["online", "offline"]
    t: T | None = None


class CommandAck(msgspec.Struct, frozen=True, kw_only=True):
    """A device's answer to a command."""

    id: Code
    ok: bool
    t: T
    answer: Literal["ok", "help", "none"] | None = None
