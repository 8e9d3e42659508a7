"""Leaving every zone that counts: certainly outside, often and long enough, longer just beyond the line; back when
well inside, twice. Nobody here was driven off: ``test_lost_against_oracle`` knows who was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from math import isnan
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.engine import Severity, What
from devices.kinds import Kind
from devices.registry import Fence, Resident
from tests.reference.oracle.memory import Memory
from tests.reference.oracle.moment import Aftermath, Moment
from tests.reference.oracle.places import between_m, polygon_outside_m
from tests.reference.oracle.records import Records
from tests.reference.oracle.settings import InForce
from tests.reference.oracle.words import SECOND, Claim, Rule, Told, named_by

WIFI = 1
SETTLES_MS, NEARER_M = 180 * SECOND, 10.0
"""Who comes nearer by so much, so soon after the first fix outside, is a receiver that finds itself."""


@dataclass
class Track:
    """What a device has done under its present wearer."""

    outside: list[Told] = field(default_factory=list)
    far: list[Told] = field(default_factory=list)
    """Those of the newest in a row that lie beyond the edge."""
    seen: list[Told] = field(default_factory=list)
    """All since the first of those outside: a fix that proves nothing shows that somebody is watched."""
    began: int = 0
    """When the first fix outside was heard, counted or not since."""
    away_m: float = 0.0
    """How far outside the newest of them was."""
    inside: int = 0
    episode: Told | None = None
    told_at: int = 0

    def watched_ms(self, gap_ms: int) -> int:
        between = (later.order - earlier.order for earlier, later in pairwise(self.seen))
        return sum(gap for gap in between if gap <= gap_ms)


@dataclass(frozen=True)
class Place:
    """Where a fix lies among some zones."""

    away_m: float
    beyond_m: float
    deep: bool


def accuracy_m(fix: Told, p: InForce) -> float:
    accuracy = fix.number("accuracy_m")
    return p["wandering.zone_exit.unknown_accuracy_m"] if isnan(accuracy) else accuracy


def surely_m(fix: Told, p: InForce) -> float:
    """How far outside a fix must lie: beyond its accuracy, twice as far when it is coarse or by Wi-Fi."""
    if fix.fields.get("source") == WIFI:
        told = fix.number("accuracy_m")
        return 2 * max(95.0, 95.0 if isnan(told) else told)
    accuracy = accuracy_m(fix, p)
    return accuracy * (2 if accuracy > p["wandering.zone_exit.sure_accuracy_m"] else 1)


def counts(fence: Fence, resident: Resident | None, t: int) -> bool:
    """Whether a zone counts at a moment, by the clock where its resident lives; by none, it does."""
    if fence.active is None:
        return True
    try:
        zone = ZoneInfo("" if resident is None else resident.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return True
    local = datetime.fromtimestamp(t / 1000, UTC).astimezone(zone).replace(tzinfo=None)
    for day in (local.date(), local.date() - timedelta(days=1)):
        midnight = datetime.combine(day, time())
        opens, closes = midnight + _clock(fence.active.opens), midnight + _clock(fence.active.closes)
        if closes <= opens:
            closes += timedelta(days=1)
        if day.weekday() in fence.active.days and opens <= local < closes:
            return True
    return False


def _clock(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def where_m(fences: Sequence[Fence], fix: Told, p: InForce) -> Place | None:
    """Signed distance to the nearest zone and to the nearest edge, and whether well inside one; None without zones."""
    place = (fix.number("lat"), fix.number("lon"))
    back_m = p["wandering.zone_exit.back_m"]
    found = []
    for fence in fences:
        if fence.polygon is None:
            assert fence.circle_lat is not None
            assert fence.circle_lon is not None
            assert fence.radius_m is not None
            away = between_m(place, (fence.circle_lat, fence.circle_lon)) - fence.radius_m
            depth = fence.radius_m
        else:
            away = polygon_outside_m(place, list(fence.polygon), steps=60)
            a, b, c, _ = fence.polygon
            depth = min(between_m(a, b), between_m(b, c)) / 2
        edge = min(p["wandering.zone_exit.edge_m"], p["wandering.zone_exit.edge_pct"] / 100 * depth)
        found.append(Place(away, away - edge, away <= -min(back_m, depth / 2)))
    if not found:
        return None
    return Place(min(one.away_m for one in found), min(one.beyond_m for one in found), any(one.deep for one in found))


class ZoneExit:
    """``wandering.zone_exit``."""

    def __init__(self, records: Records, memory: Memory) -> None:
        self.records, self.memory = records, memory
        self.tracks: dict[int, Track] = {}

    def hear(self, m: Moment, *, on: bool) -> Iterator[Claim]:
        fix = m.told
        if fix.kind != Kind.POSITION or not m.newer or m.resident is None or not self.records.active(m.resident):
            return
        fences = list(self.records.fences_of(m.resident).values())
        if not fences:
            return
        person = self.records.resident(m.resident)
        if person is not None and fix.order < (person.accompanied_until or 0):
            self.tracks.pop(fix.device, None)
            return
        track = self.tracks.setdefault(fix.device, Track())
        if not on and track.episode is None:
            return
        in_force = [fence for fence in fences if counts(fence, person, fix.order)]
        if not in_force and track.episode is None:
            del self.tracks[fix.device]
            return
        where = where_m(in_force or fences, fix, m.p)
        assert where is not None
        if where.away_m > surely_m(fix, m.p):
            yield from self._outside(m, track, where, on=on)
            return
        if track.outside:
            track.seen.append(fix)
        if where.away_m <= 0:
            track.outside.clear()
            track.far.clear()
            track.seen.clear()
            track.began = 0
        sure = accuracy_m(fix, m.p) <= m.p["wandering.zone_exit.sure_accuracy_m"]
        track.inside = track.inside + 1 if where.deep and sure else 0
        if track.episode is not None and track.inside >= m.p["wandering.zone_exit.back_fixes"]:
            opening, track.episode = track.episode, None
            yield _claim(What.RECOVERED, opening, where)

    def _outside(self, m: Moment, track: Track, where: Place, *, on: bool) -> Iterator[Claim]:
        fix = m.told
        if track.episode is None and track.outside:
            paced = 3.0 * (fix.order - track.seen[-1].order) / SECOND + accuracy_m(fix, m.p)
            settles = fix.order - track.began <= SETTLES_MS and track.away_m - where.away_m > NEARER_M
            if settles or track.away_m - where.away_m > paced:
                for fixes in (track.outside, track.far, track.seen):
                    fixes.clear()
        track.began = track.began or fix.order
        track.away_m = where.away_m
        track.outside.append(fix)
        track.seen.append(fix)
        track.inside = 0
        if where.beyond_m > 0:
            track.far.append(fix)
        else:
            track.far.clear()
        if fix.late or not on:
            return
        if track.episode is not None:
            if fix.order - track.told_at >= m.p.ms("wandering.zone_exit.evidence_every_s"):
                track.told_at = fix.order
                yield _claim(What.EVIDENCE, track.episode, where)
            return
        if self._is_certain(track, fix, m.p):
            track.episode, track.told_at = fix, fix.order
            yield _claim(What.OPENED, fix, where)

    @staticmethod
    def _is_certain(track: Track, fix: Told, p: InForce) -> bool:
        fixes, dwell = p["wandering.zone_exit.fixes"], p.ms("wandering.zone_exit.dwell_s")
        if len(track.far) >= fixes and fix.order - track.far[0].order >= dwell:
            return True
        patience = max(dwell, p.ms("wandering.zone_exit.edge_dwell_s"))
        return len(track.outside) >= fixes and track.watched_ms(p.ms("wandering.zone_exit.gap_s")) >= patience

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


def _claim(what: What, opening: Told, where: Place) -> Claim:
    evidence = {"distance_outside_m": max(where.away_m, 0.0)} if what != What.RECOVERED else {}
    return Claim(Rule.WANDERING_ZONE_EXIT, what, Severity.HIGH, named_by(opening), evidence)
