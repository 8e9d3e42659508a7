"""The detectors, one a file, in the order in which they hear a reading and judge the deadlines.

A detector is a module with

- ``RULE``, ``PARAMETERS`` and ``EVIDENCE`` (the names of what it tells, at most ``EVIDENCE_SLOTS``);
- ``KIND`` and ``hear(state, own, at, enabled, journal, out, k)``, called with every reading of that kind (``own``: its
  record): a ``gate``, a cheap look whether there is anything to do, with the rest behind a call;
- ``HEARS``: what it calls with readings of further kinds, by kind, after all ``hear``;
- ``notice(state, at, enabled, journal, out, k)``, the same for readings of any kind;
- ``advance(state, now, listening_since, enabled, journal, out, k)``, called when time has passed.

One whose rule is switched off opens and repeats nothing, and follows what it opened to its end; one that is not in
``enabled``, since it failed, does nothing (ADR-26).

Each of these is compiled and returns the number of events so far. To add one, write its file and its line here.
"""

from __future__ import annotations

from types import ModuleType
from typing import Final

from alerts.engine.detectors import (
    battery_low,
    blood_pressure,
    checkin,
    device_fault,
    fall_device,
    fall_motion,
    heart_rate,
    inactivity,
    lost,
    night_exit,
    not_worn,
    pattern,
    silent,
    site_silent,
    sos_button,
    spo2,
    temperature,
    zone_exit,
)

DETECTORS: Final[tuple[ModuleType, ...]] = (
    site_silent,
    silent,
    inactivity,
    checkin,
    device_fault,
    sos_button,
    fall_device,
    fall_motion,
    zone_exit,
    night_exit,
    pattern,
    lost,
    battery_low,
    not_worn,
    heart_rate,
    spo2,
    blood_pressure,
    temperature,
)
