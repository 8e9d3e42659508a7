"""The parameters of all rules in one typed place; each detector's file has its own with their sources."""

from __future__ import annotations

from typing import NamedTuple

from alerts.engine.detectors.battery_low import BatteryParameters
from alerts.engine.detectors.cry import CryParameters
from alerts.engine.detectors.fall_device import FallParameters
from alerts.engine.detectors.silent import SilentParameters
from alerts.engine.detectors.zone_exit import ZoneParameters


class Parameters(NamedTuple):
    """What the engine decides by.

    Attributes:
        cry: ``sos.button`` and ``fall.device``.
        fall: ``fall.device``.
        zone: ``wandering.zone_exit``.
        silent: ``missed_check.silent``.
        battery: ``device.battery_low``.
        late_after_ms: a reading older than this on arrival is late, 0 to 86 400 000 ms. Source:
            contract section 1.
    """

    cry: CryParameters = CryParameters()
    fall: FallParameters = FallParameters()
    zone: ZoneParameters = ZoneParameters()
    silent: SilentParameters = SilentParameters()
    battery: BatteryParameters = BatteryParameters()
    late_after_ms: int = 600_000
