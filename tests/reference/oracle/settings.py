"""What the rules decide by: defaults, and what somebody set for everyone, a site or a resident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from devices.registry import Parameter
from tests.reference.oracle.records import Records
from tests.reference.oracle.words import CRIES, Rule

DEFAULTS: Final[dict[str, float]] = {
    "sos.button.same_episode_s": 60,
    "sos.button.cancel_within_s": 600,
    "fall.device.sure_from": 0.8,
    "fall.device.ask_below": 0.8,
    "fall.device.answer_s": 30,
    "fall.motion.working_point": 1,
    "fall.motion.sure_from": 0.8,
    "fall.motion.hold_below": 0.95,
    "fall.motion.hold_s": 20,
    "fall.motion.rest_s": 5,
    "fall.motion.tell_goes_on": 0,
    "fall.motion.ask_below": 0.95,
    "fall.motion.answer_s": 30,
    "wandering.zone_exit.fixes": 2,
    "wandering.zone_exit.dwell_s": 30,
    "wandering.zone_exit.edge_pct": 10,
    "wandering.zone_exit.edge_m": 100,
    "wandering.zone_exit.edge_dwell_s": 300,
    "wandering.zone_exit.gap_s": 600,
    "wandering.zone_exit.back_fixes": 2,
    "wandering.zone_exit.back_m": 20,
    "wandering.zone_exit.unknown_accuracy_m": 30,
    "wandering.zone_exit.sure_accuracy_m": 100,
    "wandering.zone_exit.driven_sounds_after_s": 10_800,
    "wandering.zone_exit.evidence_every_s": 60,
    "wandering.pattern.window_s": 720,
    "wandering.pattern.theta_deg_per_m": 0.5,
    "wandering.pattern.repeats": 7,
    "wandering.pattern.radius_m": 12,
    "wandering.pattern.blur": 0.6,
    "wandering.pattern.score": 0.2,
    "wandering.pattern.paces": 15,
    "wandering.pattern.familiar_score": 3,
    "wandering.pattern.home_m": 15,
    "wandering.pattern.fixes": 2,
    "wandering.pattern.back_fixes": 4,
    "wandering.pattern.sounds_after_s": 1200,
    "wandering.pattern.laps_sound_after_s": 3600,
    "wandering.pattern.evidence_every_s": 300,
    "wandering.lost.beside_m": 30,
    "wandering.lost.off_way_s": 140,
    "wandering.lost.fixes": 3,
    "wandering.lost.along_m": 250,
    "wandering.lost.well_walks": 3,
    "wandering.lost.known_walks": 5,
    "wandering.lost.regular_from": 0.6,
    "wandering.lost.novel_to": 0.3,
    "wandering.lost.stretch": 1.75,
    "wandering.lost.off_m": 60,
    "wandering.lost.still_s": 2700,
    "wandering.lost.hour_days": 21,
    "wandering.lost.hour_m": 300,
    "wandering.lost.sounds_after_s": 420,
    "wandering.lost.back_s": 120,
    "wandering.lost.high_after_s": 900,
    "wandering.lost.high_m": 500,
    "wandering.lost.high_battery_pct": 15,
    "wandering.lost.night_from_h": 22,
    "wandering.lost.night_to_h": 6,
    "wandering.lost.evidence_every_s": 60,
    "wandering.night_exit.from_h": 23,
    "wandering.night_exit.to_h": 5,
    "wandering.night_exit.widest_from_h": 20,
    "wandering.night_exit.widest_to_h": 8,
    "wandering.night_exit.known_days": 14,
    "wandering.night_exit.quiet_pct": 25,
    "wandering.night_exit.home_m": 60,
    "wandering.night_exit.fixes": 2,
    "wandering.night_exit.dwell_s": 60,
    "wandering.night_exit.walked_m": 30,
    "wandering.night_exit.far_m": 200,
    "wandering.night_exit.evidence_every_s": 300,
    "missed_check.silent.intervals": 2,
    "missed_check.silent.grace_s": 30,
    "missed_check.silent.interval_s": 300,
    "missed_check.silent.empty_pct": 5,
    "missed_check.silent.fix_kept_s": 86_400,
    "missed_check.silent.home_m": 100,
    "missed_check.silent.night_from_h": 22,
    "missed_check.silent.night_to_h": 6,
    "missed_check.silent.loud_after_s": 1500,
    "missed_check.silent.remind_s": 1800,
    "missed_check.silent.excused_s": 14_400,
    "missed_check.silent.excused_to_h": 10,
    "missed_check.silent.seen_s": 14_400,
    "missed_check.checkin.grace_min": 15,
    "missed_check.checkin.early_min": 60,
    "missed_check.checkin.severity": 1,
    "missed_check.checkin.remind_s": 1800,
    "system.site_silent.share_pct": 10,
    "system.site_silent.within_s": 300,
    "system.site_silent.patience_s": 300,
    "system.site_silent.hold_s": 14_400,
    "system.site_silent.remind_s": 1800,
    "missed_check.inactivity.dense_s": 4200,
    "missed_check.inactivity.sparse_s": 13_800,
    "missed_check.inactivity.stretch": 1.2,
    "missed_check.inactivity.signs": 30,
    "missed_check.inactivity.stretch_signs": 0.9,
    "missed_check.inactivity.at_most_s": 86_400,
    "missed_check.inactivity.wary": 1.15,
    "missed_check.inactivity.known_days": 5,
    "missed_check.inactivity.unknown_s": 50_400,
    "missed_check.inactivity.unworn_after_s": 86_400,
    "missed_check.inactivity.high_after_s": 3600,
    "missed_check.inactivity.remind_s": 1800,
    "missed_check.inactivity.moved_m": 100,
    "device.battery_low.low_pct": 15,
    "device.battery_low.recovered_pct": 25,
    "device.battery_low.remind_s": 86_400,
    "device.fault.never_after_s": 172_800,
    "device.fault.remind_s": 86_400,
    "device.not_worn.after_s": 7200,
    "device.not_worn.charging_after_s": 14_400,
    "device.not_worn.day_from_h": 8,
    "device.not_worn.day_to_h": 21,
    "device.not_worn.remind_s": 86_400,
    "vitals.heart_rate.low_bpm": 40,
    "vitals.heart_rate.high_bpm": 131,
    "vitals.heart_rate.confirm": 4,
    "vitals.heart_rate.span_s": 900,
    "vitals.heart_rate.gap_s": 5400,
    "vitals.heart_rate.back_by_bpm": 5,
    "vitals.heart_rate.back_readings": 2,
    "vitals.heart_rate.evidence_every_s": 300,
    "vitals.heart_rate.severity": 2,
    "vitals.spo2.low_pct": 91,
    "vitals.spo2.confirm": 4,
    "vitals.spo2.span_s": 1200,
    "vitals.spo2.gap_s": 5400,
    "vitals.spo2.back_by_pct": 2,
    "vitals.spo2.back_readings": 2,
    "vitals.spo2.evidence_every_s": 300,
    "vitals.spo2.severity": 2,
    "vitals.blood_pressure.systolic_low_mmhg": 90,
    "vitals.blood_pressure.systolic_high_mmhg": 180,
    "vitals.blood_pressure.diastolic_high_mmhg": 120,
    "vitals.blood_pressure.confirm": 2,
    "vitals.blood_pressure.span_s": 0,
    "vitals.blood_pressure.gap_s": 86_400,
    "vitals.blood_pressure.back_by_mmhg": 5,
    "vitals.blood_pressure.back_readings": 1,
    "vitals.blood_pressure.evidence_every_s": 300,
    "vitals.blood_pressure.severity": 1,
    "vitals.temperature.low_c": 35.0,
    "vitals.temperature.high_c": 39.1,
    "vitals.temperature.confirm": 3,
    "vitals.temperature.span_s": 600,
    "vitals.temperature.gap_s": 21_600,
    "vitals.temperature.back_by_c": 0.3,
    "vitals.temperature.back_readings": 2,
    "vitals.temperature.evidence_every_s": 300,
    "vitals.temperature.severity": 1,
    **{f"{rule.public_name}.enabled": 1 for rule in Rule if rule not in CRIES},
    "wandering.pattern.enabled": 0,
}
"""In the unit that ends the name; switches are 0 or 1. A cry for help has none."""


@dataclass(frozen=True)
class InForce:
    """What is in force for somebody, and the version of the newest of it; 0: nothing but defaults."""

    values: dict[str, float]
    version: int

    def __getitem__(self, name: str) -> float:
        """The value of a parameter."""
        return self.values[name]

    def ms(self, name: str) -> int:
        """A time of so many seconds, ms."""
        assert name.endswith("_s")
        return round(self.values[name] * 1000)

    def switched_on(self, rule: Rule) -> bool:
        return self.values.get(f"{rule.public_name}.enabled", 1) != 0


class Settings:
    """Who decides by what."""

    def __init__(self, records: Records) -> None:
        self.records = records

    def of(self, resident: int | None, device: int) -> InForce:
        """For a resident; without one for whom the site where the device is registered answers."""
        person = None if resident is None else self.records.resident(resident)
        thing = self.records.device(device)
        whose = thing if resident is None else person
        site = None if whose is None else whose.site
        return self._layered(site, resident)

    def of_site(self, site: str) -> InForce:
        """For what concerns all of a site."""
        return self._layered(site, None)

    def _layered(self, site: str | None, resident: int | None) -> InForce:
        values, versions = dict(DEFAULTS), dict.fromkeys(DEFAULTS, 0)
        for layer in (("everyone", "", None), ("site", site, None), ("resident", None, resident)):
            for version, parameter in self.records.parameters.values():
                if _layer_of(parameter) == layer:
                    values[parameter.name], versions[parameter.name] = parameter.value, version
        return InForce(values, max(versions.values()))


def _layer_of(parameter: Parameter) -> tuple[str, str | None, int | None]:
    """Scope, site and resident: theirs it stays, whatever else the registry knows of them."""
    if parameter.scope == "resident":
        return "resident", None, parameter.resident_slot
    return parameter.scope, parameter.key, None
