"""From the engine's rows to episodes with public ids: the border between slots and names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from alerts.alarm import SEVERITIES, Episode, Place, SeverityName, episode_id
from alerts.engine import EVIDENCE_FIELDS, Rule, What
from alerts.engine.detectors import checkin
from alerts.policy import MISSED_RULES
from devices.batch import Records
from devices.kinds import CRY_FOR_HELP, Kind
from gateway.directory import NOBODY, Directory
from gateway.readings import Heading, Readings
from gateway.store.checks import Excused, How, Kept

_WHAT: Final[dict[What, Any]] = {
    What.OPENED: "opened",
    What.EVIDENCE: "evidence",
    What.RECOVERED: "recovered",
    What.CANCELLED: "cancelled",
}
_OF_CHECKS: Final = (int(What.KEPT), int(What.EXCUSED))
_HOW: Final[dict[int, How]] = {checkin.BY_THEMSELVES: "button", checkin.BY_LIVING: "sign", checkin.BY_OTHERS: "seen"}
_WHOLE: Final = ("fixes_outside", "charging", "worn", "at_home", "local_hour", "never_reported", "readings")


def to_episodes(
    events: Records, readings: Sequence[Heading], directory: Directory, now_ms: int, sites: Sequence[str]
) -> list[Episode]:
    """Translate the engine's output for one batch, in order.

    Args:
        events: shape (n,), EPISODE_EVENT.
        readings: of the batch.
        directory: as of the batch.
        now_ms: the batch's moment.
        sites: the engine's, ``Engine.sites``.
    """
    return [
        _episode(event, readings, directory, now_ms)
        if event["site"] < 0
        else _of_site(event, sites[int(event["site"])], now_ms)
        for event in of_alarms(events)
    ]


def pressed_well(readings: Readings, directory: Directory) -> list[Episode]:
    """What presses of "I am well" may end: of whoever wore the device, and of everything that can be missed of them.

    A press on what a household shares says only that one of them is well, and one in test mode nothing.
    """
    episodes = []
    for press in readings.of_kinds([Kind.CHECKIN]):
        device = directory.device(press.slot)
        resident = directory.wearer(press.slot, press.order).resident
        if not press.trusted or device is None or resident is None or device.is_tried_out(press.t, press.received):
            continue
        episodes += [
            Episode(
                id=episode_id(rule, resident.id, press.order, press.seq),
                what="recovered",
                rule=rule,
                severity="low",
                subject=resident.id,
                site=resident.site,
                resident=resident.id,
                household=resident.household,
                device=press.device,
                t=press.order,
                late=False,
                position=None,
                evidence={},
                received=press.received,
                pressed_well=True,
            )
            for rule in MISSED_RULES
        ]
    return episodes


def of_alarms(events: Records) -> Records:
    """The events that alarms are made of: not those that only tell what became of a promised check."""
    said: Records = events[~np.isin(events["what"], _OF_CHECKS)]
    return said


def kept_in(events: Records) -> list[Kept]:
    """The promised checks of which the engine says that they were kept."""
    kept_by = EVIDENCE_FIELDS[Rule.MISSED_CHECK_CHECKIN].index("kept_by")
    return [
        Kept(
            resident_slot=int(event["resident"]),
            closes_ms=int(event["opening_t"]),
            kept_ms=int(event["t"]),
            how=_HOW[int(event["values"][kept_by])],
            device_slot=int(event["device"]) if event["device"] >= 0 else None,
        )
        for event in events[events["what"] == What.KEPT]
    ]


def excused_in(events: Records) -> list[Excused]:
    """The promised checks of which the engine says that they were not asked for."""
    return [
        Excused(int(event["resident"]), int(event["opening_t"])) for event in events[events["what"] == What.EXCUSED]
    ]


def _episode(event: Any, readings: Sequence[Heading], directory: Directory, now_ms: int) -> Episode:
    rule = Rule(int(event["rule"]))
    index, device_slot, resident_slot = int(event["reading"]), int(event["device"]), int(event["resident"])
    reading = readings[index] if index >= 0 else None
    device = directory.device(device_slot) if device_slot >= 0 else None
    resident = directory.resident(resident_slot) if resident_slot >= 0 else None
    device_id = reading.device if reading is not None else None if device is None else device.id
    household = _household(event, reading, directory, now_ms) if resident is None else resident.household
    if resident is not None:
        site = resident.site
    elif reading is not None:
        site = reading.site
    else:
        site = "" if device is None else device.site
    if rule.public_name.startswith("device."):
        subject = device_id or ""
    else:
        subject = (resident.id if resident is not None else household) or device_id or ""
    position, evidence = _evidence(rule, event)
    if reading is not None and reading.defects:
        evidence |= reading.defects
    severity: SeverityName = SEVERITIES[int(event["severity"])]
    return Episode(
        id=episode_id(rule.public_name, subject, int(event["opening_t"]), int(event["opening_seq"])),
        what=_WHAT[What(int(event["what"]))],
        rule=rule.public_name,
        severity=severity,
        subject=subject,
        site=site,
        resident=None if resident is None else resident.id,
        household=household,
        device=device_id,
        t=int(event["t"]),
        late=bool(event["late"]),
        position=position,
        evidence=evidence,
        received=now_ms if reading is None else reading.received,
        parameters=int(event["parameters"]),
        drill=reading is not None
        and reading.trusted
        and device is not None
        and device.is_tried_out(reading.t, reading.received),
    )


def _of_site(event: Any, site: str, now_ms: int) -> Episode:
    """What concerns a whole site, and nobody in particular."""
    rule = Rule(int(event["rule"]))
    return Episode(
        id=episode_id(rule.public_name, site, int(event["opening_t"]), int(event["opening_seq"])),
        what=_WHAT[What(int(event["what"]))],
        rule=rule.public_name,
        severity=SEVERITIES[int(event["severity"])],
        subject=site,
        site=site,
        resident=None,
        household=None,
        device=None,
        t=int(event["t"]),
        late=False,
        position=None,
        evidence=_evidence(rule, event)[1],
        received=now_ms,
        parameters=int(event["parameters"]),
    )


def _household(event: Any, reading: Heading | None, directory: Directory, now_ms: int) -> str | None:
    """The household that had the device when it happened; the engine found no resident."""
    slot = int(event["device"])
    moment = int(event["t"]) if reading is None else min(reading.t, reading.received)
    if reading is not None and not reading.trusted:
        wearer = NOBODY
    elif reading is not None and reading.kind in CRY_FOR_HELP:
        wearer = directory.caller(slot, moment, now_ms)
    else:
        wearer = directory.wearer(slot, moment)
    return None if wearer.resident is not None else wearer.household


def detector_failed(rule: Rule, status: int, site: str, now_ms: int) -> Episode:
    """What every site is told when one of the engine's detectors had to be switched off (design rule 12)."""
    return Episode(
        id=episode_id("system.detector_failed", site, now_ms, int(rule)),
        what="opened",
        rule="system.detector_failed",
        severity="high",
        subject=site,
        site=site,
        resident=None,
        household=None,
        device=None,
        t=now_ms,
        late=False,
        position=None,
        evidence={"detector": rule.public_name, "status": status},
        received=now_ms,
    )


def _evidence(rule: Rule, event: Any) -> tuple[Place | None, dict[str, Any]]:
    named = {
        name: float(value)
        for name, value in zip(EVIDENCE_FIELDS[rule], event["values"], strict=False)
        if not np.isnan(value)
    }
    lat, lon = named.pop("lat_deg", None), named.pop("lon_deg", None)
    place = None
    if lat is not None and lon is not None:
        place = Place(lat=lat, lon=lon, accuracy_m=named.get("accuracy_m"), t=int(event["t"]))
    return place, {
        name: int(value) if name in _WHOLE or value.is_integer() else round(value, 3) for name, value in named.items()
    }
