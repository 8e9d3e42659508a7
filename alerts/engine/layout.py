"""The arrays in which the engine keeps what it knows: a record a device, a record a resident, and the journal.

A position or a heartbeat touches one ``DEVICE`` and one ``RESIDENT`` record (128 bytes each); everything
rarer lives in arrays of its own (design rule 13). Times are Unix ms; ``NEVER`` means "not yet", NaN and
−1 mean "unknown".
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from devices import wearing
from devices.batch import Records

LAYOUT_VERSION: Final = 3

NEVER: Final = -(1 << 62)
"""A time before every time."""
FOREVER: Final = wearing.FOREVER
"""A time after every time."""
NOBODY: Final = -1
"""Slot of a wearer: the device is not assigned."""
HOUSEHOLD: Final = -2
"""Slot of a wearer: the first household that has a device; the next ones count down from here."""
WORN: Final = 1
"""``watched``: the device is on a person, its silence is theirs."""
BOX: Final = 2
"""``watched``: it stands in a home and says nothing of a person."""
RARE_KINDS: Final = 7
"""Kinds of readings whose mark is kept apart: all but position and heartbeat."""

DEVICE: Final[np.dtype[Any]] = np.dtype(
    [
        ("mark_position", "i8"),  # newest min(t, received) of the kind
        ("mark_heartbeat", "i8"),
        ("last_sign", "i8"),  # newest sign of life, whoever wore it, NEVER before the first
        ("worn_from", "i8"),  # the newest of its spans in ``span``, [worn_from, worn_to)
        ("worn_to", "i8"),
        ("wearer", "i4"),  # resident slot, NOBODY, or HOUSEHOLD and below
        ("interval_ms", "i4"),  # as last told by a heartbeat
        ("lat", "f8"),  # newest fix, degrees, whoever wore it; its time is mark_position
        ("lon", "f8"),
        ("accuracy_m", "f4"),
        ("battery_pct", "f4"),  # newest heartbeat
        ("outside_t", "i8"),  # first of the fixes outside
        ("zone_t", "i8"),  # opening of the wandering episode
        ("zone_seq", "i8"),
        ("told_t", "i8"),  # newest evidence of it that was emitted
        ("battery_t", "i8"),  # opening of the low battery episode
        ("battery_seq", "i8"),
        ("charging", "i1"),
        ("worn", "i1"),
        ("watched", "i1"),  # 0: its silence is nobody's concern, WORN or BOX
        ("outside", "i1"),  # fixes outside in a row, at most 100
        ("inside", "i1"),  # fixes well inside in a row, at most 100
        ("zone_open", "i1"),
        ("battery_open", "i1"),
        ("fault_open", "i1"),  # its opening is in ``fault``
    ],
    align=True,
)

RESIDENT: Final[np.dtype[Any]] = np.dtype(
    [
        ("circle_lat", "f8"),  # the first circle of the fences, radians; the rest is in ``fence``
        ("circle_lon", "f8"),
        ("circle_cos", "f8"),  # cosine of its latitude
        ("circle_radius_m", "f8"),
        ("silent_limit_ms", "i8"),  # of the open episode
        ("silent_t", "i8"),  # opening of the episode: the deadline
        ("silent_again", "i8"),  # when the open episode is judged once more, FOREVER never
        ("fence_first", "i4"),  # rows of ``fence``: [first, first + count)
        ("fence_count", "i4"),
        ("circle_margin_m", "f4"),
        ("active", "i1"),
        ("has_circle", "i1"),
        ("silent_open", "i1"),
        ("silent_severity", "i1"),
        ("home_lat", "f8"),  # degrees, NaN unknown
        ("home_lon", "f8"),
        ("ward_first", "i4"),  # rows of ``ward``: what they wear, wore or will wear
        ("ward_count", "i4"),
        ("zone", "i4"),  # row of the time zone tables, -1 unknown
        ("_spare", "i4", (7,)),
    ],
    align=True,
)

CRY: Final[np.dtype[Any]] = np.dtype(
    [
        ("last_t", "i8"),  # newest press of the device's latest episode, NEVER when none stands
        ("opening_t", "i8"),
        ("opening_seq", "i8"),
        ("wearer", "i4"),
        ("_spare", "i4"),
    ],
    align=True,
)

FAULT: Final[np.dtype[Any]] = np.dtype([("t", "i8"), ("limit_ms", "i8")], align=True)
"""The open ``device.fault`` of a device: its deadline, and the silence that it allowed."""

SPAN: Final[np.dtype[Any]] = np.dtype(
    [("from_ms", "i8"), ("to_ms", "i8"), ("wearer", "i4"), ("_spare", "i4")], align=True
)
"""Whose a device was in [from_ms, to_ms); a device's spans follow each other, the newest first, none overlap."""

FENCE: Final[np.dtype[Any]] = np.dtype(
    [
        ("lat", "f8"),  # centre of a circle, origin of a polygon's plane; radians
        ("lon", "f8"),
        ("cos_lat", "f8"),
        ("sin_lat", "f8"),
        ("radius_m", "f8"),  # circles
        ("margin_m", "f4"),  # this deep inside counts as back
        ("vertex_first", "i4"),
        ("vertex_count", "i4"),  # 0: a circle
        ("_spare", "i4"),
    ],
    align=True,
)


class State(NamedTuple):
    """Everything that a compiled detector reads or changes."""

    device: Records  # shape (n_devices,), DEVICE
    marks: npt.NDArray[np.int64]  # shape (n_devices, RARE_KINDS), by kind - VITALS
    cry: Records  # shape (n_devices, 2), CRY: sos, fall
    fault: Records  # shape (n_devices,), FAULT
    spans: npt.NDArray[np.int32]  # shape (n_devices, 2): first row and count in ``span``
    span: Records  # shape (n_spans,), SPAN
    resident: Records  # shape (n_residents,), RESIDENT
    ward: npt.NDArray[np.int32]  # shape (n_wards,), device slots, rising for each resident
    due: npt.NDArray[np.int64]  # shape (n_residents,), no silence of them is judged, first or again, before this, ms
    fault_due: npt.NDArray[np.int64]  # shape (n_devices,), no fault of them is judged before this, ms
    fence: Records  # shape (n_fences,), FENCE
    vertex: npt.NDArray[np.float64]  # shape (n_vertices, 2), metres east and north of the fence's origin
    zone_at: npt.NDArray[np.int64]  # shape (n_zones, n_steps), from when on, ms; padded with FOREVER
    zone_offset: npt.NDArray[np.int64]  # shape (n_zones, n_steps), local time - UTC, ms


class Journal(NamedTuple):
    """Records as they were before each change, in order; undone from the end."""

    used: npt.NDArray[np.int64]  # shape (4,): entries used of device, rare, resident, fault
    device_slot: npt.NDArray[np.int32]
    device: Records
    rare_slot: npt.NDArray[np.int32]
    rare_kind: npt.NDArray[np.int8]
    rare_mark: npt.NDArray[np.int64]
    rare_cry: Records
    resident_slot: npt.NDArray[np.int32]
    resident: Records
    fault_slot: npt.NDArray[np.int32]
    fault: Records


def blank_devices(count: int) -> Records:
    """Devices of which nothing is known yet."""
    rows = np.zeros(count, DEVICE)
    for name in ("mark_position", "mark_heartbeat", "last_sign", "told_t"):
        rows[name] = NEVER
    for name in ("worn_from", "worn_to"):
        rows[name] = FOREVER
    for name in ("lat", "lon", "accuracy_m", "battery_pct"):
        rows[name] = np.nan
    for name in ("wearer", "charging", "worn"):
        rows[name] = -1
    rows["interval_ms"] = 0
    return rows


def blank_residents(count: int) -> Records:
    """Residents of whom nothing is known yet: not active, no fences."""
    rows = np.zeros(count, RESIDENT)
    for name in ("home_lat", "home_lon"):
        rows[name] = np.nan
    rows["zone"] = -1
    return rows


def blank_cries(count: int) -> Records:
    """No press and no fall so far."""
    rows = np.zeros((count, 2), CRY)
    rows["last_t"] = NEVER
    return rows


def empty_state() -> State:
    """No devices, no residents."""
    return State(
        device=blank_devices(0),
        marks=np.empty((0, RARE_KINDS), np.int64),
        cry=blank_cries(0),
        fault=np.empty(0, FAULT),
        spans=np.empty((0, 2), np.int32),
        span=np.empty(0, SPAN),
        resident=blank_residents(0),
        ward=np.empty(0, np.int32),
        due=np.empty(0, np.int64),
        fault_due=np.empty(0, np.int64),
        fence=np.empty(0, FENCE),
        vertex=np.empty((0, 2), np.float64),
        zone_at=np.empty((0, 1), np.int64),
        zone_offset=np.empty((0, 1), np.int64),
    )


def with_devices(state: State, count: int) -> State:
    """The same state with room for ``count`` devices."""
    more = count - len(state.device)
    return state._replace(
        device=np.concatenate([state.device, blank_devices(more)]),
        marks=np.concatenate([state.marks, np.full((more, RARE_KINDS), NEVER, np.int64)]),
        cry=np.concatenate([state.cry, blank_cries(more)]),
        fault=np.concatenate([state.fault, np.zeros(more, FAULT)]),
        spans=np.concatenate([state.spans, np.zeros((more, 2), np.int32)]),
        fault_due=np.concatenate([state.fault_due, np.zeros(more, np.int64)]),
    )


def with_fewer_devices(state: State, count: int) -> State:
    """The same state with room for ``count`` devices only; the others are forgotten."""
    return state._replace(
        device=state.device[:count].copy(),
        marks=state.marks[:count].copy(),
        cry=state.cry[:count].copy(),
        fault=state.fault[:count].copy(),
        spans=state.spans[:count].copy(),
        fault_due=state.fault_due[:count].copy(),
    )


def with_residents(state: State, count: int) -> State:
    """The same state with room for ``count`` residents."""
    more = count - len(state.resident)
    return state._replace(
        resident=np.concatenate([state.resident, blank_residents(more)]),
        due=np.concatenate([state.due, np.zeros(more, np.int64)]),
    )


def empty_journal(readings: int, residents: int) -> Journal:
    """A journal with room for this many readings and changes of residents."""
    return Journal(
        used=np.zeros(4, np.int64),
        device_slot=np.empty(readings, np.int32),
        device=np.empty(readings, DEVICE),
        rare_slot=np.empty(readings, np.int32),
        rare_kind=np.empty(readings, np.int8),
        rare_mark=np.empty(readings, np.int64),
        rare_cry=np.empty(readings, CRY),
        resident_slot=np.empty(residents, np.int32),
        resident=np.empty(residents, RESIDENT),
        fault_slot=np.empty(readings, np.int32),
        fault=np.empty(readings, FAULT),
    )
