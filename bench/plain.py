"""The engine's rules as plain Python over dictionaries: what one would write without arrays and a compiler.

Written to be quick as such code goes: one dictionary a band and one a resident, a function a kind, circles only,
one band each, no undo, no replay. What the benchmark's telemetry never lets fire (bands taken off, polygons,
changes of wearer) is left out, in favour of this side of the comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import asin, cos, inf, radians, sin, sqrt
from typing import Any, Final

from devices.batch import NUMERIC, ReadingBatch
from devices.kinds import Kind
from devices.registry import Assignment, Fence, RegistryChange

Message = dict[str, Any]
"""A reading as JSON gives it, unknown fields left out, with ``device``, ``kind`` and ``received``."""
Event = tuple[str, str, str, int]
"""Rule, what, device or resident, event time (ms)."""

EARTH_DIAMETER_M: Final = 2 * 6_371_008.8
_LATE_MS: Final = 600_000
_SAME_EPISODE_MS: Final = 60_000
_DWELL_MS: Final = 30_000
_EDGE_DWELL_MS: Final = 300_000
_EDGE_M: Final = 100.0
_SETTLES_MS: Final = 180_000
_NEARER_M: Final = 10.0
_WALK_MPS: Final = 3.0
_GAP_MS: Final = 600_000
_EVIDENCE_MS: Final = 60_000
_VITALS_EVIDENCE_MS: Final = 300_000
_BACK_M: Final = 20.0
_LOW_PCT, _RECOVERED_PCT = 15.0, 25.0
_VITALS: Final = (
    # rule, (field, low, high) …, confirm, span ms, gap ms, back by, back readings
    ("vitals.heart_rate", (("heart_rate_bpm", 40.0, 131.0),), 4, 900_000, 5_400_000, 5.0, 2),
    ("vitals.spo2", (("spo2_pct", 91.0, inf),), 4, 1_200_000, 5_400_000, 2.0, 2),
    (
        "vitals.blood_pressure",
        (("systolic_mmhg", 90.0, 180.0), ("diastolic_mmhg", -inf, 120.0)),
        2, 0, 86_400_000, 5.0, 1,
    ),
    ("vitals.temperature", (("temperature_c", 35.0, 39.1),), 3, 600_000, 21_600_000, 0.3, 2),
)  # fmt: skip


def messages_of(batch: ReadingBatch) -> list[Message]:
    """The readings of a batch as a decoder of JSON would hand them over."""
    found: list[Message] = []
    columns = {kind: (table, getattr(batch, table).dtype.names) for kind, (table, _) in NUMERIC.items()}
    for row in batch.header:
        kind = Kind(int(row["kind"]))
        message: Message = {
            "device": f"d{row['device']}", "kind": kind.topic_name, "t": int(row["t"]), "seq": int(row["seq"]),
            "received": int(row["received"]),
        }  # fmt: skip
        if kind in columns:
            table, names = columns[kind]
            values = getattr(batch, table)[row["row"]].tolist()
            message |= {name: value for name, value in zip(names, values, strict=True) if value in {0, 1} or value > -1}
        found.append(message)
    return found


class PlainRules:
    """Messages in, events out, as ``alerts.engine.Engine`` does for the same community."""

    def __init__(self, changes: Iterable[RegistryChange]) -> None:
        """Learn who wears what and may walk where."""
        self._bands: dict[str, dict[str, Any]] = {}
        self._residents: dict[int, dict[str, Any]] = {}
        self._worn: dict[int, str] = {}
        for change in changes:
            record = change.record
            if isinstance(record, Fence) and record.radius_m is not None:
                circle = (radians(record.circle_lat or 0.0), radians(record.circle_lon or 0.0), record.radius_m)
                self._residents.setdefault(record.resident_slot, {"silent": False})["circle"] = circle
            elif isinstance(record, Assignment) and record.resident_slot is not None:
                resident = self._residents.setdefault(record.resident_slot, {"silent": False})
                band = f"d{record.device_slot}"
                self._bands[band] = {"wearer": record.resident_slot, "resident": resident, "marks": {}}
        self._handlers: dict[str, Callable[[dict[str, Any], Message, int, bool], None]] = {
            "position": self._position,
            "heartbeat": self._heartbeat,
            "vitals": self._vitals,
        }
        self._events: list[Event] = []

    def process(self, messages: list[Message], now: int) -> list[Event]:
        """Run messages through the rules, in their order."""
        self._events = []
        for message in messages:
            band = self._bands.get(message["device"])
            if band is None:
                continue
            kind, t, received = message["kind"], message["t"], message["received"]
            order = min(t, received)
            late = received - t > _LATE_MS
            in_order = order > band["marks"].get(kind, -inf)
            if in_order:
                band["marks"][kind] = order
            if order > band.get("heard", -inf):
                band["heard"] = order
            if kind in {"sos", "fall"}:
                self._cry(band, message, kind)
            elif in_order and kind in self._handlers:
                self._handlers[kind](band, message, order, late)
            limit = band.get("limit", 630_000)
            if band["resident"]["silent"] and order + limit > now:
                band["resident"]["silent"] = False
                self._events.append(("missed_check.silent", "recovered", message["device"], t))
            if band.get("fault") and order + limit > now:
                band["fault"] = False
                self._events.append(("device.fault", "recovered", message["device"], t))
        return self._events

    def advance(self, now: int) -> list[Event]:
        """Look at every band, whether its silence counts."""
        self._events = []
        for name, band in self._bands.items():
            deadline = band.get("heard", inf) + band.get("limit", 630_000)
            if deadline > now:
                continue
            if not band["resident"]["silent"]:
                band["resident"]["silent"] = True
                self._events.append(("missed_check.silent", "opened", name, deadline))
        return self._events

    def _cry(self, band: dict[str, Any], message: Message, kind: str) -> None:
        t = message["t"]
        rule = "sos.button" if kind == "sos" else "fall.device"
        cry = band.get(kind)
        if cry is not None and cry["first"] - _SAME_EPISODE_MS <= t <= cry["last"] + _SAME_EPISODE_MS:
            cry["last"] = max(cry["last"], t)
            self._events.append((rule, "evidence", message["device"], t))
            return
        band[kind] = {"first": t, "last": t}
        self._events.append((rule, "opened", message["device"], t))

    def _position(self, band: dict[str, Any], message: Message, order: int, late: bool) -> None:  # noqa: FBT001
        circle = band["resident"].get("circle")
        if circle is None:
            return
        lat0, lon0, radius_m = circle
        lat, lon = radians(message["lat"]), radians(message["lon"])
        half = sin((lat - lat0) / 2) ** 2 + cos(lat0) * cos(lat) * sin((lon - lon0) / 2) ** 2
        away = EARTH_DIAMETER_M * asin(sqrt(half)) - radius_m
        accuracy = message.get("accuracy_m", 30.0)
        if away - accuracy > 0.0:
            if not band.get("out"):
                band["out"], band["begun"], band["outside"] = True, order, 0
            elif not (band.get("gone") or self._is_walkable(band, order, away, accuracy)):
                band["outside"] = 0
            band["away"] = away
            self._outside(band, message, order, late=late, is_near=away <= min(_EDGE_M, radius_m / 10))
            return
        if band.get("outside") and order - band["newest"] <= _GAP_MS:
            band["watched"] += order - band["newest"]
        band["newest"] = order
        if away <= 0.0:
            band["outside"] = 0
            band["out"] = bool(band.get("gone"))
        if away > -min(_BACK_M, radius_m / 2) or accuracy > 100.0:
            band["inside"] = 0
            return
        band["inside"] = band.get("inside", 0) + 1
        if band.get("gone") and band["inside"] >= 2:
            band["gone"] = band["out"] = False
            self._events.append(("wandering.zone_exit", "recovered", message["device"], message["t"]))

    @staticmethod
    def _is_walkable(band: dict[str, Any], order: int, away: float, accuracy: float) -> bool:
        nearer = band["away"] - away
        if not band["outside"]:
            return True
        if order - band["begun"] <= _SETTLES_MS and nearer > _NEARER_M:
            return False
        return bool(nearer <= _WALK_MPS * (order - band["newest"]) / 1000.0 + accuracy)

    def _outside(
        self,
        band: dict[str, Any],
        message: Message,
        order: int,
        *,
        late: bool,
        is_near: bool,
    ) -> None:
        if not band.get("outside"):
            band["outside"], band["far"], band["watched"] = 0, 0, 0
        elif order - band["newest"] <= _GAP_MS:
            band["watched"] += order - band["newest"]
        band["newest"] = order
        band["outside"] += 1
        band["inside"] = 0
        if is_near:
            band["far"] = 0
        else:
            if band["far"] == 0:
                band["far_t"] = order
            band["far"] += 1
        if late:
            return
        if band.get("gone"):
            if order - band["told"] >= _EVIDENCE_MS:
                band["told"] = order
                self._events.append(("wandering.zone_exit", "evidence", message["device"], message["t"]))
        elif (band["far"] >= 2 and order - band["far_t"] >= _DWELL_MS) or (
            band["outside"] >= 2 and band["watched"] >= _EDGE_DWELL_MS
        ):
            band["gone"], band["told"] = True, order
            self._events.append(("wandering.zone_exit", "opened", message["device"], message["t"]))

    def _heartbeat(self, band: dict[str, Any], message: Message, order: int, late: bool) -> None:  # noqa: FBT001
        interval = message.get("interval_s")
        if interval is not None:
            band["limit"] = 2 * int(interval * 1000) + 30_000
        level = message.get("battery_pct")
        if level is None:
            return
        if not band.get("battery_low"):
            if level <= _LOW_PCT and not late:
                band["battery_low"] = True
                self._events.append(("device.battery_low", "opened", message["device"], message["t"]))
        elif level >= _RECOVERED_PCT:
            band["battery_low"] = False
            self._events.append(("device.battery_low", "recovered", message["device"], message["t"]))

    def _vitals(self, band: dict[str, Any], message: Message, order: int, late: bool) -> None:  # noqa: FBT001
        for rule, fields, confirm, span_ms, gap_ms, back_by, back_readings in _VITALS:
            known = [(message[name], low, high) for name, low, high in fields if name in message]
            if not known:
                continue
            run = band.setdefault(rule, {"run": 0, "first": 0, "last": -inf, "back": 0, "open": False, "told": 0})
            apart = order - run["last"] > gap_ms
            run["last"] = order
            if any(value <= low or value >= high for value, low, high in known):
                run["back"] = 0
                if apart or run["run"] == 0:
                    run["run"], run["first"] = 0, order
                run["run"] += 1
                if late:
                    continue
                if run["open"]:
                    if order - run["told"] >= _VITALS_EVIDENCE_MS:
                        run["told"] = order
                        self._events.append((rule, "evidence", message["device"], message["t"]))
                elif run["run"] >= confirm and order - run["first"] >= span_ms:
                    run["open"], run["told"] = True, order
                    self._events.append((rule, "opened", message["device"], message["t"]))
                continue
            run["run"] = 0
            inside = all(low + back_by <= value <= high - back_by for value, low, high in known)
            run["back"] = run["back"] + 1 if inside else 0
            if run["open"] and run["back"] >= back_readings:
                run["open"] = False
                self._events.append((rule, "recovered", message["device"], message["t"]))
