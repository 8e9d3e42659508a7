"""Who wears what and where they may walk: registry changes turned into rows of the engine's arrays.

Keeps of each record only what the engine needs (no names), so that a snapshot can continue with the
next change. Works between batches, outside the journal (design rule 11).
"""

from __future__ import annotations

from itertools import pairwise
from math import cos, radians, sin
from typing import Final

import msgspec
import numpy as np

from alerts.engine import local_time
from alerts.engine.layout import (
    FENCE,
    FOREVER,
    HOUSEHOLD,
    NEVER,
    NOBODY,
    WEARERS_KEPT,
    State,
    with_devices,
    with_residents,
)
from alerts.engine.parameters import Parameters
from alerts.engine.zones import Circle, Zone, rows_of, zone_of
from devices.registry import Assignment, Device, Fence, RegistryChange, Resident

_FIRST_ROOM: Final = 64
_BAND: Final = "band"


class Wearing(msgspec.Struct, array_like=True):
    """An assignment: whose device, from when to when (ms)."""

    device: int
    wearer: int
    from_ms: int
    to_ms: int


class Directory(msgspec.Struct):
    """The records in force, by public id, and their indexes by slot."""

    residents: dict[str, int] = {}
    devices: dict[str, int] = {}
    assignments: dict[str, Wearing] = {}
    fences: dict[str, tuple[int, Zone]] = {}
    worn: dict[int, list[str]] = {}
    """Assignments of a device."""
    walks: dict[int, list[str]] = {}
    """Fences of a resident."""
    wards: dict[int, list[int]] = {}
    """Devices whose newest assignment is to this resident, in order of slots."""
    zones: list[str] = []
    """Names of the time zones, by row of the tables."""


def room_for(state: State, device: int = -1, resident: int = -1) -> State:
    """The state with room for these slots; capacity grows by doubling."""
    if device >= len(state.device):
        state = with_devices(state, _doubled(len(state.device), device))
    if resident >= len(state.resident):
        state = with_residents(state, _doubled(len(state.resident), resident))
    return state


def _doubled(room: int, slot: int) -> int:
    room = max(room, _FIRST_ROOM)
    while room <= slot:
        room *= 2
    return room


def apply(directory: Directory, state: State, change: RegistryChange, p: Parameters) -> State:
    """Bring one committed change into the arrays; returns the state, perhaps grown."""
    record = change.record
    match change.entity:
        case "resident":
            return _resident(directory, state, change.key, record if isinstance(record, Resident) else None)
        case "device":
            return _device(directory, state, change.key, record if isinstance(record, Device) else None)
        case "assignment":
            return _assignment(directory, state, change.key, record if isinstance(record, Assignment) else None)
        case "fence":
            return _fence(directory, state, change.key, record if isinstance(record, Fence) else None, p)
        case _:
            return state


def _resident(directory: Directory, state: State, key: str, record: Resident | None) -> State:
    if record is None:
        slot = directory.residents.pop(key, None)
        if slot is not None:
            _settle(state, slot, active=False)
            _forget_tracks(directory, state, slot)
        return state
    directory.residents[key] = record.slot
    state = room_for(state, resident=record.slot)
    row = state.resident[record.slot]
    row["home_lat"] = np.nan if record.home_lat is None else record.home_lat
    row["home_lon"] = np.nan if record.home_lon is None else record.home_lon
    state, row["zone"] = _time_zone(directory, state, record.timezone)
    active = record.status == "active"
    if bool(row["active"]) != active:
        _settle(state, record.slot, active=active)
        _forget_tracks(directory, state, record.slot)
    return state


def _settle(state: State, slot: int, *, active: bool) -> None:
    """Begin or stop to judge a resident; an open silence is forgotten, not recovered."""
    row = state.resident[slot]
    row["active"] = active
    row["silent_open"] = 0
    state.due[slot] = 0


def _forget_tracks(directory: Directory, state: State, slot: int) -> None:
    """Start the tracks of a resident's devices anew; where they were last seen stays known."""
    for device in directory.wards.get(slot, ()):
        forget_track(state, device)


def forget_track(state: State, device: int) -> None:
    """Forget fixes in a row and an open wandering episode of one device."""
    row = state.device[device]
    for name in ("outside", "inside", "zone_open", "outside_t", "zone_t", "zone_seq"):
        row[name] = 0
    row["told_t"] = NEVER


def _device(directory: Directory, state: State, key: str, record: Device | None) -> State:
    if record is None:
        slot = directory.devices.pop(key, None)
        if slot is not None:
            state.device[slot]["band"] = 0
            _rebind(directory, state, slot)
        return state
    directory.devices[key] = record.slot
    state = room_for(state, device=record.slot)
    state.device[record.slot]["band"] = record.type == _BAND and not record.revoked
    _rebind(directory, state, record.slot)
    return state


def _assignment(directory: Directory, state: State, key: str, record: Assignment | None) -> State:
    before = directory.assignments.pop(key, None)
    if before is not None:
        directory.worn[before.device].remove(key)
    if record is not None:
        wearer = HOUSEHOLD if record.resident_slot is None else record.resident_slot
        to_ms = FOREVER if record.to_ms is None else record.to_ms
        directory.assignments[key] = Wearing(record.device_slot, wearer, record.from_ms, to_ms)
        directory.worn.setdefault(record.device_slot, []).append(key)
        state = room_for(state, device=record.device_slot, resident=max(wearer, -1))
    if before is not None:
        _rebind(directory, state, before.device)
    if record is not None and (before is None or before.device != record.device_slot):
        _rebind(directory, state, record.device_slot)
    return state


def _rebind(directory: Directory, state: State, device: int) -> None:
    """Write a device's wearers anew; a new wearer starts with nothing known but the device's own battery."""
    history = sorted(
        (directory.assignments[key] for key in directory.worn.get(device, ())),
        key=lambda wearing: (wearing.from_ms, wearing.to_ms),
        reverse=True,
    )
    row = state.device[device]
    before = int(row["wearer"])
    wearers = state.wearers[device]
    wearers["from_ms"] = FOREVER
    wearers["to_ms"] = FOREVER
    wearers["wearer"] = NOBODY
    for i, wearing in enumerate(history[:WEARERS_KEPT]):
        wearers[i]["from_ms"] = wearing.from_ms
        wearers[i]["to_ms"] = wearing.to_ms
        wearers[i]["wearer"] = wearing.wearer
    newest = wearers[0]
    row["worn_from"], row["worn_to"], row["wearer"] = newest["from_ms"], newest["to_ms"], newest["wearer"]
    wearer = int(row["wearer"])
    if wearer != before:
        row["last_sign"] = NEVER
        for name in ("lat", "lon", "accuracy_m"):
            row[name] = np.nan
        forget_track(state, device)
    for resident in {before, wearer}:
        if resident >= 0:
            _chain(directory, state, resident, device, belongs=resident == wearer)


def _chain(directory: Directory, state: State, resident: int, device: int, *, belongs: bool) -> None:
    """Link a resident's bands through ``sibling``; without any, an open silence is forgotten."""
    wards = directory.wards.setdefault(resident, [])
    if belongs and device not in wards:
        wards.append(device)
        wards.sort()
    elif not belongs:
        wards.remove(device)
    state.sibling[device] = -1
    bands = [ward for ward in wards if state.device[ward]["band"]]
    row = state.resident[resident]
    row["first_device"] = bands[0] if bands else -1
    for band, following in pairwise([*bands, -1]):
        state.sibling[band] = following
    if not bands:
        row["silent_open"] = 0
    state.due[resident] = 0


def _fence(directory: Directory, state: State, key: str, record: Fence | None, p: Parameters) -> State:
    before = directory.fences.pop(key, None)
    changed: list[int] = []
    if before is not None:
        directory.walks[before[0]].remove(key)
        changed.append(before[0])
    zone = None if record is None else zone_of(record)
    if record is not None and zone is not None:
        directory.fences[key] = (record.resident_slot, zone)
        directory.walks.setdefault(record.resident_slot, []).append(key)
        state = room_for(state, resident=record.resident_slot)
        if record.resident_slot not in changed:
            changed.append(record.resident_slot)
    for resident in changed:
        state = _lay_out(directory, state, resident, p)
        _forget_tracks(directory, state, resident)
    return state


def _lay_out(directory: Directory, state: State, resident: int, p: Parameters) -> State:
    """Write a resident's zones: the first circle into the record, the rest into rows of ``fence``."""
    zones = [directory.fences[key][1] for key in sorted(directory.walks.get(resident, ()))]
    row = state.resident[resident]
    first = next((zone for zone in zones if isinstance(zone, Circle)), None)
    row["has_circle"] = first is not None
    if first is not None:
        lat = radians(first.lat)
        row["circle_lat"], row["circle_lon"], row["circle_cos"] = lat, radians(first.lon), cos(lat)
        row["circle_radius_m"] = first.radius_m
        row["circle_margin_m"] = min(p.zone.back_m, first.radius_m / 2)
    others = [zone for zone in zones if zone is not first]
    row["fence_first"], row["fence_count"] = len(state.fence), len(others)
    if not others:
        row["fence_first"] = 0
        return state
    fence = np.zeros(len(others), FENCE)
    vertices = [state.vertex]
    used = len(state.vertex)
    for i, zone in enumerate(others):
        lat0, lon0, radius_m, margin_m, vertex = rows_of(zone, p.zone.back_m)
        fence[i]["lat"], fence[i]["lon"], fence[i]["cos_lat"], fence[i]["sin_lat"] = lat0, lon0, cos(lat0), sin(lat0)
        fence[i]["radius_m"], fence[i]["margin_m"] = radius_m, margin_m
        fence[i]["vertex_first"], fence[i]["vertex_count"] = used, len(vertex)
        used += len(vertex)
        vertices.append(vertex)
    return state._replace(fence=np.concatenate([state.fence, fence]), vertex=np.concatenate(vertices))


def _time_zone(directory: Directory, state: State, name: str) -> tuple[State, int]:
    """The row of a time zone's table, added when it is new; −1 for one that nobody knows."""
    if name in directory.zones:
        return state, directory.zones.index(name)
    table = local_time.transitions(name)
    if table is None:
        return state, -1
    directory.zones.append(name)
    steps = max(len(table), state.zone_at.shape[1])
    at = np.full((len(directory.zones), steps), FOREVER, np.int64)
    offset = np.zeros_like(at)
    rows, width = state.zone_at.shape
    at[:rows, :width], offset[:rows, :width] = state.zone_at, state.zone_offset
    at[-1, : len(table)] = [when for when, _ in table]
    offset[-1, : len(table)] = [shift for _, shift in table]
    return state._replace(zone_at=at, zone_offset=offset), len(directory.zones) - 1
