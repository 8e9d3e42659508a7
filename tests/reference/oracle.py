"""The engine once more, slow and plain, written from the contract: dictionaries, lists and no arrays.

It keeps every reading that it has ever seen and shares no code with the engine but the codes of rules,
kinds and the parameters' values. Distances are taken between unit vectors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import atan2, cos, isnan, nan, radians, sin, sqrt
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from alerts.engine import Parameters, Rule, Severity, What
from devices.kinds import Kind
from devices.registry import Assignment, Device, Fence, RegistryChange, Resident

EARTH_M = 6_371_008.8


class Said(NamedTuple):
    """One episode event, as far as two engines must agree on it exactly."""

    rule: int
    what: int
    severity: int
    t: int
    opening_t: int
    opening_seq: int
    reading: int
    resident: int
    device: int
    late: int


@dataclass(frozen=True)
class Told:
    """One reading; fields of its kind by name, absent = unknown."""

    device: int
    kind: Kind
    t: int
    received: int
    seq: int = -1
    trusted: bool = True
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> int:
        return min(self.t, self.received)

    def number(self, name: str) -> float:
        value = self.fields.get(name)
        return nan if value is None else float(value)


@dataclass
class Press:
    opening: Told
    wearer: Any
    newest: int


@dataclass
class Track:
    """What a device has done under its present wearer."""

    outside: list[Told] = field(default_factory=list)
    inside: int = 0
    episode: Told | None = None
    told_at: int | None = None


@dataclass
class Silence:
    deadline: int
    limit: int
    severity: int
    again: int | None
    """When the night ends that alone makes it low; None: not judged again."""


def unit(lat: float, lon: float) -> tuple[float, float, float]:
    return (cos(radians(lat)) * cos(radians(lon)), cos(radians(lat)) * sin(radians(lon)), sin(radians(lat)))


def between_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance from the angle between unit vectors."""
    u, v = unit(*a), unit(*b)
    cross = (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])
    dot = sum(x * y for x, y in zip(u, v, strict=True))
    return EARTH_M * atan2(sqrt(sum(x * x for x in cross)), dot)


def polygon_outside_m(place: tuple[float, float], corners: list[tuple[float, float]], steps: int = 400) -> float:
    """Signed distance to a small polygon: its edges as many points, the sign by the winding angle."""
    nearest = float("inf")
    turned = 0.0
    lat, lon = place
    for (lat1, lon1), (lat2, lon2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        span = (lon2 - lon1 + 180) % 360 - 180
        for i in range(steps):
            point = (lat1 + (lat2 - lat1) * i / steps, lon1 + span * i / steps)
            nearest = min(nearest, between_m(place, point))
        bearing1 = _bearing(lat, lon, lat1, lon1)
        bearing2 = _bearing(lat, lon, lat2, lon2)
        turned += (bearing2 - bearing1 + 180) % 360 - 180
    return -nearest if abs(turned) > 180 else nearest


def _bearing(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    turn = radians(lon2 - lon1)
    east = sin(turn) * cos(radians(lat2))
    north = cos(radians(lat1)) * sin(radians(lat2)) - sin(radians(lat1)) * cos(radians(lat2)) * cos(turn)
    return atan2(east, north) * 180 / 3.141592653589793


class Oracle:
    """What the engine must say, reading by reading."""

    def __init__(self, parameters: Parameters | None = None) -> None:
        self.p = Parameters() if parameters is None else parameters
        self.residents: dict[str, Resident] = {}
        self.devices: dict[str, Device] = {}
        self.assignments: dict[str, Assignment] = {}
        self.fences: dict[str, Fence] = {}
        self.marks: dict[tuple[int, Kind], int] = {}
        self.presses: dict[tuple[int, Kind], Press] = {}
        self.tracks: dict[int, Track] = {}
        self.fixes: dict[int, Told] = {}
        self.beats: dict[int, Told] = {}
        self.intervals: dict[int, int] = {}
        self.signs: dict[int, int] = {}
        self.batteries: dict[int, Told] = {}
        self.silences: dict[int, Silence] = {}

    def apply(self, change: RegistryChange) -> None:
        wearers = {slot: self.wearer_now(slot) for slot in self.known_devices()}
        statuses = {r.slot: r.status for r in self.residents.values()}
        fences = self.fences_by_resident()
        tables: dict[str, dict[str, Any]] = {
            "resident": self.residents,
            "device": self.devices,
            "assignment": self.assignments,
            "fence": self.fences,
        }
        table = tables[change.entity]
        table.pop(change.key, None)
        if change.record is not None:
            table[change.key] = change.record
        for slot in self.known_devices() | set(wearers):
            if self.wearer_now(slot) != wearers.get(slot):
                self.signs.pop(slot, None)
                self.fixes.pop(slot, None)
                self.tracks.pop(slot, None)
        statuses_now = {r.slot: r.status for r in self.residents.values()}
        for slot in set(statuses) | set(statuses_now):
            if (statuses.get(slot) == "active") != (statuses_now.get(slot) == "active"):
                self.silences.pop(slot, None)
                self.forget_tracks(slot)
        if change.entity == "fence":
            for slot in set(fences) | set(self.fences_by_resident()):
                if change.key in {key for key, f in self.fences.items() if f.resident_slot == slot} | set(
                    fences.get(slot, ())
                ):
                    self.forget_tracks(slot)
        for slot in list(self.silences):
            if not self.bands_of(slot):
                del self.silences[slot]

    def fences_by_resident(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for key, fence in self.fences.items():
            found.setdefault(fence.resident_slot, []).append(key)
        return found

    def known_devices(self) -> set[int]:
        return {a.device_slot for a in self.assignments.values()} | {d.slot for d in self.devices.values()}

    def forget_tracks(self, resident: int) -> None:
        for slot in self.known_devices():
            if self.wearer_now(slot) == resident:
                self.tracks.pop(slot, None)

    def history(self, device: int) -> list[Assignment]:
        mine = [a for a in self.assignments.values() if a.device_slot == device]
        return sorted(mine, key=lambda a: (a.from_ms, a.to_ms if a.to_ms is not None else 1 << 62), reverse=True)

    def wearer_now(self, device: int) -> int | str | None:
        history = self.history(device)
        return _wearer(history[0]) if history else None

    def wearer_at(self, device: int, t: int) -> int | str | None:
        history = self.history(device)
        for assignment in history:
            if assignment.from_ms <= t:
                return _wearer(assignment) if assignment.to_ms is None or t < assignment.to_ms else None
        return _wearer(history[-1]) if history else None

    def bands_of(self, resident: int) -> list[int]:
        bands = {d.slot for d in self.devices.values() if d.type == "band" and not d.revoked}
        return sorted(slot for slot in bands if self.wearer_now(slot) == resident)

    def active(self, resident: int) -> bool:
        return any(r.slot == resident and r.status == "active" for r in self.residents.values())

    def process(self, readings: list[Told], now: int) -> list[Said]:
        said: list[Said] = []
        for i, reading in enumerate(readings):
            said += self._reading(i, reading, now)
        return said

    def _reading(  # noqa: PLR0912 - one story, told in order
        self, i: int, told: Told, now: int
    ) -> list[Said]:
        cry = told.kind in (Kind.SOS, Kind.FALL)
        if told.kind > Kind.EXERCISE or (not told.trusted and not cry):
            return []
        late = told.received - told.t > self.p.late_after_ms
        wearer = self.wearer_at(told.device, told.order) if told.trusted else None
        mine = told.trusted and wearer is not None and wearer == self.wearer_now(told.device)
        newer = told.trusted and told.order > self.marks.get((told.device, told.kind), -1)
        if newer:
            self.marks[told.device, told.kind] = told.order
            if told.kind == Kind.HEARTBEAT:
                self.beats[told.device] = told
                if told.fields.get("interval_s") is not None:
                    self.intervals[told.device] = int(told.fields["interval_s"] * 1000)

        def say(rule: Rule, what: What, severity: int, opening_t: int, opening_seq: int) -> Said:
            resident = wearer if isinstance(wearer, int) else -1
            return Said(rule, what, severity, told.t, opening_t, opening_seq, i, resident, told.device, int(late))

        said: list[Said] = []
        if mine and isinstance(wearer, int) and told.device in self.bands_of(wearer):
            self.signs[told.device] = max(told.order, self.signs.get(told.device, told.order))
            silence = self.silences.get(wearer)
            if silence is not None and told.order + silence.limit > now:
                del self.silences[wearer]
                said.append(say(Rule.MISSED_CHECK_SILENT, What.RECOVERED, silence.severity, silence.deadline, -1))
        if cry:
            heard = self._cry(told, wearer)
            if heard is not None:
                what, opening = heard
                rule = Rule.SOS_BUTTON if told.kind == Kind.SOS else Rule.FALL_DEVICE
                unsure = told.kind == Kind.FALL and told.number("confidence") < self.p.fall.sure_from
                severity = Severity.HIGH if wearer is None or unsure else Severity.CRITICAL
                said.append(say(rule, what, severity, opening.t, opening.seq))
        if told.kind == Kind.POSITION and newer and mine and isinstance(wearer, int):
            self.fixes[told.device] = told
            moved = self._fix(told, wearer, late) if self.active(wearer) else None
            if moved is not None:
                said.append(say(Rule.WANDERING_ZONE_EXIT, moved[0], Severity.HIGH, moved[1].t, moved[1].seq))
        if told.kind == Kind.HEARTBEAT and newer:
            level = told.number("battery_pct")
            open_ = self.batteries.get(told.device)
            if open_ is None and level <= self.p.battery.low_pct and not late:
                self.batteries[told.device] = told
                said.append(say(Rule.DEVICE_BATTERY_LOW, What.OPENED, Severity.LOW, told.t, told.seq))
            elif open_ is not None and level >= self.p.battery.recovered_pct:
                del self.batteries[told.device]
                said.append(say(Rule.DEVICE_BATTERY_LOW, What.RECOVERED, Severity.LOW, open_.t, open_.seq))
        return said

    def _cry(self, told: Told, wearer: int | str | None) -> tuple[What, Told] | None:
        latest = self.presses.get((told.device, told.kind))
        if latest is not None and latest.wearer != wearer:
            latest = None
        if told.fields.get("cancel"):
            if latest is None or not 0 <= told.t - latest.newest <= self.p.cry.cancel_within_ms:
                return None
            del self.presses[told.device, told.kind]
            return What.CANCELLED, latest.opening
        window = self.p.cry.same_episode_ms
        if latest is not None and latest.opening.t - window <= told.t <= latest.newest + window:
            latest.newest = max(latest.newest, told.t)
            return What.EVIDENCE, latest.opening
        self.presses[told.device, told.kind] = Press(told, wearer, told.t)
        return What.OPENED, told

    def _away(self, resident: int, fix: Told) -> tuple[float, bool] | None:
        """Signed distance to the nearest zone, and whether well inside one; None without zones."""
        place = (fix.number("lat"), fix.number("lon"))
        found = []
        for fence in self.fences.values():
            if fence.resident_slot != resident:
                continue
            if fence.polygon is None:
                assert fence.circle_lat is not None
                assert fence.circle_lon is not None
                assert fence.radius_m is not None
                away = between_m(place, (fence.circle_lat, fence.circle_lon)) - fence.radius_m
                depth = fence.radius_m
            else:
                away = polygon_outside_m(place, list(fence.polygon), steps=60)
                depth = 2 * self.p.zone.back_m
            found.append((away, away <= -min(self.p.zone.back_m, depth / 2)))
        if not found:
            return None
        return min(away for away, _ in found), any(deep for _, deep in found)

    def _accuracy(self, fix: Told) -> float:
        accuracy = fix.number("accuracy_m")
        return self.p.zone.unknown_accuracy_m if isnan(accuracy) else accuracy

    def _fix(self, fix: Told, resident: int, late: bool) -> tuple[What, Told] | None:
        where = self._away(resident, fix)
        if where is None:
            return None
        away, deep = where
        track = self.tracks.setdefault(fix.device, Track())
        p = self.p.zone
        if away > self._accuracy(fix):
            track.outside.append(fix)
            track.inside = 0
            long_enough = fix.order - track.outside[0].order >= p.dwell_ms
            if late:
                return None
            if track.episode is not None:
                if track.told_at is not None and fix.order - track.told_at < p.evidence_every_ms:
                    return None
                track.told_at = fix.order
                return What.EVIDENCE, track.episode
            if len(track.outside) >= p.fixes and long_enough:
                track.episode, track.told_at = fix, fix.order
                return What.OPENED, fix
            return None
        if away <= 0:
            track.outside.clear()
        track.inside = track.inside + 1 if deep and self._accuracy(fix) <= p.sure_accuracy_m else 0
        if track.episode is not None and track.inside >= p.back_fixes:
            opening, track.episode = track.episode, None
            return What.RECOVERED, opening
        return None

    def advance(self, now: int, listening_since: int | None) -> list[Said]:
        if listening_since is None:
            return []
        said = []
        for resident in sorted(self.residents.values(), key=lambda r: r.slot):
            slot = resident.slot
            reported = [d for d in self.bands_of(slot) if d in self.signs]
            worn = [d for d in reported if now < self._worn_to(d)]
            if resident.status != "active" or not worn:
                continue
            p = self.p.silent
            interval = {d: self.intervals.get(d, p.interval_ms) for d in worn}
            limit = {d: p.intervals * interval[d] + p.grace_ms for d in worn}
            deadline = max(max(self.signs[d] + limit[d], listening_since + interval[d]) for d in worn)
            if deadline > now:
                continue
            heard = max(reported, key=lambda d: (self.signs[d], -d))

            def say(what: What, severity: int, t: int, opening_t: int, slot: int = slot, heard: int = heard) -> Said:
                return Said(Rule.MISSED_CHECK_SILENT, what, severity, t, opening_t, -1, -1, slot, heard, 0)

            if slot not in self.silences:
                severity, night = self._loudness(resident, reported, heard, deadline)
                again = self._night_end(resident, deadline) if night else None
                self.silences[slot] = Silence(deadline, max(limit.values()), severity, again)
                said.append(say(What.OPENED, severity, deadline, deadline))
            silence = self.silences[slot]
            while silence.again is not None and max(silence.again, deadline) <= now:
                moment = max(silence.again, deadline)
                severity, night = self._loudness(resident, reported, heard, moment)
                silence.again = self._night_end(resident, moment) if night else None
                if not night:
                    silence.severity = severity
                    said.append(say(What.EVIDENCE, severity, moment, silence.deadline))
        return said

    def _is_night(self, resident: Resident, t: int) -> bool:
        hour = datetime.fromtimestamp(t / 1000, UTC).astimezone(ZoneInfo(resident.timezone)).hour
        return hour >= self.p.silent.night_from_h or hour < self.p.silent.night_to_h

    def _night_end(self, resident: Resident, t: int) -> int:
        """The first full minute that is no longer night: looked at one by one."""
        minute = t - t % 60_000 + 60_000
        while self._is_night(resident, minute):
            minute += 60_000
        return minute

    def _worn_to(self, device: int) -> int:
        to_ms = self.history(device)[0].to_ms
        return 1 << 62 if to_ms is None else to_ms

    def _loudness(self, resident: Resident, bands: list[int], heard: int, t: int) -> tuple[Severity, bool]:
        """How loud, and whether it would be louder by day."""
        beat = self.beats.get(heard)
        if beat is not None and beat.fields.get("charging") is True:
            return Severity.LOW, False
        placed = [d for d in bands if d in self.fixes]
        fix = self.fixes[max(placed, key=lambda d: (self.fixes[d].order, -d))] if placed else None
        where = None if fix is None else self._away(resident.slot, fix)
        if fix is not None and where is not None and where[0] > self._accuracy(fix):
            return Severity.HIGH, False
        if beat is not None and (
            beat.fields.get("worn") is False or beat.number("battery_pct") < self.p.silent.empty_pct
        ):
            return Severity.LOW, False
        if (
            fix is None
            or t - fix.order > self.p.silent.fix_kept_ms
            or self._accuracy(fix) > self.p.zone.sure_accuracy_m
        ):
            return Severity.MEDIUM, False
        at_home = where is not None and where[0] <= 0
        if resident.home_lat is not None and resident.home_lon is not None:
            near = between_m((fix.number("lat"), fix.number("lon")), (resident.home_lat, resident.home_lon))
            at_home = at_home or near <= self.p.silent.home_m
        expected = at_home and self._is_night(resident, t)
        return (Severity.LOW if expected else Severity.MEDIUM), expected


def _wearer(assignment: Assignment) -> int | str:
    if assignment.resident_slot is not None:
        return assignment.resident_slot
    return "household"
