"""Records that readings will need, fetched from memory before they are: for many readings at once.

One reading after the other waits for its record each time, about as long as all its rules take; asked for together, the
ways of many records overlap. What a record points to can only be asked for when it is there, so it goes in rounds over
the same readings: devices, their wearers and what belongs to whoever is out, routines and zones, the corners of these.
"""

from __future__ import annotations

from typing import Any, Final

from alerts.engine.compiled import gate, inner
from alerts.engine.detectors.zone_exit import is_in_disc
from alerts.engine.layout import DEVICE, NONE, RESIDENT, Journal, State
from alerts.engine.places import PLACES
from alerts.engine.routine import PULSE
from alerts.engine.trek import HOME, TREK
from alerts.engine.turning import GAP_MS
from alerts.engine.ways import WAYS
from alerts.engine.words import LINE, fetch
from devices.batch import Records
from devices.kinds import Kind

AHEAD: Final = 64
"""So many readings are looked ahead at."""
_POSITION = int(Kind.POSITION)
_VITALS = int(Kind.VITALS)
_DEVICE: Final = DEVICE.itemsize // LINE
_RESIDENT: Final = 1 + RESIDENT.itemsize // LINE
_PULSE: Final = 1 + PULSE.itemsize // LINE
_TREK: Final = 1 + TREK.itemsize // LINE
_RING: Final = TREK.fields["turn_began"][1] // LINE  # type: ignore[index]
_WAYS: Final = 1 + WAYS.fields["walked"][1] // LINE  # type: ignore[index]
_CELLS: Final = tuple(WAYS.fields[name][1] // LINE for name in ("east", "north", "within", "last"))  # type: ignore[index]
_PLACES: Final = 1 + PLACES.itemsize // LINE
_A_LINE: Final = 4
"""Corners."""
_MOST: Final = 16
"""Lines of them: what follows each other is fetched without being asked for."""


@inner
def fetch_ahead(state: State, header: Records, start: int, end: int, journal: Journal) -> None:
    """Let what the readings [start, end) need be on its way."""
    positions = fetch_devices(state, header, start, end, journal)
    fetch_wearers(state, header, start, end)
    if positions > 0:
        fetch_treks(state, header, start, end)
    fetch_pulses(state, header, start, end)
    if positions > 0:
        fetch_zones(state, header, start, end)
        fetch_corners(state, header, start, end)


@gate
def fetch_next(state: State, header: Records, i: int) -> None:
    """Ask for the device of the reading that is looked ahead at next, while this one is at work."""
    if i + AHEAD < len(header):
        fetch(state.device, header[i + AHEAD]["device"], 0, _DEVICE)


@inner
def fetch_devices(state: State, header: Records, start: int, end: int, journal: Journal) -> int:
    """Touch the records of devices, both halves; returns how many of the readings are positions.

    They are loaded, since the rounds that follow need them, and the discs of those that tell where they are asked for.
    What they come to is stored beyond the journal's end only so that the loads are not left out.
    """
    touched = 0
    positions = 0
    for i in range(start, end):
        device = state.device[header[i]["device"]]
        touched ^= device["episode"] ^ device["wearer"]
        if header[i]["kind"] == _POSITION:
            fetch(state.calm, header[i]["device"], 0, 1)
            positions += 1
        if header[i]["kind"] == _VITALS:
            touched ^= state.mark_vitals[header[i]["device"]]
    journal.device_slot[journal.used[0]] = touched & 1
    return positions


@inner
def wearer_of(state: State, header: Records, i: int) -> int:
    """The resident whose records a reading probably needs; NONE: nobody's, as of a fix from home."""
    wearer = state.device[header[i]["device"]]["wearer"]
    return int(wearer) if 0 <= wearer < len(state.resident) and not is_from_home(state, header, i) else NONE


@inner
def is_from_home(state: State, header: Records, i: int) -> bool:
    """Whether a reading is a fix from which probably nothing follows."""
    d = header[i]["device"]
    device = state.device[d]
    return bool(
        header[i]["kind"] == _POSITION
        and device["out"] == HOME
        and device["episode"] == NONE
        and state.calm[d]["reach_m"] > 0.0
        and (state.rules[device["rules"]]["pattern_enabled"] == 0 or not is_often(device, header[i]))
    )


@inner
def is_often(device: Any, reading: Any) -> bool:
    """Whether a fix comes so soon after the one before that its way is looked at even at home."""
    return bool(reading["t"] - device["mark_position"] <= GAP_MS)


@inner
def fetch_wearers(state: State, header: Records, start: int, end: int) -> None:
    """Ask for those who wear the devices."""
    for i in range(start, end):
        wearer = wearer_of(state, header, i)
        if wearer != NONE:
            fetch(state.resident, wearer, 0, _RESIDENT)


@inner
def fetch_pulses(state: State, header: Records, start: int, end: int) -> None:
    """Ask for what is known of their present silence."""
    for i in range(start, end):
        wearer = wearer_of(state, header, i)
        if wearer != NONE:
            fetch(state.pulse, state.resident[wearer]["routine"], 0, _PULSE)


@inner
def is_about(state: State, header: Records, i: int) -> bool:
    """Whether a reading is a fix of somebody who is out, or of whom something out of the ordinary is known."""
    device = state.device[header[i]["device"]]
    return bool(
        header[i]["kind"] == _POSITION
        and 0 <= device["wearer"] < len(state.resident)
        and (device["out"] != HOME or device["episode"] != NONE)
    )


@inner
def fetch_treks(state: State, header: Records, start: int, end: int) -> None:
    """Ask for the rings of those who tell often where they are, and for what is known of those who are about."""
    for i in range(start, end):
        if header[i]["kind"] != _POSITION or is_from_home(state, header, i):
            continue
        d = header[i]["device"]
        device = state.device[d]
        row = state.trek_row[d]
        if is_about(state, header, i):
            fetch(state.episode, device["episode"], 0, 2)
            known = state.ways_row[device["wearer"]]
            if row >= 0 and known >= 0:
                fetch(state.trek, row, 0, _TREK)
                fetch(state.ways, known, 0, _WAYS)
                fetch(state.places, known, 0, _PLACES)
                for cells in _CELLS:
                    fetch(state.ways, known, cells, 1)
        elif row != NONE and is_often(device, header[i]):
            fetch(state.trek, row, _RING, _TREK - _RING)


@inner
def fetch_zones(state: State, header: Records, start: int, end: int) -> None:
    """Ask for the first zone of whoever is about."""
    for i in range(start, end):
        if is_about(state, header, i):
            fetch(state.fence, state.resident[state.device[header[i]["device"]]["wearer"]]["fence_first"], 0, 1)


@inner
def fetch_corners(state: State, header: Records, start: int, end: int) -> None:
    """Ask for the corners of that zone, where it was not certain that they are in it."""
    for i in range(start, end):
        if is_about(state, header, i):
            device = state.device[header[i]["device"]]
            resident = state.resident[device["wearer"]]
            if device["walks"] == 1 and resident["fence_count"] > 0 and not is_in_disc(device):
                fence = state.fence[resident["fence_first"]]
                if fence["vertex_count"] > 0:
                    fetch(state.vertex, fence["vertex_first"], 0, 1 + min(_MOST, fence["vertex_count"] // _A_LINE))
