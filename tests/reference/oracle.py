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


Wearer = int | str | None
"""A resident's slot, a household's id, or nobody."""

WORN = ("band", "watch", "pendant")
"""Types of devices that are on a person: their silence is the person's."""


@dataclass
class Press:
    opening: Told
    wearer: Wearer
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


@dataclass
class Fault:
    deadline: int
    limit: int


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
        self.heard: dict[int, list[int]] = {}
        """When each device gave a sign of life, whoever wore it."""
        self.batteries: dict[int, Told] = {}
        self.silences: dict[int, Silence] = {}
        self.faults: dict[int, Fault] = {}

    def apply(self, change: RegistryChange) -> None:
        tracked = {slot: self.wearer_of_track(slot) for slot in self.tracks}
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
        for slot, wearer in tracked.items():
            if self.wearer_of_track(slot) != wearer:
                del self.tracks[slot]
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

    def fences_by_resident(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for key, fence in self.fences.items():
            found.setdefault(fence.resident_slot, []).append(key)
        return found

    def wearer_of_track(self, device: int) -> Wearer:
        """Who wore the device at its newest fix."""
        return self.wearer_at(device, self.marks[device, Kind.POSITION])

    def forget_tracks(self, resident: int) -> None:
        for slot in list(self.tracks):
            if self.wearer_of_track(slot) == resident:
                del self.tracks[slot]

    def history(self, device: int) -> list[Assignment]:
        """The device's assignments, the one that began last first, of two alike the one entered last."""
        mine = [a for a in reversed(self.assignments.values()) if a.device_slot == device]
        return sorted(mine, key=lambda a: (a.from_ms, a.to_ms if a.to_ms is not None else 1 << 62), reverse=True)

    def wearer_at(self, device: int, t: int) -> Wearer:
        """Whose the device was: of the assignments that had begun, the one that began last decides."""
        for assignment in self.history(device):
            if assignment.from_ms <= t:
                return _wearer(assignment) if assignment.to_ms is None or t < assignment.to_ms else None
        return None

    def worn_since(self, device: int, t: int) -> int:
        """Since when, without a break, the device has been whose it is at ``t``."""
        wearer = self.wearer_at(device, t)
        edges = {e for a in self.history(device) for e in (a.from_ms, a.to_ms) if e is not None and e <= t}
        for edge in sorted(edges, reverse=True):
            if self.wearer_at(device, edge - 1) != wearer:
                return edge
        raise AssertionError("nobody wears it")

    def caller(self, device: int, t: int, now: int) -> Wearer:
        """Whose a cry is: one from before the first assignment, begun by now, is the first wearer's."""
        first = min((assignment.from_ms for assignment in self.history(device)), default=t)
        return self.wearer_at(device, first if t < first <= now else t)

    def in_service(self, device: int, types: tuple[str, ...]) -> bool:
        return any(d.slot == device and d.type in types and not d.revoked for d in self.devices.values())

    def last_sign(self, device: int, now: int) -> int | None:
        """The newest sign of life under whoever has the device now."""
        if self.wearer_at(device, now) is None:
            return None
        since = self.worn_since(device, now)
        return max((t for t in self.heard.get(device, ()) if t >= since), default=None)

    def reporting(self, resident: int, now: int) -> dict[int, int]:
        """What the resident wears and has heard from since they wear it: the last sign of each device."""
        worn = [d.slot for d in self.devices.values() if self.in_service(d.slot, WORN)]
        signs = {d: self.last_sign(d, now) for d in sorted(worn) if self.wearer_at(d, now) == resident}
        return {d: sign for d, sign in signs.items() if sign is not None}

    def limit(self, device: int) -> int:
        return self.p.silent.intervals * self.interval(device) + self.p.silent.grace_ms

    def interval(self, device: int) -> int:
        return self.intervals.get(device, self.p.silent.interval_ms)

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
        wearer: Wearer = None
        if told.trusted:
            wearer = self.caller(told.device, told.order, now) if cry else self.wearer_at(told.device, told.order)
        before = self.marks.get((told.device, told.kind))
        newer = told.trusted and (before is None or told.order > before)
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
        if told.trusted:
            self.heard.setdefault(told.device, []).append(told.order)
        silence = self.silences.get(wearer) if isinstance(wearer, int) else None
        if silence is not None and self.in_service(told.device, WORN) and told.order + silence.limit > now:
            assert isinstance(wearer, int)
            del self.silences[wearer]
            said.append(say(Rule.MISSED_CHECK_SILENT, What.RECOVERED, silence.severity, silence.deadline, -1))
        fault = self.faults.get(told.device)
        if fault is not None and told.trusted and told.order + fault.limit > now:
            del self.faults[told.device]
            said.append(say(Rule.DEVICE_FAULT, What.RECOVERED, Severity.LOW, fault.deadline, -1))
        if cry:
            heard = self._cry(told, wearer)
            if heard is not None:
                what, opening = heard
                rule = Rule.SOS_BUTTON if told.kind == Kind.SOS else Rule.FALL_DEVICE
                unsure = told.kind == Kind.FALL and told.number("confidence") < self.p.fall.sure_from
                severity = Severity.HIGH if wearer is None or unsure else Severity.CRITICAL
                said.append(say(rule, what, severity, opening.t, opening.seq))
        if told.kind == Kind.POSITION and newer:
            self.fixes[told.device] = told
        if told.kind == Kind.POSITION and newer and isinstance(wearer, int):
            if before is not None and before < self.worn_since(told.device, told.order):
                self.tracks.pop(told.device, None)
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

    def _cry(self, told: Told, wearer: Wearer) -> tuple[What, Told] | None:
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
            signs = self.reporting(slot, now)
            if resident.status != "active" or not signs:
                continue
            deadline = max(self._deadline(d, sign, listening_since) for d, sign in signs.items())
            if deadline > now:
                continue
            heard = max(signs, key=lambda d: (signs[d], -d))

            def say(what: What, severity: int, t: int, opening_t: int, slot: int = slot, heard: int = heard) -> Said:
                return Said(Rule.MISSED_CHECK_SILENT, what, severity, t, opening_t, -1, -1, slot, heard, 0)

            if slot not in self.silences:
                severity, night = self._loudness(resident, signs, heard, deadline, now)
                again = self._night_end(resident, deadline) if night else None
                self.silences[slot] = Silence(deadline, max(map(self.limit, signs)), severity, again)
                said.append(say(What.OPENED, severity, deadline, deadline))
            silence = self.silences[slot]
            while silence.again is not None and max(silence.again, deadline) <= now:
                moment = max(silence.again, deadline)
                severity, night = self._loudness(resident, signs, heard, moment, now)
                silence.again = self._night_end(resident, moment) if night else None
                if not night:
                    silence.severity = severity
                    said.append(say(What.EVIDENCE, severity, moment, silence.deadline))
        for device in sorted(d.slot for d in self.devices.values()):
            said += self._fault(device, now, listening_since)
        return said

    def _deadline(self, device: int, sign: int, listening_since: int) -> int:
        return max(sign + self.limit(device), listening_since + self.interval(device))

    def _fault(self, device: int, now: int, listening_since: int) -> list[Said]:
        """A worn device that alone is silent while another of the same person reports; a box that is silent."""
        sign = self.last_sign(device, now)
        if sign is None or device in self.faults or not self.in_service(device, (*WORN, "box")):
            return []
        wearer = self.wearer_at(device, now)
        if isinstance(wearer, int):
            others = self.reporting(wearer, now)
            others.pop(device, None)
            heard = any(sign + self.limit(other) > now for other, sign in others.items())
            if not self.active(wearer) or (self.in_service(device, WORN) and not heard):
                return []
        deadline = self._deadline(device, sign, listening_since)
        if deadline > now:
            return []
        self.faults[device] = Fault(deadline, self.limit(device))
        resident = wearer if isinstance(wearer, int) else -1
        return [Said(Rule.DEVICE_FAULT, What.OPENED, Severity.LOW, deadline, deadline, -1, -1, resident, device, 0)]

    def _is_night(self, resident: Resident, t: int) -> bool:
        hour = datetime.fromtimestamp(t / 1000, UTC).astimezone(ZoneInfo(resident.timezone)).hour
        return hour >= self.p.silent.night_from_h or hour < self.p.silent.night_to_h

    def _night_end(self, resident: Resident, t: int) -> int:
        """The first full minute that is no longer night: looked at one by one."""
        minute = t - t % 60_000 + 60_000
        while self._is_night(resident, minute):
            minute += 60_000
        return minute

    def _loudness(
        self, resident: Resident, signs: dict[int, int], heard: int, t: int, now: int
    ) -> tuple[Severity, bool]:
        """How loud, and whether it would be louder by day."""
        beat = self.beats.get(heard)
        told = beat if beat is not None and beat.order >= self.worn_since(heard, now) else None
        if told is not None and told.fields.get("charging") is True:
            return Severity.LOW, False
        placed = [d for d in signs if d in self.fixes and self.fixes[d].order >= self.worn_since(d, now)]
        fix = self.fixes[max(placed, key=lambda d: (self.fixes[d].order, -d))] if placed else None
        where = None if fix is None else self._away(resident.slot, fix)
        if fix is not None and where is not None and where[0] > self._accuracy(fix):
            return Severity.HIGH, False
        if told is not None and told.fields.get("worn") is False:
            return Severity.LOW, False
        if beat is not None and beat.number("battery_pct") < self.p.silent.empty_pct:
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
    return assignment.resident_slot if assignment.resident_slot is not None else assignment.household or ""
