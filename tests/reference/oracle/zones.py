"""Leaving every zone: certainly outside, often and long enough; back when well inside, twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isnan

from alerts.engine import Severity, What
from devices.kinds import Kind
from tests.reference.oracle.memory import Memory
from tests.reference.oracle.moment import Aftermath, Moment
from tests.reference.oracle.places import between_m, polygon_outside_m
from tests.reference.oracle.records import Records
from tests.reference.oracle.settings import InForce
from tests.reference.oracle.words import Claim, Rule, Told, named_by


@dataclass
class Track:
    """What a device has done under its present wearer."""

    outside: list[Told] = field(default_factory=list)
    inside: int = 0
    episode: Told | None = None
    told_at: int = 0


def accuracy_m(fix: Told, p: InForce) -> float:
    accuracy = fix.number("accuracy_m")
    return p["wandering.zone_exit.unknown_accuracy_m"] if isnan(accuracy) else accuracy


def away_m(records: Records, resident: int, fix: Told, p: InForce) -> tuple[float, bool] | None:
    """Signed distance to the nearest zone, and whether well inside one; None without zones."""
    place = (fix.number("lat"), fix.number("lon"))
    back_m = p["wandering.zone_exit.back_m"]
    found = []
    for fence in records.fences_of(resident).values():
        if fence.polygon is None:
            assert fence.circle_lat is not None
            assert fence.circle_lon is not None
            assert fence.radius_m is not None
            away = between_m(place, (fence.circle_lat, fence.circle_lon)) - fence.radius_m
            depth = fence.radius_m
        else:
            away = polygon_outside_m(place, list(fence.polygon), steps=60)
            depth = 2 * back_m
        found.append((away, away <= -min(back_m, depth / 2)))
    if not found:
        return None
    return min(away for away, _ in found), any(deep for _, deep in found)


class ZoneExit:
    """``wandering.zone_exit``."""

    def __init__(self, records: Records, memory: Memory) -> None:
        self.records, self.memory = records, memory
        self.tracks: dict[int, Track] = {}

    def hear(self, m: Moment, *, on: bool) -> Iterator[Claim]:
        fix = m.told
        if fix.kind != Kind.POSITION or not m.newer or m.resident is None:
            return
        where = away_m(self.records, m.resident, fix, m.p) if self.records.active(m.resident) else None
        if where is None:
            return
        away, deep = where
        track = self.tracks.setdefault(fix.device, Track())
        if not on and track.episode is None:
            return
        if away > accuracy_m(fix, m.p):
            yield from self._outside(m, track, away, on=on)
            return
        if away <= 0:
            track.outside.clear()
        sure = accuracy_m(fix, m.p) <= m.p["wandering.zone_exit.sure_accuracy_m"]
        track.inside = track.inside + 1 if deep and sure else 0
        if track.episode is not None and track.inside >= m.p["wandering.zone_exit.back_fixes"]:
            opening, track.episode = track.episode, None
            yield _claim(What.RECOVERED, opening, away)

    def _outside(self, m: Moment, track: Track, away: float, *, on: bool) -> Iterator[Claim]:
        fix = m.told
        track.outside.append(fix)
        track.inside = 0
        if fix.late or not on:
            return
        if track.episode is not None:
            if fix.order - track.told_at >= m.p.ms("wandering.zone_exit.evidence_every_s"):
                track.told_at = fix.order
                yield _claim(What.EVIDENCE, track.episode, away)
            return
        long_enough = fix.order - track.outside[0].order >= m.p.ms("wandering.zone_exit.dwell_s")
        if len(track.outside) >= m.p["wandering.zone_exit.fixes"] and long_enough:
            track.episode, track.told_at = fix, fix.order
            yield _claim(What.OPENED, fix, away)

    def hand_over(self, device: int, kind: Kind) -> None:
        if kind == Kind.POSITION:
            self.tracks.pop(device, None)

    def drop_half_counted(self, device: int | None = None) -> None:
        for one, track in list(self.tracks.items()):
            if device in {one, None} and track.episode is None:
                del self.tracks[one]

    def forget(self, after: Aftermath) -> None:
        for device in list(self.tracks):
            wearer = self.records.wearer_at(device, self.memory.marks[device, Kind.POSITION])
            if (device, Kind.POSITION) in after.handed_over or wearer in after.roused | after.fenced:
                del self.tracks[device]
            elif (Rule.WANDERING_ZONE_EXIT, device) in after.switched:
                self.drop_half_counted(device)


def _claim(what: What, opening: Told, away: float) -> Claim:
    evidence = {"distance_outside_m": max(away, 0.0)} if what != What.RECOVERED else {}
    return Claim(Rule.WANDERING_ZONE_EXIT, what, Severity.HIGH, named_by(opening), evidence)
