"""When a band reports what: heartbeats, fixes and occasions of one life in the order of time.

``Schedule`` counts in the life's own time. With a speed of 60 that time runs 60 times as fast as the wall
clock; the intervals that the band announces (``interval_s``) are then those of the wall clock, because that
is what a gateway can check.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from devices.clock import DAY_MS, MINUTE_MS
from simulator.die import Die
from simulator.resident import Life, Occasion

HOME_POSITION_S: Final = 900
ASLEEP_HEARTBEAT_S: Final = 300


class Report(NamedTuple):
    """A reading before it gets its number: ``t`` in ms, its kind and its fields; ``machine`` when not the band's."""

    t: int
    kind: str
    fields: dict[str, object]
    machine: str | None = None


class Pace:
    """Intervals that a command has set, wall-clock seconds; None: as the person's band usually does."""

    position_s: float | None = None
    heartbeat_s: float | None = None


class Schedule:
    """The reports of one life from ``start_ms`` on; deterministic, and as long as one likes."""

    def __init__(self, life: Life, start_ms: int, *, speed: float = 1.0) -> None:
        self.life = life
        self.pace = Pace()
        self._speed = speed
        self._die = Die("schedule", life.person.index)
        self._last_heartbeat = start_ms
        self._heartbeat_due = start_ms + round(self._die.uniform(0, life.heartbeat_s * 1000, "heartbeat"))
        self._position_due = start_ms + round(self._die.uniform(0, 60_000, "position"))
        self._occasions = self._occasions_from(start_ms)
        self._occasion = next(self._occasions)

    def due(self) -> int:
        """When the next report is due, ms of the life's time."""
        return min(self._heartbeat_due, self._position_due, self._occasion.t)

    def take(self) -> Report:
        """The report that is due next, and step on."""
        t = self.due()
        if t == self._heartbeat_due:
            return self._heartbeat(t)
        if t == self._position_due:
            self._position_due = t + self._position_interval_ms(t)
            return Report(t, "position", self.life.fix(t))
        occasion, self._occasion = self._occasion, next(self._occasions)
        return Report(*occasion)

    def hurry(self, now_ms: int) -> None:
        """Report at once, then at the present pace."""
        self._heartbeat_due = self._position_due = now_ms

    def _heartbeat(self, t: int) -> Report:
        moment = self.life.moment(t)
        interval_s = self.pace.heartbeat_s
        if interval_s is None:
            quiet = moment.charging or moment.what == "sleep"
            interval_s = (ASLEEP_HEARTBEAT_S if quiet else self.life.heartbeat_s) / self._speed
        interval_s = max(interval_s, 1.0)
        fields: dict[str, object] = {
            "battery_pct": moment.battery_pct,
            "charging": moment.charging,
            "worn": moment.worn,
            "rssi_dbm": round(self._die.uniform(-96, -62, t, "rssi")),
            "steps": moment.steps,
            "activity": self.life.activity(self._last_heartbeat, t),
            "interval_s": round(interval_s, 1),
        }
        self._last_heartbeat = t
        self._heartbeat_due = t + round(interval_s * 1000 * self._speed)
        return Report(t, "heartbeat", fields)

    def _position_interval_ms(self, t: int) -> int:
        if self.pace.position_s is not None:
            return round(max(self.pace.position_s, 1.0) * 1000 * self._speed)
        if self.life.moment(t).what in ("walk", "exercise"):
            return round(self._die.uniform(60, 120, t, "position") * 1000)
        day = self.life.day(self.life.ordinal(t))
        goes_out = min((s.start for s in day.stretches if s.start > t and s.what == "walk"), default=t + DAY_MS)
        return min(HOME_POSITION_S * 1000, goes_out + MINUTE_MS - t)

    def _occasions_from(self, start_ms: int) -> Iterator[Occasion]:
        ordinal = self.life.ordinal(start_ms)
        while True:
            yield from (o for o in self.life.day(ordinal).occasions if o.t >= start_ms)
            ordinal += 1


def reports(life: Life, start_ms: int, stop_ms: int) -> Iterator[Report]:
    """All reports of a life in ``[start_ms, stop_ms)``, in order of time: a lived day without a broker or a clock."""
    schedule = Schedule(life, start_ms)
    while schedule.due() < stop_ms:
        yield schedule.take()
