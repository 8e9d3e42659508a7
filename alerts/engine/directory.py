"""Who wears what and where they may walk: registry changes turned into rows of the engine's arrays.

Keeps of each record only what the engine needs (no names), so that a snapshot can continue with the
next change. Works between batches, outside the journal (design rule 11). What a change does to a track or a
silence happens at once, in the order of the changes; rows of different length are laid out when all are in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from alerts.engine import layers, local_time, pool, promises, routine
from alerts.engine.laying import laid_out_anew
from alerts.engine.layout import (
    BOX,
    FOREVER,
    HOUSEHOLD,
    NEVER,
    NOBODY,
    NONE,
    OWED,
    WORN,
    State,
)
from alerts.engine.register import (
    Bounds,
    Changed,
    Directory,
    Wearing,
    devices_of,
    promised_of,
    room_for,
    spans_of,
)
from alerts.engine.rules import Rule
from alerts.engine.state import with_sites
from alerts.engine.trek import HOME
from alerts.engine.wearing import know_wearers, stir_residents
from alerts.engine.zones import hours_of, zone_of
from devices.registry import (
    Assignment,
    CheckWindow,
    Device,
    Fence,
    Parameter,
    RegistryChange,
    Resident,
    Sighting,
)
from devices.wearing import span_at

_WATCHED: Final = {"band": WORN, "watch": WORN, "pendant": WORN, "box": BOX}
"""Types of devices whose silence counts; a fitness machine reports only when somebody trains."""


_TRACK: Final = int(Rule.WANDERING_ZONE_EXIT)
_LOST: Final = int(Rule.WANDERING_LOST)
_PATTERN: Final = int(Rule.WANDERING_PATTERN)
_NIGHT: Final = int(Rule.WANDERING_NIGHT_EXIT)
_OFF: Final = int(Rule.DEVICE_NOT_WORN)
_FOLLOWED: Final[dict[int, str]] = {
    _TRACK: "mark_position",
    _LOST: "mark_position",
    _PATTERN: "mark_position",
    _NIGHT: "mark_position",
    _OFF: "mark_heartbeat",
    int(Rule.VITALS_HEART_RATE): "mark_vitals",
    int(Rule.VITALS_SPO2): "mark_vitals",
    int(Rule.VITALS_BLOOD_PRESSURE): "mark_vitals",
    int(Rule.VITALS_TEMPERATURE): "mark_vitals",
}
"""Rules that follow one wearer of a device, with the mark of the readings by which they do."""


def apply(directory: Directory, state: State, changes: Sequence[RegistryChange]) -> State:
    """Bring committed changes into the arrays, in their order; returns the state, perhaps grown."""
    changed = Changed({}, {}, {}, {}, {}, {}, {}, {})
    for change in changes:
        record = change.record
        match change.entity:
            case "resident":
                resident = record if isinstance(record, Resident) else None
                state = _resident(directory, state, change.key, resident, changed)
            case "device":
                state = _device(directory, state, change.key, record if isinstance(record, Device) else None, changed)
            case "assignment":
                assignment = record if isinstance(record, Assignment) else None
                state = _assignment(directory, state, change.key, assignment, changed)
            case "fence":
                state = _fence(directory, state, change.key, record if isinstance(record, Fence) else None, changed)
            case "parameter":
                parameter = record if isinstance(record, Parameter) else None
                switched = _half_counted(directory, state, _rules_switched_by(directory, change.key, parameter))
                layers.note(directory.parameters, change.key, parameter, change.version)
                changed.parameters[change.key] = None
                _forget_switched(directory, state, switched)
            case "check_window":
                window = record if isinstance(record, CheckWindow) else None
                state = _window(directory, state, change.key, window, changed)
            case "sighting":
                state = _sighting(directory, state, change.key, record if isinstance(record, Sighting) else None)
            case _:
                pass
    state = with_sites(state, np.array([directory.site_rules.get(site, 0) for site in directory.sites], np.int32))
    if changed.parameters:
        state = _layered(directory, state)
    return laid_out_anew(directory, state, changed)


def _resident(
    directory: Directory, state: State, key: str, record: Resident | None, changed: Changed
) -> State:  # fmt: skip
    if record is None:
        slot = directory.residents.pop(key, None)
        if slot is not None:
            _move(directory, state, slot, "", changed)
            _belong(directory, state, slot, None, changed)
            _settle(directory, state, slot, active=False)
            changed.residents[slot] = None
        return state
    directory.residents[key] = record.slot
    state = room_for(state, resident=record.slot)
    row = state.resident[record.slot]
    row["home_lat"] = np.nan if record.home_lat is None else record.home_lat
    row["home_lon"] = np.nan if record.home_lon is None else record.home_lon
    state, row["zone"] = _time_zone(directory, state, record.timezone)
    row["accompanied"] = NEVER if record.accompanied_until is None else record.accompanied_until
    state.due[record.slot] = 0
    if row["site"] != _site(directory, record.site):
        _move(directory, state, record.slot, record.site, changed)
    _belong(directory, state, record.slot, record.household, changed)
    active = record.status == "active"
    if bool(row["active"]) != active:
        _settle(directory, state, record.slot, active=active)
        changed.residents[record.slot] = None
    return state


def _move(directory: Directory, state: State, slot: int, site: str, changed: Changed) -> None:
    """Let the rules of another site be those of a resident; "": of none."""
    switched = _half_counted(directory, state, _FOLLOWED, devices_of(directory, slot))
    row = state.resident[slot]
    row["site"] = _site(directory, site)
    row["rules"] = directory.site_rules.get(site, 0)
    changed.residents[slot] = None
    if slot in directory.own_rules:
        changed.parameters[f"resident {slot}"] = None
    _forget_switched(directory, state, switched)


def _belong(directory: Directory, state: State, slot: int, household: str | None, changed: Changed) -> None:
    """Let a resident be one of a household's people; None: of none."""
    before = directory.household_of.get(slot)
    house = None if household is None else HOUSEHOLD - _household(directory, household)
    if house == before:
        return
    if before is not None:
        del directory.household_of[slot]
        directory.members[before].remove(slot)
        changed.houses[before] = None
    if house is not None:
        directory.household_of[slot] = house
        directory.members.setdefault(house, []).append(slot)
        changed.houses[house] = None
    state.resident[slot]["house"] = -1 if house is None else house
    state.check_due[slot] = 0


def _household(directory: Directory, household: str) -> int:
    """Its slot as a wearer."""
    return directory.households.setdefault(household, HOUSEHOLD - len(directory.households))


def _settle(directory: Directory, state: State, slot: int, *, active: bool) -> None:
    """Begin or stop to judge a resident.

    An open silence and missed checks are forgotten, not recovered, and so are the tracks.
    """
    row = state.resident[slot]
    row["active"] = active
    row["silent_open"] = 0
    row["missed"] = 0
    if row["routine"] >= 0:
        routine.forget_silence(state, row["routine"])
    _forget(directory, state, slot, _TRACK)
    _forget(directory, state, slot, _LOST)
    _forget(directory, state, slot, _PATTERN)
    _forget(directory, state, slot, _NIGHT)
    _forget(directory, state, slot, _OFF)
    for device in devices_of(directory, slot):
        if state.device[device]["wearer"] == slot:
            state.device[device]["out"] = HOME


def _forget(directory: Directory, state: State, slot: int, rule: int) -> None:
    """Let a rule follow a resident's devices anew; what they were when last heard stays known."""
    for device in devices_of(directory, slot):
        unusual = state.device[device]["episode"] != NONE
        if unusual and _wearer_at(directory, state, device, _FOLLOWED[rule]) == slot:
            pool.forget(state, device, rule)


def _wearer_at(directory: Directory, state: State, device: int, mark: str) -> int:
    """Who wore the device at its newest reading of a kind."""
    newest = state.mark_vitals[device] if mark == "mark_vitals" else state.device[device][mark]
    span = span_at(spans_of(directory, device), int(newest))
    return NOBODY if span is None else span.wearer


def _device(directory: Directory, state: State, key: str, record: Device | None, changed: Changed) -> State:
    slot = directory.devices.pop(key, None) if record is None else record.slot
    if slot is None:
        return state
    watched = 0
    if record is not None:
        directory.devices[key] = slot
        state = room_for(state, device=slot)
        watched = 0 if record.revoked else _WATCHED.get(record.type, 0)
    site = "" if record is None else record.site
    if state.device[slot]["site"] != _site(directory, site):
        switched = _half_counted(directory, state, _FOLLOWED, [slot])
        changed.sites.update(dict.fromkeys((int(state.device[slot]["site"]), _site(directory, site))))
        state.device[slot]["site"] = _site(directory, site)
        state.device[slot]["site_rules"] = directory.site_rules.get(site, 0)
        _device_changes(directory, slot, changed)
        _forget_switched(directory, state, switched)
    if state.device[slot]["watched"] != watched:
        state.device[slot]["watched"] = watched
        changed.sites[_site(directory, site)] = None
        _device_changes(directory, slot, changed)
    return state


def _device_changes(directory: Directory, device: int, changed: Changed) -> None:
    """One assignment may take the device from whoever another one gives it to: all of them are looked at."""
    changed.devices[device] = None
    for key in directory.worn.get(device, ()):
        changed.residents[directory.assignments[key].wearer] = None


def _assignment(
    directory: Directory, state: State, key: str, record: Assignment | None, changed: Changed
) -> State:  # fmt: skip
    before = directory.assignments.get(key)
    after = None if record is None else _wearing(directory, record)
    devices = {wearing.device: None for wearing in (before, after) if wearing is not None}
    for wearing in (before, after):
        if wearing is not None:
            state = room_for(state, device=wearing.device, resident=wearing.wearer)
            changed.residents[wearing.wearer] = None
            _device_changes(directory, wearing.device, changed)
    followed = {
        (device, rule): _wearer_at(directory, state, device, mark)
        for device in devices
        if state.device[device]["episode"] != NONE
        for rule, mark in _FOLLOWED.items()
    }
    if before is not None:
        del directory.assignments[key]
        directory.worn[before.device].remove(key)
        directory.wards[before.wearer].remove(key)
    if after is not None:
        directory.assignments[key] = after
        directory.worn.setdefault(after.device, []).append(key)
        directory.wards.setdefault(after.wearer, []).append(key)
        if after.wearer >= 0 and state.resident[after.wearer]["routine"] < 0:
            changed.routines[after.wearer] = None
    for (device, rule), wearer in followed.items():
        if _wearer_at(directory, state, device, _FOLLOWED[rule]) != wearer:
            pool.forget(state, device, rule)
    return state


def _wearing(directory: Directory, record: Assignment) -> Wearing:
    wearer = record.resident_slot
    if wearer is None:
        wearer = _household(directory, record.household or "")
    to_ms = FOREVER if record.to_ms is None else record.to_ms
    return Wearing(record.device_slot, wearer, record.from_ms, to_ms)


def _fence(directory: Directory, state: State, key: str, record: Fence | None, changed: Changed) -> State:
    before = directory.fences.pop(key, None)
    walkers: dict[int, None] = {}
    if before is not None:
        directory.walks[before.walker].remove(key)
        walkers[before.walker] = None
    zone = None if record is None else zone_of(record)
    if record is not None and zone is not None:
        directory.fences[key] = Bounds(record.resident_slot, zone, hours_of(record.active))
        directory.walks.setdefault(record.resident_slot, []).append(key)
        state = room_for(state, resident=record.resident_slot)
        walkers[record.resident_slot] = None
    for walker in walkers:
        state.due[walker] = 0
        changed.walkers[walker] = None
        _forget(directory, state, walker, _TRACK)
    return state


def _window(
    directory: Directory, state: State, key: str, record: CheckWindow | None, changed: Changed
) -> State:  # fmt: skip
    """Take in a promised check; what was said of it stands while it is the same resident's and has the same end."""
    before = directory.windows.get(key)
    after = None if record is None else promises.window_of(record)
    for slot in {window.resident for window in (before, after) if window is not None} - changed.promises.keys():
        state = room_for(state, resident=slot)
        changed.promises[slot] = promises.settled_of(state, slot, promises.in_order(promised_of(directory, slot)))
    settled = OWED
    if before is not None:
        del directory.windows[key]
        directory.promised[before.resident].remove(key)
        said = changed.promises[before.resident].pop(key)
        if after is not None and (after.resident, after.closes) == (before.resident, before.closes):
            settled = said
    if after is not None:
        directory.windows[key] = after
        directory.promised.setdefault(after.resident, []).append(key)
        changed.promises[after.resident][key] = settled
    return state


def _sighting(directory: Directory, state: State, key: str, record: Sighting | None) -> State:
    before = directory.sightings.pop(key, None)
    if before is not None:
        state.resident[before]["seen_ms"] = NEVER
        stir_residents(state, np.array([before]))
    if record is not None:
        directory.sightings[key] = record.resident_slot
        state = room_for(state, resident=record.resident_slot)
        state.resident[record.resident_slot]["seen_ms"] = record.at_ms
        stir_residents(state, np.array([record.resident_slot]))
    return state


def _site(directory: Directory, name: str) -> int:
    return directory.sites.setdefault(name, len(directory.sites)) if name else -1


def _rules_switched_by(directory: Directory, key: str, record: Parameter | None) -> list[int]:
    """Of those that count, which is switched, or switched back, by a change of a parameter."""
    standing = directory.parameters.get(key)
    names = {each.name for each in (standing, record) if each is not None}
    return [rule for rule in _FOLLOWED if f"{Rule(rule).public_name}.enabled" in names]


def _half_counted(
    directory: Directory, state: State, rules: Iterable[int], devices: Iterable[int] | None = None
) -> dict[tuple[int, int], bool]:
    """Evidence that has opened nothing yet, by device and rule; whether the rule is in force for whom it is about."""
    if devices is not None:
        devices = [device for device in devices if state.device[device]["episode"] != NONE]
        if not devices:
            return {}
    names = [*directory.sites, ""]
    found: dict[tuple[int, int], bool] = {}
    for rule in rules:
        counting = pool.counting(state, rule, devices)
        switch = layers.switch(directory.parameters, Rule(rule)) if counting else None
        for device in counting:
            assert switch is not None
            wearer = _wearer_at(directory, state, device, _FOLLOWED[rule])
            whose = state.resident[wearer] if wearer >= 0 else state.device[device]
            found[device, rule] = switch.is_on(names[int(whose["site"])], wearer)
    return found


def _forget_switched(directory: Directory, state: State, before: Mapping[tuple[int, int], bool]) -> None:
    """Let a rule that was switched off or on count anew; what it opened stands until its cause ends (ADR-26)."""
    if not before:
        return
    after = _half_counted(directory, state, {rule for _, rule in before}, {device for device, _ in before})
    for (device, rule), on in before.items():
        if after[device, rule] != on:
            pool.forget(state, device, rule)


def _layered(directory: Directory, state: State) -> State:
    """Lay the parameters' layers over each other anew, and judge every deadline again."""
    names = [*directory.sites, ""]
    own = {
        override.resident for override in directory.parameters.values() if 0 <= override.resident < len(state.resident)
    }
    site_of = {slot: names[int(state.resident[slot]["site"])] for slot in own}
    rows, directory.site_rules, directory.own_rules = layers.layered(directory.parameters, site_of)
    of_site = np.array([directory.site_rules.get(name, 0) for name in names], np.int32)
    state.resident["rules"] = of_site[state.resident["site"]]
    for slot in own:
        state.resident["rules"][slot] = directory.own_rules[slot]
    state.device["site_rules"] = of_site[state.device["site"]]
    state.site["rules"] = of_site[:-1]
    state.due[:] = 0
    state.fault_due[:] = 0
    state.check_due[:] = 0
    state.site_due[:] = 0
    state = state._replace(rules=rows)
    know_wearers(state, np.arange(len(state.device)))
    return state


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
