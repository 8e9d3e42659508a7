"""A small community, and what staff may change about it at any time: records and parameters."""

from __future__ import annotations

from collections.abc import Iterator

from alerts.engine import PARAMETERS
from devices.registry import Fence, KeptBy, RegistryChange, Scope, ZoneHours
from tests.reference.oracle import Rule
from tests.reference.oracle.words import CRIES, OF_WAYS
from tests.reference.stories import HOUR, MINUTE, S
from tests.reference.streams import (
    HOME,
    START,
    assignment,
    change,
    circle,
    device,
    north_of,
    parameter,
    resident,
    seen,
    window,
)

WEST, EAST = HOME[1] - 0.002, HOME[1] + 0.006
YARD = tuple((north_of(metres)[0], lon) for metres, lon in ((155, WEST), (155, EAST), (505, EAST), (505, WEST)))
PROMISES: tuple[tuple[int, KeptBy, tuple[int, ...]], ...] = (
    (0, "button", (1, 10, 13, 34)),
    (1, "sign", (0, 9, 12, 36)),
    (3, "call", (2, 22)),
    (4, "button", (3,)),
)
"""Whose, how, and the hours at which they begin."""
COMMUNITY: list[RegistryChange] = [
    *(change(resident(slot, household="h" if slot != 1 else None)) for slot in range(3)),
    change(resident(3, timezone="Europe/Berlin")),
    change(resident(4, status="away")),
    *(change(device(slot)) for slot in range(3)),
    change(device(3, type="box")),
    change(device(4, type="rower")),
    change(device(5, type="watch")),
    change(device(7, type="pendant")),
    change(device(8, type="watch")),
    change(device(9)),
    change(assignment(0, 0)),
    change(assignment(1, 0)),
    change(assignment(2, 1)),
    change(assignment(3, None)),
    change(assignment(4, 2)),
    change(assignment(7, 1)),
    change(assignment(8, 2, from_ms=START)),
    change(assignment(9, 3, from_ms=START + HOUR)),
    change(circle(0)),
    change(circle(1, 200.0)),
    change(Fence(id="f1p", resident_slot=1, name="p", polygon=YARD)),
    *(
        change(window(slot, START + hours * HOUR, START + (hours + 1) * HOUR, by=by, key=f"w{slot}/{hours}"))
        for slot, by, each in PROMISES
        for hours in each
    ),
    *(change(parameter(f"{rule.public_name}.enabled", 0.0)) for rule in OF_WAYS),
    change(parameter("wandering.zone_exit.driven_sounds_after_s", 0.0)),
    change(window(2, START + 9 * HOUR, START + 12 * HOUR, key="w2/9", grace_ms=5 * MINUTE)),
    change(window(2, START + 12 * HOUR, START + 13 * HOUR, key="w2/12", by="sign")),
]  # fmt: skip
"""Resident 0 with two bands and a circle, 1 with a band, a pendant, a circle and a polygon, 2 with a machine and a
watch that never says anything, 3 with a band and no zone; device 3 is the box of a household, that of 0 and 2;
5 is a watch of nobody, 6 never entered. 0 and 2 promised to press, 1 to give a sign, 3 to be called; 4 is
away."""

LATER = START + 600 * S
RECORDS: list[RegistryChange] = [
    change(resident(0, status="hospital")),
    change(resident(0)),
    change(resident(1, timezone="Europe/Berlin")),
    change(resident(1, timezone="Nowhere/Atlantis")),
    change(None, "resident", "r1"),
    change(circle(0, 600.0)),
    change(circle(0, active=ZoneHours(opens="23:10", closes="08:20"))),
    change(circle(1, 200.0, active=ZoneHours(days=(0, 5), opens="09:00", closes="09:00"))),
    change(Fence(id="f1p", resident_slot=1, name="p", polygon=YARD, active=ZoneHours(opens="08:00", closes="23:30"))),
    change(resident(0, accompanied_until=START + 300 * S)),
    change(resident(1, accompanied_until=START + 12 * HOUR)),
    change(resident(1, accompanied_until=START - HOUR)),
    change(None, "fence", "f1p"),
    change(assignment(2, 0, id="later", from_ms=LATER)),
    change(assignment(2, 1, to_ms=LATER)),
    change(assignment(2, 0, id="past", from_ms=START - 900 * S, to_ms=START - 300 * S)),
    change(assignment(2, 1, id="back", from_ms=START - 300 * S)),
    change(None, "assignment", "past"),
    change(None, "assignment", "a1"),
    change(assignment(1, 0, from_ms=START - 86_400 * S, to_ms=START + 60 * S)),
    change(assignment(1, 0, id="same", from_ms=START + 60 * S)),
    change(assignment(1, 2, id="lent", from_ms=START + 30 * S, to_ms=LATER)),
    change(assignment(1, None, id="lent", from_ms=START + 30 * S)),
    change(assignment(0, 3, id="swapped", from_ms=START + 12 * HOUR)),
    change(assignment(3, None, household="g", id="moved", from_ms=LATER)),
    change(assignment(3, 1, id="given", from_ms=START)),
    change(None, "assignment", "a3"),
    change(assignment(5, 2)),
    change(assignment(5, 0, from_ms=LATER)),
    change(assignment(8, 0, id="swapped8", from_ms=START + 2 * HOUR)),
    change(device(0, revoked=True)),
    change(device(1, type="walker")),
    change(device(3, type="band")),
    change(device(0)),
    change(None, "device", "d7"),
    change(resident(0, household=None)),
    change(resident(0, household="g")),
    change(resident(1, household="h")),
    change(assignment(3, None, household="h", id="a3")),
    change(window(0, START + HOUR, START + 2 * HOUR, key="w0/1", grace_ms=0)),
    change(window(0, START + HOUR, START + 3 * HOUR, key="w0/1", by="sign")),
    change(window(0, START + 10 * HOUR, START + 12 * HOUR, key="w0/10", by="call")),
    change(window(0, START - 26 * HOUR, START - 25 * HOUR, key="long ago")),
    change(window(0, START - 2 * HOUR, START - HOUR, key="known late")),
    change(window(1, START + 13 * HOUR, START + 14 * HOUR, key="w1/12", by="sign")),
    change(window(1, START + 14 * HOUR, START + 15 * HOUR, key="more")),
    change(window(2, START + 36 * HOUR, START + 37 * HOUR, key="w1/36")),
    change(None, "check_window", "w0/1"),
    change(None, "check_window", "w1/9"),
    change(None, "check_window", "w2/9"),
    *(change(seen(slot, START + hours * HOUR)) for slot in range(4) for hours in (1, 11, 40)),
    change(None, "sighting", "r0"),
]

_SET: dict[str, tuple[float, ...]] = {
    "sos.button.same_episode_s": (20, 150),
    "sos.button.cancel_within_s": (60,),
    "fall.device.sure_from": (0.2, 0.9),
    "wandering.zone_exit.fixes": (1, 3),
    "wandering.zone_exit.dwell_s": (0, 90),
    "wandering.zone_exit.edge_pct": (0, 40),
    "wandering.zone_exit.edge_m": (10,),
    "wandering.zone_exit.edge_dwell_s": (0, 60),
    "wandering.zone_exit.gap_s": (60, 7200),
    "wandering.zone_exit.back_fixes": (1, 3),
    "wandering.zone_exit.back_m": (50,),
    "wandering.zone_exit.unknown_accuracy_m": (120,),
    "wandering.zone_exit.sure_accuracy_m": (40,),
    "wandering.zone_exit.evidence_every_s": (10, 300),
    "missed_check.silent.intervals": (1, 4),
    "missed_check.silent.grace_s": (0, 300),
    "missed_check.silent.interval_s": (60, 900),
    "missed_check.silent.empty_pct": (50,),
    "missed_check.silent.fix_kept_s": (600,),
    "missed_check.silent.home_m": (10, 300),
    "missed_check.silent.night_from_h": (20, 1),
    "missed_check.silent.night_to_h": (9,),
    "missed_check.silent.loud_after_s": (0, 900, 7200),
    "missed_check.silent.remind_s": (600, 7200),
    "missed_check.checkin.grace_min": (0, 120),
    "missed_check.checkin.early_min": (0, 180),
    "missed_check.checkin.severity": (0, 3),
    "missed_check.checkin.remind_s": (600, 7200),
    "missed_check.silent.excused_s": (0, 3600, 36_000),
    "missed_check.silent.excused_to_h": (6, 13),
    "missed_check.silent.seen_s": (0, 7200),
    "system.site_silent.share_pct": (100,),
    "system.site_silent.within_s": (60, 7200),
    "system.site_silent.patience_s": (0, 3600),
    "system.site_silent.hold_s": (0, 1800),
    "system.site_silent.remind_s": (600, 7200),
    "missed_check.inactivity.unknown_s": (3600, 7200),
    "missed_check.inactivity.high_after_s": (0, 18_000),
    "missed_check.inactivity.remind_s": (600, 18_000),
    "missed_check.inactivity.moved_m": (300,),
    "device.battery_low.low_pct": (22,),
    "device.battery_low.recovered_pct": (80,),
    "device.battery_low.remind_s": (3600,),
    "device.fault.never_after_s": (86_400,),
    "device.fault.remind_s": (3600, 7200),
    "device.not_worn.after_s": (3600,),
    "device.not_worn.charging_after_s": (7200,),
    "device.not_worn.day_from_h": (12,),
    "device.not_worn.day_to_h": (23,),
    "device.not_worn.remind_s": (3600,),
    "vitals.heart_rate.high_bpm": (150,),
    "vitals.heart_rate.confirm": (1,),
    "vitals.heart_rate.span_s": (0, 300),
    "vitals.spo2.low_pct": (85,),
    "vitals.spo2.gap_s": (60,),
    "vitals.spo2.back_readings": (1, 3),
    "vitals.blood_pressure.systolic_high_mmhg": (170,),
    "vitals.blood_pressure.back_by_mmhg": (10,),
    "vitals.blood_pressure.evidence_every_s": (0, 60),
    "vitals.temperature.high_c": (38.8,),
    "vitals.temperature.severity": (2,),
    **{f"{rule.public_name}.enabled": (0, 1) for rule in Rule if rule not in (*CRIES, *OF_WAYS)},
}
_SCOPES: tuple[tuple[Scope, int], ...] = (("everyone", 0), ("site", 0), ("resident", 0), ("resident", 1))


def _settings() -> Iterator[RegistryChange]:
    for name, values in _SET.items():
        for scope, slot in _SCOPES:
            for value in values:
                assert PARAMETERS[name].low <= value <= PARAMETERS[name].high, name
                yield change(parameter(name, float(value), scope, slot))
            yield change(None, "parameter", parameter(name, 0.0, scope, slot).id)


SETTINGS = list(_settings())
