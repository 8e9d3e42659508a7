"""Rows of different length, laid out anew when all changes of the registry are in, in one copy of each array."""

from __future__ import annotations

from math import cos, sin
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerts.engine import motion, pool, promises, trek, ways
from alerts.engine.extents import Rows, replaced, together
from alerts.engine.layout import FENCE, FOREVER, NOBODY, NONE, SPAN, WORN, State
from alerts.engine.register import Changed, Directory, devices_of, more_room, promised_of, spans_of
from alerts.engine.state import with_houses, with_routines
from alerts.engine.wearing import know_wearers, stir_residents
from alerts.engine.zones import ALWAYS, disc_of, drawn
from devices.batch import Records
from devices.wearing import Span

_WASTE: Final = 64
"""So many corners of fences may be nobody's."""


def laid_out_anew(directory: Directory, state: State, changed: Changed) -> State:
    """Write the rows of everybody whom the changes concern, in one copy each of the arrays."""
    state = with_houses(state, len(directory.households))
    if changed.routines:
        state = _with_routines_of(state, list(changed.routines))
    if changed.devices:
        spans = _span_rows(directory, state, list(changed.devices))
        state = state._replace(span=replaced(state.span, state.spans[:, 0], state.spans[:, 1], spans))
    residents = [slot for slot in changed.residents if slot >= 0]
    if residents:
        wards = _ward_rows(directory, state, residents)
        state = state._replace(
            ward=replaced(state.ward, state.resident["ward_first"], state.resident["ward_count"], wards)
        )
    sites = [site for site in changed.sites if site >= 0]
    if sites:
        rows = _site_rows(state, sites)
        state = state._replace(site_device=replaced(state.site_device, state.site["first"], state.site["count"], rows))
    if changed.walkers:
        state = _fences(directory, state, list(changed.walkers))
    if changed.promises:
        checks = promises.rows_of(
            {slot: (promised_of(directory, slot), said) for slot, said in changed.promises.items()}
        )
        first, count = state.resident["check_first"], state.resident["check_count"]
        state = state._replace(check=replaced(state.check, first, count, checks))
        state.check_due[list(changed.promises)] = 0
    if changed.houses:
        members = _member_rows(directory, list(changed.houses))
        first, count = state.house["member_first"], state.house["member_count"]
        state = state._replace(member=replaced(state.member, first, count, members))
    concerned = set(changed.devices)
    for slot in {*changed.walkers, *residents, *changed.promises}:
        concerned.update(devices_of(directory, slot))
    devices = np.array(list(concerned), np.int64)
    know_wearers(state, devices)
    state.fault_due[devices] = 0
    of_sites = state.device["site"][devices]
    state.site_due[of_sites[of_sites >= 0]] = 0
    state.site_due[sites] = 0
    stir_residents(state, np.array(residents, np.int64))
    return state


def _with_routines_of(state: State, residents: list[int]) -> State:
    """Give residents who had none a routine each, in their order."""
    first = int(state.resident["routine"].max(initial=-1)) + 1
    last = first + len(residents) - 1
    if last >= len(state.pulse):
        state = with_routines(state, more_room(len(state.pulse), last))
    state.resident["routine"][residents] = np.arange(first, last + 1)
    return state


def _span_rows(directory: Directory, state: State, devices: list[int]) -> Rows:
    """Whose devices were; the newest of each goes into its record as well."""
    none = Span(FOREVER, FOREVER, NOBODY)
    of_each = [spans_of(directory, device) for device in devices]
    newest = np.array([spans[0] if spans else none for spans in of_each], np.int64)
    for i, name in enumerate(("worn_from", "worn_to", "wearer")):
        state.device[name][devices] = newest[:, i]
    rows = np.array([(*span, 0) for spans in of_each for span in spans], SPAN)
    return Rows(devices, list(map(len, of_each)), rows)


def _ward_rows(directory: Directory, state: State, residents: list[int]) -> Rows:
    """What residents wear, wore or will wear, and whose silence may be theirs."""
    watched = state.device["watched"]
    count = []
    rows: list[int] = []
    for slot in residents:
        devices = {directory.assignments[key].device for key in directory.wards.get(slot, ())}
        own = sorted(d for d in devices if watched[d] == WORN)
        count.append(len(own))
        rows += own
    return Rows(residents, count, np.array(rows, np.int32))


def _member_rows(directory: Directory, houses: list[int]) -> Rows:
    """The people of households."""
    of_each = [sorted(directory.members.get(house, ())) for house in houses]
    rows = np.array([slot for members in of_each for slot in members], np.int32)
    return Rows(houses, list(map(len, of_each)), rows)


def _site_rows(state: State, sites: list[int]) -> Rows:
    """What is worn or stands in homes, as it is registered in these sites."""
    of = state.device["site"]
    slots = np.flatnonzero(np.isin(of, sites) & (state.device["watched"] != 0))
    slots = slots[np.argsort(of[slots], kind="stable")]
    owners = sorted(sites)
    counts = np.searchsorted(of[slots], owners, "right") - np.searchsorted(of[slots], owners, "left")
    return Rows(owners, counts.tolist(), slots.astype(np.int32))


def _fences(directory: Directory, state: State, walkers: list[int]) -> State:
    """Write the zones of residents, and the disc that lies surely inside them."""
    count: list[int] = []
    rows: list[tuple[Any, ...]] = []
    discs: list[tuple[float, ...]] = []
    corners: list[npt.NDArray[np.float64]] = [state.vertex]
    used = len(state.vertex)
    for walker in walkers:
        theirs = [directory.fences[key] for key in sorted(directory.walks.get(walker, ()))]
        zones = [drawn(bounds.zone) for bounds in theirs]
        for zone, bounds in zip(zones, theirs, strict=True):
            own = len(zone.vertex)
            sides = cos(zone.lat), sin(zone.lat)
            hours = bounds.hours or ALWAYS
            shape = (zone.lat, zone.lon, *sides, zone.about_m, zone.depth_m, used if own else 0, own)
            rows.append((*shape, hours.opens_min, hours.lasts_min, hours.days, (0,) * 7))
            if own:
                used += own
                corners.append(zone.vertex)
        count.append(len(zones))
        # A lone zone: when it does not count, nobody is judged. Beside another one, only what counts always is sure.
        sure = zones if len(zones) == 1 else [z for z, b in zip(zones, theirs, strict=True) if b.hours is None]
        discs.append(disc_of(sure))
    found = np.array(discs)
    for i, name in enumerate(("disc_lat", "disc_lon", "disc_cos", "disc_m")):
        state.resident[name][walkers] = found[:, i]
    first, counts = state.resident["fence_first"], state.resident["fence_count"]
    fence = replaced(state.fence, first, counts, Rows(walkers, count, np.array(rows, FENCE)))
    return _with_fences(state, fence, np.concatenate(corners))


def _with_fences(state: State, fence: Records, vertex: npt.NDArray[np.float64]) -> State:
    """Corners lose their owners when fences are moved together: they are then moved together as well."""
    if len(fence) < len(state.fence) or len(vertex) > 2 * int(fence["vertex_count"].sum()) + _WASTE:
        vertex = together(vertex, fence["vertex_first"], fence["vertex_count"])
    return state._replace(fence=fence, vertex=vertex)


def without_waste(state: State) -> State:
    """The same knowledge with every array in the order of its owners and nothing left behind in it."""
    resident, spans = state.resident.copy(), state.spans.copy()
    house, site = state.house.copy(), state.site.copy()
    device, episode = pool.gathered(state)
    motion_row, motions, rings = motion.gathered(state)
    trek_row, treks = trek.gathered(state)
    ways_row, known_ways, known_places = ways.gathered(state)
    routines = int(resident["routine"].max(initial=-1)) + 1
    fence = together(state.fence, resident["fence_first"], resident["fence_count"])
    return state._replace(
        device=device,
        episode=episode,
        free=np.array([NONE, 0], np.int64),
        resident=resident,
        spans=spans,
        motion_row=motion_row,
        motion_used=np.array([len(motions)], np.int64),
        motion=motions,
        motion_ring=rings,
        trek_row=trek_row,
        trek_used=np.array([len(treks)], np.int64),
        trek=treks,
        ways_row=ways_row,
        ways_used=np.array([len(known_ways)], np.int64),
        ways=known_ways,
        places=known_places,
        span=together(state.span, spans[:, 0], spans[:, 1]),
        ward=together(state.ward, resident["ward_first"], resident["ward_count"]),
        check=together(state.check, resident["check_first"], resident["check_count"]),
        house=house,
        pulse=state.pulse[:routines],
        routine=state.routine[:routines],
        member=together(state.member, house["member_first"], house["member_count"]),
        site=site,
        site_device=together(state.site_device, site["first"], site["count"]),
        fence=fence,
        vertex=together(state.vertex, fence["vertex_first"], fence["vertex_count"]),
    )
