"""The records in force as the engine keeps them: by their public ids, with indexes by slot; no names of people."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from alerts.engine import layers
from alerts.engine.layout import State
from alerts.engine.promises import Settled, Window
from alerts.engine.state import with_devices, with_residents
from alerts.engine.zones import Hours, Zone
from devices.wearing import Span, laid_out

_FIRST_ROOM: Final = 64


class Wearing(msgspec.Struct, array_like=True):
    """An assignment: whose device, from when to when (ms)."""

    device: int
    wearer: int
    from_ms: int
    to_ms: int


class Bounds(msgspec.Struct, array_like=True):
    """A resident's zone and when it counts; None: always."""

    walker: int
    zone: Zone
    hours: Hours | None


class Directory(msgspec.Struct):
    """The records in force, by public id, and their indexes by slot."""

    residents: dict[str, int] = {}
    devices: dict[str, int] = {}
    assignments: dict[str, Wearing] = {}
    fences: dict[str, Bounds] = {}
    households: dict[str, int] = {}
    """Their slots as wearers, HOUSEHOLD and below."""
    household_of: dict[int, int] = {}
    """The household's row of a resident who has one."""
    windows: dict[str, Window] = {}
    """Promised checks."""
    sightings: dict[str, int] = {}
    """Slots of residents whom somebody has seen."""
    worn: dict[int, list[str]] = {}
    """Assignments of a device."""
    walks: dict[int, list[str]] = {}
    """Fences of a resident."""
    wards: dict[int, list[str]] = {}
    """Assignments to a resident."""
    promised: dict[int, list[str]] = {}
    """Promised checks of a resident."""
    members: dict[int, list[int]] = {}
    """Residents of a household, by its row."""
    zones: list[str] = []
    """Names of the time zones, by row of the tables."""
    sites: dict[str, int] = {}
    """Their numbers in the records."""
    parameters: dict[str, layers.Override] = {}
    """What somebody set."""
    own_rules: dict[int, int] = {}
    """Rows of parameters of residents for whom something was set."""
    site_rules: dict[str, int] = {}
    """The same of sites."""


FOLLOWING: Final = ("worn", "walks", "wards", "promised", "members")
"""Fields of a directory that follow from its others: ``indexed`` makes them."""


def indexed(directory: Directory) -> Directory:
    """The directory with the indexes that follow from its records."""
    for key, wearing in directory.assignments.items():
        directory.worn.setdefault(wearing.device, []).append(key)
        directory.wards.setdefault(wearing.wearer, []).append(key)
    for key, bounds in directory.fences.items():
        directory.walks.setdefault(bounds.walker, []).append(key)
    for key, window in directory.windows.items():
        directory.promised.setdefault(window.resident, []).append(key)
    for slot, house in directory.household_of.items():
        directory.members.setdefault(house, []).append(slot)
    return directory


def room_for(state: State, device: int = -1, resident: int = -1) -> State:
    """The state with room for these slots."""
    if device >= len(state.device):
        state = with_devices(state, more_room(len(state.device), device))
    if resident >= len(state.resident):
        state = with_residents(state, more_room(len(state.resident), resident))
    return state


def more_room(room: int, slot: int) -> int:
    """Room for a slot and a quarter more than there was, so that growing is rare and little of it is empty."""
    return max(slot + 1, room + room // 4, _FIRST_ROOM)


class Changed(NamedTuple):
    """Whose rows are to be laid out anew when all changes are in."""

    devices: dict[int, None]
    residents: dict[int, None]
    walkers: dict[int, None]
    parameters: dict[str, None]
    promises: dict[int, Settled]
    """What has been said of the checks of residents whose promises change."""
    houses: dict[int, None]
    sites: dict[int, None]
    routines: dict[int, None]
    """Residents who have their first device that may tell of their routine."""


def devices_of(directory: Directory, slot: int) -> list[int]:
    """What is, was or will be a resident's."""
    keys = directory.wards.get(slot)
    return list(dict.fromkeys(directory.assignments[key].device for key in keys)) if keys else []


def spans_of(directory: Directory, device: int) -> list[Span[int]]:
    """Whose a device was and will be, the newest first."""
    keys = directory.worn.get(device)
    if not keys:
        return []
    worn = (directory.assignments[key] for key in keys)
    return laid_out(Span(wearing.from_ms, wearing.to_ms, wearing.wearer) for wearing in worn)


def promised_of(directory: Directory, slot: int) -> dict[str, Window]:
    """A resident's promised checks."""
    return {key: directory.windows[key] for key in directory.promised.get(slot, ())}
