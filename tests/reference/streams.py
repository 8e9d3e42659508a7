"""Small communities and streams of readings for engine and oracle: told once, read by both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from alerts.engine import EPISODE_EVENT
from devices.batch import (
    FALL,
    HEADER,
    HEARTBEAT,
    MOTION,
    NUMERIC,
    POSITION,
    SOS,
    VITALS,
    ReadingBatch,
    Records,
    empty_batch,
)
from devices.kinds import Kind
from devices.registry import (
    Assignment,
    CheckWindow,
    Device,
    Entity,
    Fence,
    KeptBy,
    Parameter,
    Record,
    RegistryChange,
    Resident,
    Scope,
    Sighting,
)
from tests.reference.oracle import Said, Told
from tests.reference.oracle.words import OF_WAYS

START = 1_750_000_000_000
"""2025-06-15T15:06:40Z, 23:06:40 in Shanghai."""
HOME = (31.2, 121.4)
M_PER_DEG = 111_195.08

_DTYPES: dict[Kind, np.dtype[Any]] = {
    Kind.POSITION: POSITION,
    Kind.HEARTBEAT: HEARTBEAT,
    Kind.VITALS: VITALS,
    Kind.SOS: SOS,
    Kind.FALL: FALL,
    Kind.MOTION: MOTION,
}
Samples = npt.NDArray[np.int16]
AT_REST: Samples = np.array([(2 - i % 5, i % 7, 1000 + i % 3) for i in range(25)], np.int16)
"""A second of a wrist that lies."""
STIRRING: Samples = np.array([(30 * (i % 5), 20 * (i % 7), 1000) for i in range(25)], np.int16)
"""And of one that moves a little."""


def north_of(metres: float, place: tuple[float, float] = HOME) -> tuple[float, float]:
    """The place so many metres north of another."""
    return place[0] + metres / M_PER_DEG, place[1]


def batch_of(readings: Sequence[Told], first_pos: int = 0) -> ReadingBatch:
    """The readings as columns; what a reading does not tell is unknown."""
    header = np.zeros(len(readings), HEADER)
    columns: dict[Kind, list[Records]] = {kind: [] for kind in _DTYPES}
    samples: list[Samples] = [np.empty((0, 3), np.int16)]
    for i, told in enumerate(readings):
        head = header[i]
        head["t"], head["received"], head["seq"] = told.t, told.received, told.seq
        head["pos"], head["device"], head["kind"] = first_pos + i, told.device, told.kind
        head["trusted"] = told.trusted
        if told.kind in _DTYPES:
            head["row"] = len(columns[told.kind])
            columns[told.kind].append(_record(_DTYPES[told.kind], told.fields))
        if told.kind == Kind.MOTION:
            own = columns[told.kind][-1]
            own["first"], own["count"] = sum(map(len, samples)), len(told.fields["samples"])
            samples.append(told.fields["samples"])
    filled = {
        NUMERIC[kind][0]: np.concatenate(rows) if rows else np.empty(0, _DTYPES[kind]) for kind, rows in columns.items()
    }
    return empty_batch()._replace(header=header, samples=np.concatenate(samples), **filled)


def _record(dtype: np.dtype[Any], fields: dict[str, Any]) -> Records:
    record = np.zeros(1, dtype)
    for name in dtype.names or ():
        value = fields.get(name)
        unknown = np.nan if dtype[name].kind == "f" else -1
        record[name] = unknown if value is None else value
    return record


def said_in(events: Records) -> list[Said]:
    """The engine's events in the oracle's words."""
    assert events.dtype == EPISODE_EVENT
    return [Said(*(int(event[name]) for name in Said._fields)) for event in events]


_ENTITIES: dict[type, Entity] = {
    Resident: "resident",
    Device: "device",
    Assignment: "assignment",
    Fence: "fence",
    Parameter: "parameter",
    CheckWindow: "check_window",
    Sighting: "sighting",
}


def change(record: Record | None, entity: Entity = "site", key: str = "", version: int = 0) -> RegistryChange:
    """A registry change that brings in a record, or takes one away."""
    if record is None:
        return RegistryChange(version=version, entity=entity, key=key, record=None)
    return RegistryChange(version=version, entity=_ENTITIES[type(record)], key=record.id, record=record)


def parameter(name: str, value: float, scope: Scope = "everyone", slot: int = 0) -> Parameter:
    """What somebody set for everyone, for the site of all, or for the resident with this slot."""
    key = {"everyone": "", "site": "s", "resident": f"r{slot}"}[scope]
    resident_slot = slot if scope == "resident" else None
    return Parameter(
        id=f"{scope}/{key}/{name}", scope=scope, key=key, resident_slot=resident_slot, name=name, value=value
    )


def resident(slot: int = 0, **fields: Any) -> Resident:
    fields = {"home_lat": HOME[0], "home_lon": HOME[1], **fields}
    return Resident(id=f"r{slot}", slot=slot, site="s", name="", **fields)


def device(slot: int = 0, **fields: Any) -> Device:
    return Device(id=f"d{slot}", slot=slot, site="s", **fields)


def assignment(device_slot: int = 0, resident_slot: int | None = 0, **fields: Any) -> Assignment:
    household = "h" if resident_slot is None else None
    fields = {"id": f"a{device_slot}", "from_ms": START - 86_400_000, "household": household, **fields}
    return Assignment(device_slot=device_slot, resident_slot=resident_slot, **fields)


def circle(resident_slot: int = 0, radius_m: float = 300.0, name: str = "c", **fields: Any) -> Fence:
    return Fence(
        id=f"f{resident_slot}{name}", resident_slot=resident_slot, name=name, circle_lat=HOME[0], circle_lon=HOME[1],
        radius_m=radius_m, **fields,
    )  # fmt: skip


def window(
    slot: int, opens_ms: int, closes_ms: int, *, by: KeptBy = "button", grace_ms: int | None = None, key: str = ""
) -> CheckWindow:
    """A promised check of the resident with this slot."""
    key = key or f"w{slot}/{closes_ms}"
    return CheckWindow(id=key, resident_slot=slot, opens_ms=opens_ms, closes_ms=closes_ms, by=by, grace_ms=grace_ms)


def seen(slot: int, at_ms: int) -> Sighting:
    return Sighting(id=f"r{slot}", resident_slot=slot, at_ms=at_ms)


def one_of_each() -> list[RegistryChange]:
    """One resident with one band and one circle of 300 m about home, whose ways nobody looks at."""
    off = [parameter(f"{rule.public_name}.enabled", 0.0) for rule in OF_WAYS]
    records: list[Record] = [resident(), device(), assignment(), circle(), *off]
    return [change(record) for record in records]


def beat(t: int, device_slot: int = 0, *, received: int | None = None, seq: int = -1, **fields: Any) -> Told:
    return Told(device_slot, Kind.HEARTBEAT, t, t if received is None else received, seq, fields=fields)


def fix(
    t: int, metres: float, device_slot: int = 0, *, received: int | None = None, seq: int = -1, **fields: Any
) -> Told:
    """A fix so many metres north of home, 5 m accurate unless told otherwise."""
    lat, lon = north_of(metres)
    fields = {"lat": lat, "lon": lon, "accuracy_m": 5.0, **fields}
    return Told(device_slot, Kind.POSITION, t, t if received is None else received, seq, fields=fields)


def press(
    t: int, device_slot: int = 0, *, kind: Kind = Kind.SOS, received: int | None = None, seq: int = -1,
    trusted: bool = True, **fields: Any,
) -> Told:  # fmt: skip
    return Told(device_slot, kind, t, t if received is None else received, seq, trusted=trusted, fields=fields)


def vital(t: int, device_slot: int = 0, *, received: int | None = None, seq: int = -1, **fields: Any) -> Told:
    return Told(device_slot, Kind.VITALS, t, t if received is None else received, seq, fields=fields)


def felt(
    t: int, samples: Samples, device_slot: int = 0, *, rate_hz: float = 25.0, received: int | None = None, seq: int = -1
) -> Told:
    """A window of motion, received as soon as it is over unless told otherwise."""
    over = t + round(len(samples) * 1000 / rate_hz) if received is None else received
    fields = {"rate_hz": rate_hz, "samples": samples}
    return Told(device_slot, Kind.MOTION, t, over, seq, fields=fields)


def check_in(t: int, device_slot: int = 0, *, received: int | None = None, seq: int = -1, trusted: bool = True) -> Told:
    """A press of "I am well"."""
    return Told(device_slot, Kind.CHECKIN, t, t if received is None else received, seq, trusted=trusted)
